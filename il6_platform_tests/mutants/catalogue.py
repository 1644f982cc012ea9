"""The mutants: which text becomes which, and which specification tests must see it.

Where a file has moved on, the text no longer stands in it and the test of this list fails: write
the wrong anew on the new text, so that the branch stays guarded.
"""

from __future__ import annotations

from collections.abc import Iterator

from il6_platform_tests.mutants.run import Mutant


def _of(file: str, tests: str, *replacements: tuple[str, str]) -> Iterator[Mutant]:
    for old, new in replacements:
        yield Mutant(file, old, new, tests)


_AS_READ = _of(
    "sql/cohort/as_read.sql",
    "subjects",
    (" and status != 'withdrawn'", ""),
    ("when not is_known(f.died_on) then", "when false then"),
    ("having not is_known(min(t.start_date))", "having not is_known(max(t.start_date))"),
    ("having not is_known(min(t.start_date))", "having false"),
    ("min(g.start_date) as newtrtdt", "max(g.start_date) as newtrtdt"),
    ("where g.line > 1", "where g.line >= 1"),
    (" and is_known(start_date)", ""),
    ("        and t.line = 1\n", ""),
    (
        "        and is_drug(t.substances, t.drug, settings.experimental_substances, "
        "settings.experimental_drug)\n",
        "",
    ),
    ("<= settings.arm_window_days", "< settings.arm_window_days"),
    ("<= settings.arm_window_days", "<= settings.arm_window_days + 30"),
    ("date_sub('year', p.birth_date", "date_diff('year', p.birth_date"),
    (
        "coalesce(date_sub('year', p.birth_date, z.trtsdt), p.age_years,",
        "coalesce(p.age_years, date_sub('year', p.birth_date, z.trtsdt),",
    ),
    ("if(is_known(f.died_on), f.died_on, null)", "f.died_on"),
    ("when f.cause_of_death != 'unknown' then 'other'", "else 'other'"),
    ("last_known(f.last_contact_on)", "f.last_contact_on"),
    ("if(e.patient_id is not null, 'E', 'C')", "if(e.patient_id is null, 'E', 'C')"),
    ("        when not a.has_record then 'No patient record'\n", ""),
    ("        when p.patient_id is null then 'Patient record in quarantine'\n", ""),
    ("        when z.trtsdt is null then 'No first-line treatment'\n", ""),
    ("        when m.value is null then 'No baseline marker in the window'\n", ""),
    ("min(delivered_on) as first_day", "max(delivered_on) as first_day"),
)

_TIME_ZERO = _of(
    "sql/cohort/time_zero.sql",
    "subjects",
    ("min(start_date) as trtsdt", "max(start_date) as trtsdt"),
    (" and line = 1", ""),
)

_MARKER_VALUES = _of(
    "sql/cohort/marker_values.sql",
    "subjects",
    (
        "below_loq = 'half' then r['value'] / 2",
        "below_loq = 'half' then r['value'] / 3",
    ),
    ("below_loq = 'half'", "below_loq != 'zero'"),
    ("below_loq = 'zero' then 0", "below_loq = 'zero' then r['value']"),
    ("r['beyond_limit'] = '<' and below_loq = 'half'", "below_loq = 'half'"),
    ("r['beyond_limit'] = '<' and below_loq = 'zero'", "below_loq = 'zero'"),
    ("is_known(c.collected_on)\n            and ", ""),
    ("between c.window_first_day", "between c.window_first_day - 1"),
    ("between c.window_first_day", "between c.window_first_day + 1"),
    ("and c.window_last_day", "and c.window_last_day + 1"),
    ("and c.window_last_day", "and c.window_last_day - 1"),
    ("order by collected_on desc,", "order by collected_on,"),
)

_DERIVED_MARKERS = _of(
    "sql/cohort/marker_values.sql",
    "marker_values",
    ("coalesce(s.collected_at = r.collected_at, true)", "true"),
    ("coalesce(s.collected_at = r.collected_at, true)", "s.collected_at = r.collected_at"),
    ("s.is_timed and r.collected_at is not null", "true"),
    ("        and s.collected_on = r.collected_on\n", ""),
    ("where s.position = s.n_parts", "where true"),
    ("when directions = [-1] then '<'", "when directions = [-1] then '>'"),
    ("when len(directions) > 0 then '~'", "when len(directions) > 0 then '<'"),
    ("collected_at desc nulls last", "collected_at nulls last"),
)

