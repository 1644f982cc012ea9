"""The methods section, written from what was run: the study's choices, and each result's method.

Belongs here: sentences, and the papers that they cite. Does not belong here: a method that no row
of `report.results` names; one that a row names and no phrase here knows is said in its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

import pandas as pd

from il6_platform.report import formatting as journal
from il6_platform.report.figure_catalogue import labels_of
from il6_platform.report.reader import Cut
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.report.tables import count_of
from il6_platform.study import EventOutcome

PAPERS = {
    "recist": "Eisenhauer EA, et al. New response evaluation criteria in solid tumours: revised "
    "RECIST guideline (version 1.1). Eur J Cancer 2009;45:228-247.",
    "youden": "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35.",
    "delong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more "
    "correlated receiver operating characteristic curves. Biometrics 1988;44:837-845.",
    "wilson": "Wilson EB. Probable inference, the law of succession, and statistical inference. "
    "J Am Stat Assoc 1927;22:209-212.",
    "newcombe": "Newcombe RG. Interval estimation for the difference between independent "
    "proportions. Stat Med 1998;17:873-890.",
    "woolf": "Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet "
    "1955;19:251-253.",
    "fisher": "Fisher RA. The logic of inductive inference. J R Stat Soc 1935;98:39-82.",
    "km": "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat "
    "Assoc 1958;53:457-481.",
    "schemper": "Schemper M, Smith TL. A note on quantifying follow-up in studies of failure "
    "time. Control Clin Trials 1996;17:343-346.",
    "mantel": "Mantel N. Evaluation of survival data and two new rank order statistics arising in "
    "its consideration. Cancer Chemother Rep 1966;50:163-170.",
    "rmst": "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard "
    "ratio. BMC Med Res Methodol 2013;13:152.",
    "cox": "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220.",
    "efron": "Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat "
    "Assoc 1977;72:557-565.",
    "grambsch": "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on "
    "weighted residuals. Biometrika 1994;81:515-526.",
    "harrell": "Harrell FE, Lee KL, Mark DB. Multivariable prognostic models. Stat Med "
    "1996;15:361-387.",
    "breslow_day": "Breslow NE, Day NE. Statistical Methods in Cancer Research, vol 1. Lyon: "
    "IARC; 1980.",
    "tarone": "Tarone RE. On heterogeneity tests based on efficient scores. Biometrika "
    "1985;72:91-95.",
    "mantel_haenszel": "Mantel N, Haenszel W. Statistical aspects of the analysis of data from "
    "retrospective studies of disease. J Natl Cancer Inst 1959;22:719-748.",
    "robins": "Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance "
    "consistent in both sparse data and large-strata limiting models. Biometrics 1986;42:311-323.",
    "firth": "Heinze G, Schemper M. A solution to the problem of monotone likelihood in Cox "
    "regression. Biometrics 2001;57:114-119.",
    "lausen": "Lausen B, Schumacher M. Maximally selected rank statistics. Biometrics "
    "1992;48:73-85.",
    "hothorn": "Hothorn T, Lausen B. On the exact distribution of maximally selected rank "
    "statistics. Comput Stat Data Anal 2003;43:121-137.",
    "faraggi": "Faraggi D, Simon R. A simulation study of cross-validation for selecting an "
    "optimal cutpoint in univariate survival analysis. Stat Med 1996;15:2203-2213.",
    "kish": "Kish L. Survey Sampling. New York: Wiley; 1965.",
    "li": "Li F, Morgan KL, Zaslavsky AM. Balancing covariates via propensity score weighting. "
    "J Am Stat Assoc 2018;113:390-400.",
    "rosenbaum": "Rosenbaum PR, Rubin DB. The central role of the propensity score in "
    "observational studies for causal effects. Biometrika 1983;70:41-55.",
    "vanderweele": "VanderWeele TJ, Ding P. Sensitivity analysis in observational research: "
    "introducing the E-value. Ann Intern Med 2017;167:268-274.",
    "rubin": "Rubin DB. Multiple Imputation for Nonresponse in Surveys. New York: Wiley; 1987.",
    "mice": "van Buuren S, Groothuis-Oudshoorn K. mice: multivariate imputation by chained "
    "equations in R. J Stat Softw 2011;45(3):1-67.",
    "uno": "Uno H, Cai T, Tian L, Wei LJ. Evaluating prediction rules for t-year survivors with "
    "censored regression models. J Am Stat Assoc 2007;102:527-537.",
    "blanche": "Blanche P, Dartigues JF, Jacqmin-Gadda H. Estimating and comparing time-dependent "
    "areas under receiver operating characteristic curves for censored event times with competing "
    "risks. Stat Med 2013;32:5381-5397.",
    "anderson": "Anderson JR, Cain KC, Gelber RD. Analysis of survival by tumor response. J Clin "
    "Oncol 1983;1:710-719.",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat "
    "1979;6:65-70.",
    "bh": "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B "
    "1995;57:289-300.",
    "lan": "Lan KKG, DeMets DL. Discrete sequential boundaries for clinical trials. Biometrika "
    "1983;70:659-663.",
    "jennison": "Jennison C, Turnbull BW. Interim analyses: the repeated confidence interval "
    "approach. J R Stat Soc B 1989;51:305-361.",
    "schoenfeld": "Schoenfeld DA. Sample-size formula for the proportional-hazards regression "
    "model. Biometrics 1983;39:499-503.",
    "remark": "Altman DG, McShane LM, Sauerbrei W, Taube SE. Reporting recommendations for tumor "
    "marker prognostic studies (REMARK): explanation and elaboration. PLoS Med 2012;9:e1001216.",
    "strobe": "von Elm E, Altman DG, Egger M, et al. The Strengthening the Reporting of "
    "Observational Studies in Epidemiology (STROBE) statement. Lancet 2007;370:1453-1457.",
}


@dataclass(frozen=True)
class Technique:
    """What one way of computing is called, where it was used, and whom to cite for it.

    Attributes
    ----------
    topic
        Sentence that it stands in.
    pattern
        Finds it in a result's `method`.
    analyses
        Where it is looked for; none is everywhere.
    """

    topic: str
    pattern: str
    phrase: str
    papers: tuple[str, ...] = ()
    analyses: tuple[str, ...] = ()


TOPICS = {
    "shares": "Shares and response: ",
    "survival": "Survival: ",
    "models": "Regression: ",
    "interaction": "Whether the marker modifies the treatment's effect: ",
    "cutoff": "How far the cut-off can be trusted: ",
    "marker": "The marker without a cut-off: ",
    "small": "Because the groups are small, also: ",
    "arms": "Because the arms were not randomised, also: ",
    "missing": "Missing values: ",
    "sensitivity": "Sensitivity analyses: ",
    "tests": "Several tests and several looks: ",
    "other": "Further: ",
}
"""Topic -> how its sentence begins, in the order of the section."""

TECHNIQUES = (
    Technique("shares", "Wilson", "shares with Wilson's interval", ("wilson",)),
    Technique("shares", "Newcombe", "differences with Newcombe's interval", ("newcombe",)),
    Technique("shares", "Woolf", "odds ratios with Woolf's interval", ("woolf",)),
    Technique("shares", "^Relative risk", "relative risks with intervals on the log scale"),
    Technique(
        "shares",
        "^Chi-square",
        "chi-square tests with and without continuity correction",
        (),
        ("response",),
    ),
    Technique("shares", "^Fisher's exact", "Fisher's exact test", ("fisher",)),
    Technique("survival", "^Kaplan-Meier", "Kaplan-Meier with log-log intervals", ("km",)),
    Technique("survival", "^Reverse Kaplan-Meier", "reverse Kaplan-Meier follow-up", ("schemper",)),
    Technique("survival", "^Log-rank test$", "the log-rank test", ("mantel",)),
    Technique("survival", "^Restricted mean", "restricted mean survival times", ("rmst",)),
    Technique(
        "models",
        "^Cox, Efron, Wald interval$",
        "Cox models (Efron's ties, Wald intervals)",
        ("cox", "efron"),
    ),
    Technique("models", "^Likelihood-ratio test of the Cox", "likelihood-ratio tests of models"),
    Technique(
        "models", "Grambsch", "Grambsch and Therneau's test of proportional hazards", ("grambsch",)
    ),
    Technique("models", "^Harrell's C", "Harrell's C with a jackknife interval", ("harrell",)),
    Technique("models", "^Events per term", "events per term of the model"),
    Technique(
        "interaction",
        "treatment-by-marker product",
        "the treatment-by-marker product in a Cox model, by Wald and likelihood-ratio tests",
    ),
    Technique("interaction", "permuted within arms", "a permutation test of that product"),
    Technique(
        "interaction", "^Difference of differences in restricted", "restricted means compared"
    ),
    Technique("interaction", "^Difference of risk differences", "risk differences compared"),
    Technique("interaction", "^Log-rank test, stratified", "the stratified log-rank test"),
    Technique("interaction", "^Breslow-Day.*odds ratios$", "Breslow-Day test", ("breslow_day",)),
    Technique("interaction", "Tarone", "Tarone's correction of it", ("tarone",)),
    Technique(
        "interaction",
        "^Cochran",
        "the Cochran-Mantel-Haenszel test",
        ("mantel_haenszel",),
    ),
    Technique("interaction", "^Mantel-Haenszel", "the common odds ratio", ("robins",)),
    Technique("interaction", "treatment by subgroup", "likelihood-ratio tests by subgroup"),
    Technique(
        "cutoff", "^ROC, DeLong", "area under the ROC curve with DeLong's interval", ("delong",)
    ),
    Technique("cutoff", "bootstrap", "bootstrap of the choice, with its optimism"),
    Technique(
        "cutoff",
        "permutation(?: within strata)? repeating the selection|^Permutation of outcomes",
        "permutation that repeats the choice",
    ),
    Technique(
        "cutoff",
        "^Hothorn|^Lausen|^Maximally selected",
        "maximally selected log-rank statistics",
        ("lausen", "hothorn"),
    ),
    Technique("cutoff", "Faraggi", "cross-validated dichotomisation", ("faraggi",)),
    Technique(
        "cutoff", "at each admissible cut-off", "hazard ratio and test at every admissible cut-off"
    ),
    Technique("marker", "per doubling", "hazard ratio per doubling (log2)"),
    Technique("marker", "linear in log2", "likelihood-ratio tests of the log-linear marker"),
    Technique("marker", "spline", "restricted cubic splines, tested against the straight line"),
    Technique("small", "Firth", "Firth's penalised Cox model", ("firth",)),
    Technique("small", "mid-P", "mid-P tests"),
    Technique("small", "^Log-rank test, permutation", "permutation log-rank tests"),
    Technique(
        "arms", "propensity score", "weighting by a logistic propensity score", ("rosenbaum",)
    ),
    Technique("arms", "overlap weights", "overlap weights", ("li",)),
    Technique("arms", "robust variance", "weighted Cox models with robust variance"),
    Technique("arms", "^Difference of means|^Standardised", "standardised differences"),
    Technique("arms", "^Kish", "effective sample sizes", ("kish",)),
    Technique("arms", "^VanderWeele", "E-values", ("vanderweele",)),
    Technique(
        "missing",
        "multiple imputation",
        "multivariable models on complete cases, beside multiple imputation by chained equations "
        "pooled by Rubin's rules",
        ("mice", "rubin"),
    ),
    Technique(
        "sensitivity",
        "inverse probability of censoring",
        "ROC curve weighted for censoring",
        ("uno", "blanche"),
    ),
    Technique(
        "sensitivity",
        "Kaplan-Meier|Log-rank|Cox",
        "landmark analysis by response, and other rules of censoring",
        ("anderson",),
        ("sensitivity",),
    ),
    Technique("tests", "Holm", "P values of the declared family adjusted by Holm", ("holm",)),
    Technique("tests", "Hochberg", "the false discovery rate", ("bh",)),
    Technique("tests", "Lan & DeMets", "boundaries by Lan and DeMets' spending", ("lan",)),
    Technique("tests", "Jennison", "repeated intervals and P values", ("jennison",)),
    Technique("tests", "Lan & Wittes|Spiegelhalter", "conditional and predictive power"),
    Technique("tests", "Schoenfeld", "Schoenfeld's required events", ("schoenfeld",)),
    Technique("tests", "simulated futures", "time to those events, simulated from the rates seen"),
    Technique("tests", "^Events of", "the fraction of the planned events"),
    Technique("tests", "^Log-rank, nominal P", "nominal P values"),
    Technique(
        "tests",
        "at the quarter's end|First quarter's end",
        "all of it repeated at every quarter's end",
        (),
        ("evidence",),
    ),
)

NOT_METHODS = ("Description", "Count", "Youden's index", "ROC, ")
"""Beginnings of `method` that the section's other sentences say already."""


