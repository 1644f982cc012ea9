"""The papers that methods sentences cite, each in full."""

from enum import StrEnum


class Paper(StrEnum):
    """A reference as the journal prints it."""

    RECIST = (
        "Eisenhauer EA, et al. New response evaluation criteria in solid tumours: revised "
        "RECIST guideline (version 1.1). Eur J Cancer 2009;45:228-247."
    )
    YOUDEN = "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35."
    DELONG = (
        "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more "
        "correlated receiver operating characteristic curves. Biometrics 1988;44:837-845."
    )
    WILSON = (
        "Wilson EB. Probable inference, the law of succession, and statistical inference. J "
        "Am Stat Assoc 1927;22:209-212."
    )
    NEWCOMBE = (
        "Newcombe RG. Interval estimation for the difference between independent proportions. "
        "Stat Med 1998;17:873-890."
    )
    WOOLF = (
        "Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet "
        "1955;19:251-253."
    )
    FISHER = "Fisher RA. The logic of inductive inference. J R Stat Soc 1935;98:39-82."
    KM = (
        "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat "
        "Assoc 1958;53:457-481."
    )
    SCHEMPER = (
        "Schemper M, Smith TL. A note on quantifying follow-up in studies of failure time. "
        "Control Clin Trials 1996;17:343-346."
    )
    MANTEL = (
        "Mantel N. Evaluation of survival data and two new rank order statistics arising in "
        "its consideration. Cancer Chemother Rep 1966;50:163-170."
    )
    RMST = (
        "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard "
        "ratio. BMC Med Res Methodol 2013;13:152."
    )
    COX = "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220."
    EFRON = (
        "Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat "
        "Assoc 1977;72:557-565."
    )
    GRAMBSCH = (
        "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on "
        "weighted residuals. Biometrika 1994;81:515-526."
    )
    HARRELL = (
        "Harrell FE, Lee KL, Mark DB. Multivariable prognostic models. Stat Med 1996;15:361-387."
    )
    BRESLOW_DAY = (
        "Breslow NE, Day NE. Statistical Methods in Cancer Research, vol 1. Lyon: IARC; 1980."
    )
    TARONE = (
        "Tarone RE. On heterogeneity tests based on efficient scores. Biometrika 1985;72:91-95."
    )
    MANTEL_HAENSZEL = (
        "Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective "
        "studies of disease. J Natl Cancer Inst 1959;22:719-748."
    )
    ROBINS = (
        "Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance "
        "consistent in both sparse data and large-strata limiting models. Biometrics "
        "1986;42:311-323."
    )
    FIRTH = (
        "Heinze G, Schemper M. A solution to the problem of monotone likelihood in Cox "
        "regression. Biometrics 2001;57:114-119."
    )
    LAUSEN = "Lausen B, Schumacher M. Maximally selected rank statistics. Biometrics 1992;48:73-85."
    HOTHORN = (
        "Hothorn T, Lausen B. On the exact distribution of maximally selected rank "
        "statistics. Comput Stat Data Anal 2003;43:121-137."
    )
    FARAGGI = (
        "Faraggi D, Simon R. A simulation study of cross-validation for selecting an optimal "
        "cutpoint in univariate survival analysis. Stat Med 1996;15:2203-2213."
    )
    KISH = "Kish L. Survey Sampling. New York: Wiley; 1965."
    LI = (
        "Li F, Morgan KL, Zaslavsky AM. Balancing covariates via propensity score weighting. "
        "J Am Stat Assoc 2018;113:390-400."
    )
    ROSENBAUM = (
        "Rosenbaum PR, Rubin DB. The central role of the propensity score in observational "
        "studies for causal effects. Biometrika 1983;70:41-55."
    )
    VANDERWEELE = (
        "VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing "
        "the E-value. Ann Intern Med 2017;167:268-274."
    )
    RUBIN = "Rubin DB. Multiple Imputation for Nonresponse in Surveys. New York: Wiley; 1987."
    MICE = (
        "van Buuren S, Groothuis-Oudshoorn K. mice: multivariate imputation by chained "
        "equations in R. J Stat Softw 2011;45(3):1-67."
    )
    UNO = (
        "Uno H, Cai T, Tian L, Wei LJ. Evaluating prediction rules for t-year survivors with "
        "censored regression models. J Am Stat Assoc 2007;102:527-537."
    )
    BLANCHE = (
        "Blanche P, Dartigues JF, Jacqmin-Gadda H. Estimating and comparing time-dependent "
        "areas under receiver operating characteristic curves for censored event times with "
        "competing risks. Stat Med 2013;32:5381-5397."
    )
    UNO_C = (
        "Uno H, Cai T, Pencina MJ, D'Agostino RB, Wei LJ. On the C-statistics for evaluating "
        "overall adequacy of risk prediction procedures with censored survival data. Stat Med "
        "2011;30:1105-1117."
    )
    AALEN = (
        "Aalen OO, Johansen S. An empirical transition matrix for non-homogeneous Markov chains "
        "based on censored observations. Scand J Stat 1978;5:141-150."
    )
    GRAY = (
        "Gray RJ. A class of K-sample tests for comparing the cumulative incidence of a competing "
        "risk. Ann Stat 1988;16:1141-1154."
    )
    FINE = (
        "Fine JP, Gray RJ. A proportional hazards model for the subdistribution of a competing "
        "risk. J Am Stat Assoc 1999;94:496-509."
    )
    SPIEGELHALTER = (
        "Spiegelhalter DJ, Freedman LS, Parmar MKB. Bayesian approaches to randomized trials. J R "
        "Stat Soc A 1994;157:357-416."
    )
    WESTFALL_YOUNG = (
        "Ge Y, Dudoit S, Speed TP. Resampling-based multiple testing for microarray data analysis. "
        "Test 2003;12:1-77."
    )
    DIXON = "Dixon DO, Simon R. Bayesian subset analysis. Biometrics 1991;47:871-881."
    HARTUNG = (
        "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials "
        "with binary outcome. Stat Med 2001;20:3875-3889."
    )
    INTHOUT = (
        "IntHout J, Ioannidis JPA, Rovers MM, Goeman JJ. Plea for routinely presenting prediction "
        "intervals in meta-analysis. BMJ Open 2016;6:e010247."
    )
    NAIR = (
        "Nair VN. Confidence bands for survival functions with censored data: a comparative "
        "study. Technometrics 1984;26:265-275."
    )
    HALL = (
        "Hall WJ, Wellner JA. Confidence bands for a survival curve from censored data. "
        "Biometrika 1980;67:133-143."
    )
    SUISSA = (
        "Suissa S. Immortal time bias in pharmaco-epidemiology. Am J Epidemiol 2008;167:492-499."
    )
    TARGET_TRIAL = (
        "Hernan MA, Robins JM. Using big data to emulate a target trial when a randomized trial is "
        "not available. Am J Epidemiol 2016;183:758-764."
    )
    ESTIMANDS = (
        "ICH E9(R1). Addendum on estimands and sensitivity analysis in clinical trials to the "
        "guideline on statistical principles for clinical trials. 2019."
    )
    ANDERSON = (
        "Anderson JR, Cain KC, Gelber RD. Analysis of survival by tumor response. J Clin "
        "Oncol 1983;1:710-719."
    )
    HOLM = (
        "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat "
        "1979;6:65-70."
    )
    BH = (
        "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B "
        "1995;57:289-300."
    )
    LAN = (
        "Lan KKG, DeMets DL. Discrete sequential boundaries for clinical trials. Biometrika "
        "1983;70:659-663."
    )
    JENNISON = (
        "Jennison C, Turnbull BW. Interim analyses: the repeated confidence interval "
        "approach. J R Stat Soc B 1989;51:305-361."
    )
    SCHOENFELD = (
        "Schoenfeld DA. Sample-size formula for the proportional-hazards regression model. "
        "Biometrics 1983;39:499-503."
    )
    REMARK = (
        "Altman DG, McShane LM, Sauerbrei W, Taube SE. Reporting recommendations for tumor "
        "marker prognostic studies (REMARK): explanation and elaboration. PLoS Med "
        "2012;9:e1001216."
    )
    STROBE = (
        "von Elm E, Altman DG, Egger M, et al. The Strengthening the Reporting of "
        "Observational Studies in Epidemiology (STROBE) statement. Lancet 2007;370:1453-1457."
    )