_DERIVED_DECISIVE = _of(
    "sql/cohort/decisive.sql",
    "marker_values",
    ("count(distinct o.part) + 1 =", "count(distinct o.part) + 1 <="),
    ("where v.results is distinct from b.results\n    and", "where"),
    ("    from no_value\n    union\n", ""),
)

_SUBJECTS = _of(
    "sql/cohort/subjects.sql",
    "subjects",
    ("if(dthdt is null, null, dthcaus)", "dthcaus"),
    ("if(trtsdt is null, null, armcd)", "armcd"),
    (" or reason = 'No baseline marker in the window'", ""),
    ("""if(reason is null, 'Y', 'N') as "ANALFL\"""", """'Y' as "ANALFL\""""),
    ("order by first_day, arrival_order", "order by arrival_order"),
)

_AS_READ_BY_TIMES = _of(
    "sql/cohort/as_read.sql",
    "adtte",
    ("when f.last_contact_on is not null then", "when true then"),
    (" and o.patient_id is null then", " then"),
    ("'disease progression', 'progressive disease') then 'disease'", "'other') then 'disease'"),
)

_ADRS = _of(
    "sql/cohort/adrs.sql",
    "adrs",
    ('a.assessed_on >= c."TRTSDT"', 'a.assessed_on > c."TRTSDT"'),
    (' and a.assessed_on >= c."TRTSDT"', ""),
    (" and is_known(a.assessed_on)", ""),
    ("""where c."ITTFL" = 'Y' and a.assessed_on""", "where a.assessed_on"),
    ("select min(v.adt) from visits", "select max(v.adt) from visits"),
    ("and v.avalc = 'PD'), 'infinity')", "and v.avalc = 'SD'), 'infinity')"),
    ("        least(\n", "        greatest(\n"),
    ("""coalesce(c."NEWTRTDT", 'infinity')""", "'infinity'::date"),
    ("where v.adt <= d.adt", "where v.adt < d.adt"),
    ("not settings.confirm_response or", ""),
    ("not settings.confirm_response or", "true or"),
    ("+ 28\n                and (later", "+ 27\n                and (later"),
    ("+ 28\n                and (later", "+ 29\n                and (later"),
    ("v.adt + 28 and later.avalc = 'PR'", "v.adt + 27 and later.avalc = 'PR'"),
    ("v.adt + 28 and later.avalc = 'PR'", "v.adt + 29 and later.avalc = 'PR'"),
    ("(later.avalc = 'CR' or later.avalc = v.avalc)", "later.avalc = v.avalc"),
    ("(later.avalc = 'CR' or later.avalc = v.avalc)", "later.avalc in ('CR', 'PR')"),
    ("else 'SD'\n", "else 'NE'\n"),
    ("v.avalc = 'CR' and exists(", "false and exists("),
    (
        "when exists(\n                from counted as later",
        "when exists(\n                from visits as later",
    ),
    ("min(adt) as adt\n    from confirmed", "max(adt) as adt\n    from confirmed"),
    ("['CR', 'PR', 'SD', 'PD', 'NE']", "['CR', 'PR', 'PD', 'SD', 'NE']"),
    ("['CR', 'PR', 'SD', 'PD', 'NE']", "['CR', 'PR', 'SD', 'NE', 'PD']"),
    ("coalesce(b.avalc, 'NE')", "coalesce(b.avalc, 'SD')"),
)