@dataclass
class Citations:
    """Papers in the order in which they are first cited."""

    order: list[str] = field(default_factory=list)

    def cite(self, *papers: str) -> str:
        """Return the bracketed numbers of papers."""
        self.order += [paper for paper in papers if paper not in self.order]
        numbers = sorted(self.order.index(paper) + 1 for paper in papers)
        return f" [{','.join(map(str, numbers))}]" if papers else ""

    def references(self) -> list[str]:
        """Return what was cited, in the order of its numbers."""
        return [PAPERS[paper] for paper in self.order]


def methods(cut: Cut, citations: Citations) -> Iterator[tuple[str, str]]:
    """Give the section's paragraphs, each a heading and its text."""
    study, about = cut.study, cut.about
    yield "Design and patients", _design(cut)
    marker, (first, last) = study.marker, study.marker.window_days
    limit = {
        "half": "half of the limit",
        "limit": "the limit",
        "zero": "zero",
    }[marker.below_loq]
    yield (
        "Marker",
        f"{marker.label} ({marker.unit}) was the last result from day {first} to day {last} of the "
        f"start of treatment; a result below the limit of quantification was taken as {limit}. "
        + _cutoff(cut, citations),
    )
    confirmed = "confirmed after four weeks" if study.confirm_response else "without confirmation"
    yield (
        "Endpoints",
        "Progression-free survival (PFS) ran from the start of first-line treatment to the first "
        "progression or death, else it was censored at the last adequate assessment; overall "
        "survival (OS) to death, else it was censored at last contact. Months are days / 30.4375. "
        f"Response was judged by RECIST 1.1{citations.cite('recist')}, {confirmed}, best up to "
        "progression or new therapy; a patient without assessment is not evaluable."
        + (f" Follow-up was cut at {about['censored_on']}." if about.get("censored_on") else ""),
    )
    yield "Statistical analysis", " ".join(_statistics(cut, citations))
    planned = study.planned
    yield (
        "Sample size",
        "missing: the study file plans no effect and no power."
        if planned is None
        else f"The planned effect is a hazard ratio of {planned.hazard_ratio:g} for "
        f"{planned.endpoint} with power {planned.power:.0%} at a two-sided alpha of "
        f"{planned.alpha:g}{citations.cite('schoenfeld')}; " + _required(cut),
    )
    versions = cut.tables["provenance"]
    versions = versions[versions["kind"] == "version"]
    named = ", ".join(
        f"{name} {value}" for name, value in zip(versions["name"], versions["value"], strict=True)
    )
    yield (
        "Software and reproducibility",
        f"il6_platform {about['il6_platform']} with {named}; seed {study.seed}, "
        f"{study.replicates} resamples. Data cut {cut.name}, study file SHA-256 "
        f"{about['sha256'][:12]}. The report follows REMARK{citations.cite('remark')} and "
        f"STROBE{citations.cite('strobe')}; the checklists say where each item stands.",
    )


def _design(cut: Cut) -> str:
    study, about, labels = cut.study, cut.about, labels_of(cut.study)
    flow = cut.tables["flow"]
    deliveries = int((cut.tables["provenance"]["kind"] == "delivery").sum())
    # a hidden count is null: somebody left for that reason
    left = flow[(flow["kind"] == "excluded") & flow["n"].fillna(1).gt(0)].to_dict("records")
    reasons = "; ".join(f"{step['label'].lower()}, {count_of(step, 'n')}" for step in left)
    arms = [count_of(step, "n") for step in flow[flow["kind"] == "arm"].to_dict("records")]
    return (
        f"This is an observational cohort study of registry data, {deliveries} exports from "
        f"{about['first_export']} to {about['last_export']}. "
        + (f"{SYNTHETIC} " if cut.is_synthetic else "")
        + f"Of {cut.patients('arrived')} patients who arrived, {cut.patients('analysed')} were "
        f"analysed{f' (not analysed: {reasons})' if reasons else ''}. Treatment was not assigned "
        f"by the study: patients in whom {study.arms.experimental_drug} began within "
        f"{study.arms.arm_window_days} days of the start of first-line treatment are called "
        f"{labels['experimental']} (n={arms[1]}), all others {labels['control']} (n={arms[0]})."
    )