_ADTR = _of(
    "sql/cohort/adtr.sql",
    "adtr",
    ("where adt <= trtsdt", "where adt < trtsdt"),
    ("    where adt <= trtsdt\n", ""),
    ("arg_max(aval, adt)", "arg_min(aval, adt)"),
    ("max(adt) as adt, arg_max", "min(adt) as adt, arg_max"),
    ("m.adt > m.trtsdt and m.adt <= d.adt", "m.adt >= m.trtsdt and m.adt <= d.adt"),
    ("m.adt > m.trtsdt and m.adt <= d.adt", "m.adt > m.trtsdt and m.adt < d.adt"),
    ("m.adt > m.trtsdt and m.adt <= d.adt", "m.adt > m.trtsdt"),
    ("m.adt > m.trtsdt and b.aval > 0", "m.adt >= m.trtsdt and b.aval > 0"),
    ("and b.aval > 0", "and b.aval >= 0"),
    ("(m.aval - b.aval) / b.aval", "(m.aval - b.aval) / m.aval"),
    ("(m.aval - b.aval) / b.aval", "(b.aval - m.aval) / b.aval"),
    (""" and r."AVALC" = 'PD'""", ""),
    ("""select min(r."ADT") from""", """select max(r."ADT") from"""),
    (" and a.sum_of_diameters_mm is not null", ""),
    (" and is_known(a.assessed_on)", ""),
    ("""coalesce(c."NEWTRTDT", 'infinity')""", "'infinity'::date"),
    ("""where c."ITTFL" = 'Y' and a.sum""", "where a.sum"),
)

_ADTTE = _of(
    "sql/cohort/adtte.sql",
    "adtte",
    (
        "'progression' as source,\n        min(\"ADT\") as adt",
        "'progression' as source,\n        max(\"ADT\") as adt",
    ),
    (""" and "AVALC" = 'PD'""", """ and "AVALC" in ('PD', 'SD')"""),
    ('max("ADT") as adt,', 'min("ADT") as adt,'),
    ("('CR', 'PR', 'SD', 'PD')", "('CR', 'PR', 'SD', 'PD', 'NE')"),
    ("order by x.cnsr = 1, c.adt", "order by c.adt"),
    ("order by x.cnsr = 1, c.adt", "order by x.cnsr != 1, c.adt"),
    ("x.cnsr = 1, c.adt, x.precedence", "x.cnsr = 1, c.adt desc, x.precedence"),
    ("c.adt, x.precedence)", "c.adt, x.precedence desc)"),
    ("""coalesce(a.adt, s."TRTSDT")""", """coalesce(a.adt, s."LSTALVDT")"""),
    (""" and "DTHCAUS" = 'disease'""", ""),
    (""" and b."AVALC" in ('CR', 'PR')""", ""),
    ('min(v."ADT"),', 'max(v."ADT"),'),
    ("if(is_known(adt), cnsr, 1)", "cnsr"),
    (" and ends.paramcd = given.paramcd", ""),
    (" and cnsr is not null", ""),
    ("where aval is not null", "where true"),
    ("""    where coalesce(a.adt, s."DTHDT", s."LSTALVDT") is not null\n""", ""),
    ("""    where "ITTFL" = 'Y'\n""", ""),
)

_MONTHS = _of("sql/macros/cells.sql", "adtte", ("/ days_per_month();", "/ 30.4;"))

_COVARIATES = _of(
    "sql/cohort/covariates.sql",
    "covariates",
    (
        "if(json_exists(n.columns, '$.' || c.name), n.columns ->> c.name, "
        "cell_or_level(r.cells, c.name, c.levels))",
        "coalesce(cell(r.cells, c.name), n.columns ->> c.name)",
    ),
    ("c.name not in ('age', 'sex') and ", ""),
)

_ADSL = _of(
    "sql/cohort/adsl.sql",
    "adsl",
    (""">= cutoff.value then 'high'""", """> cutoff.value then 'high'"""),
    ("""where s."ITTFL" = 'Y'\n""", ""),
)

_FLOW = _of(
    "sql/cohort/flow.sql",
    "flow",
    (" + (select withdrawn.n from withdrawn)", ""),
    ("count(distinct patient) as n", "count(*) as n"),
    ("""where "ANALFL" = 'Y'\nunion""", """where "ITTFL" = 'Y'\nunion"""),
    ("""c."ANALFL" = 'Y' and c."ARMCD" = 'C'""", """c."ARMCD" = 'C'"""),
    ("""c."ANALFL" = 'Y' and c."ARMCD" = 'E'""", """c."ARMCD" = 'E'"""),
)