def _cutoff(cut: Cut, citations: Citations) -> str:
    rule, marker = cut.study.cutoff, cut.study.marker
    found = cut.row(analysis="cutoff", statistic="cutoff")
    value = None if found is None or pd.isna(found["estimate"]) else found["estimate"]
    said = "could not be determined"
    if value is not None:
        said = f"was {journal.plain(value)} {marker.unit}"
    outcome = rule.outcome
    if isinstance(outcome, EventOutcome):
        of = f" for {outcome.endpoint}"
        if outcome.by_months is not None:
            of += f" by {outcome.by_months:g} months"
            of += (
                ", the censored weighted"
                if outcome.censored == "weighted"
                else ", those censored before left out"
            )
    else:
        of = " for response" if outcome == "response" else ""
    match rule.method:
        case "youden":
            how = f"at the largest Youden index of the ROC curve{of}{citations.cite('youden')}"
        case "maxstat":
            how = f"at the maximally selected log-rank statistic{of}"
            how += citations.cite("lausen", "hothorn")
        case "median":
            how = "at the median"
        case "fixed":
            how = "fixed beforehand"
    chosen = (
        " It was chosen on the data that it is judged on."
        if rule.method in ("youden", "maxstat")
        else ""
    )
    at = "A patient is high where the marker is at or above the cut-off"
    return f"{at}, {how}; it {said}.{chosen}"