_ROC = _of(
    "il6_platform/statistics/roc.py",
    "cutoff",
    ("np.where(t > by, 0.0", "np.where(t >= by, 0.0"),
    ("np.where(e, 1.0, np.nan)", "np.where(e, 1.0, 0.0)"),
    ("(low >= least) & (len(everybody) - low >= least)", "len(everybody) - low >= least"),
    ("(low >= least) & (len(everybody) - low >= least)", "low >= least"),
    (
        "np.searchsorted(np.sort(value[y]), candidates)",
        "np.searchsorted(np.sort(value[y]), candidates, side='right')",
    ),
    ("gain = gain if higher else -gain", "gain = gain if higher else gain"),
    ("gain = cases_above * controls", "gain = cases_above * cases"),
    ("candidates[np.argmax(gain)]", "candidates[len(gain) - 1 - np.argmax(gain[::-1])]"),
    ("positive = (value >= cutoff) == higher", "positive = (value > cutoff) == higher"),
    ("positive = (value >= cutoff) == higher", "positive = value >= cutoff"),
    ('"specificity": (int((~positive & ~y)', '"specificity": (int((positive & ~y)'),
    ('"ppv": (int((positive & y).sum()), int(positive', '"ppv": (int((positive & y).sum()), int(y'),
    ("shares[1].estimate - 1", "shares[1].estimate"),
    ("return (x if higher else -x)[known]", "return x[known]"),
)

_CUTOFF = _of(
    "il6_platform/analysis/cutoff.py",
    "cutoff",
    ('cohort.responded("ORR"), 0.0, 1.0', 'cohort.responded("ORR"), 1.0, 0.0'),
    ('cohort.responded("ORR")', 'cohort.responded("DCR")'),
    ("marker[marker >= np.median(marker)].min()", "marker[marker > np.median(marker)].min()"),
    ("marker[marker >= np.median(marker)].min()", "marker[marker >= np.median(marker)].max()"),
    ("EventOutcome) else study.endpoints[0]", "EventOutcome) else study.endpoints[-1]"),
    ("return asked.endpoint if isinstance", "return study.endpoints[0] if isinstance"),
    ("        max_prop=1 - share,\n", ""),
    ("        min_patients=least,\n", ""),
    ('rule.value, "Fixed by', '_observed_median(marker), "Fixed by'),
)

_COHORT = _of(
    "il6_platform/analysis/cohort.py",
    "cutoff",
    ('["CR", "PR"] if endpoint == "ORR"', '["CR"] if endpoint == "ORR"'),
)

_RULES = _of(
    "il6_platform/statistics/cutoff_rules.py",
    "cutoff",
    ("np.divide(1.0, before, out=case", "np.divide(1.0, through, out=case"),
    ("is_control = (times > by) & (w > 0)", "is_control = (times >= 0) & (w > 0)"),
    ("is_case = events & (times <= by)", "is_case = events & (times <= by + 9)"),
    ("hazard = (left - dead)", "hazard = left"),
)

_SCORES = _of(
    "il6_platform/statistics/risk_sets.py",
    "cutoff",
    ("scores: Floats = events - np.take", "scores: Floats = events + np.take"),
)

_MAXSTAT = _of(
    "il6_platform/statistics/maximal_selection.py",
    "cutoff",
    ("np.abs(sums - m / n * a)", "(sums - m / n * a)"),
)

MUTANTS: tuple[Mutant, ...] = (
    *_AS_READ,
    *_TIME_ZERO,
    *_MARKER_VALUES,
    *_DERIVED_MARKERS,
    *_DERIVED_DECISIVE,
    *_AS_READ_BY_TIMES,
    *_SUBJECTS,
    *_ADRS,
    *_ADTR,
    *_ADTTE,
    *_MONTHS,
    *_COVARIATES,
    *_ADSL,
    *_FLOW,
    *_ROC,
    *_CUTOFF,
    *_COHORT,
    *_RULES,
    *_SCORES,
    *_MAXSTAT,
)