def _statistics(cut: Cut, citations: Citations) -> Iterator[str]:
    run = cut.results[["analysis", "method"]].dropna().drop_duplicates()
    known = run["method"].str.startswith(NOT_METHODS)
    chosen = []
    for one in TECHNIQUES:
        uses = run["method"].str.contains(one.pattern)
        if one.analyses:
            uses &= run["analysis"].isin(one.analyses)
        known |= uses
        if uses.any():
            chosen.append(one)
    # cited as they are read, so the phrases are put in the topics' order first
    said = {
        topic: [one.phrase + citations.cite(*one.papers) for one in chosen if one.topic == topic]
        for topic in TOPICS
    }
    said["other"] += sorted(set(run.loc[~known, "method"]))
    covariates = [item.title for item in cut.study.covariates]
    yield "Tests are two-sided, intervals are 95%, P values are unadjusted unless it is said."
    for topic, beginning in TOPICS.items():
        if said[topic]:
            sentence = f"{beginning}{'; '.join(said[topic])}."
            if topic == "models":
                named = f", {', '.join(covariates)}" if covariates else ""
                sentence += (
                    f" The multivariable model holds arm, marker group{named}; no variable was "
                    "selected by its P value."
                )
            yield sentence


def _required(cut: Cut) -> str:
    needed = cut.row(analysis="monitoring", statistic="required_events")
    power = cut.row(analysis="monitoring", statistic="power")
    if needed is None or power is None or pd.isna(needed["estimate"]):
        return "the events that this requires were not computed."
    seen = count_of(needed.to_dict(), "events")
    return (
        f"this requires {ceil(needed['estimate'])} events, {seen} were seen, with which the power "
        f"is {power['estimate']:.0%}."
    )
