"""The rule book as a whole: every rule by its table, with severity, sentence and who puts it right.

Belongs here: the list, and the rules of whole batches. Does not belong here: a row rule (it is in
the module that is named after its table), or judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from il6_platform.validation import (
    assessments,
    cohort,
    follow_up,
    labs,
    outcomes,
    patients,
    results,
    treatments,
)
from il6_platform.validation.rules import Owner, Rule

STAGED: dict[str, Sequence[Rule]] = {
    "patients": patients.RULES,
    "treatments": treatments.RULES,
    "follow_up": follow_up.RULES,
    "labs": labs.RULES,
    "assessments": assessments.RULES,
    "outcomes": outcomes.RULES,
}
"""Rules of the staging tables, in the order in which these can be judged."""

DERIVED: dict[str, Sequence[Rule]] = {
    "cohort.subjects": cohort.SUBJECTS,
    "cohort.adrs": cohort.ADRS,
    "cohort.adtte": cohort.ADTTE,
    "cohort.adsl": cohort.ADSL,
    "report.results": results.RULES,
}
"""Rules of tables that the platform derives; they block, and an engineer answers for them."""


@dataclass(frozen=True, slots=True)
class BatchRule:
    """A rule of a whole delivery or table; who breaks it stops the refresh."""

    id: str
    table: str
    sentence: str
    owner: Owner = "data manager"
    severity: str = "block"


QUARANTINE_IS_SMALL = BatchRule(
    "quarantine_is_small",
    "staging.*",
    "No more than the allowed proportion of rows (quality.max_quarantine_share) is in quarantine",
)
REGISTRY_DID_NOT_SHRINK = BatchRule(
    "registry_did_not_shrink",
    "staging.exports",
    "No full export lacks more than the allowed share (quality.max_missing_share) of what the one "
    "before held",
)
MARKER_DID_NOT_SHIFT = BatchRule(
    "marker_did_not_shift",
    "cohort.markers",
    "The marker's results are like those of the last accepted cut: a small shift is reported, a "
    "large one (quality.max_marker_shift, as by a change of unit) blocks",
    "laboratory",
)
STUDY_KEEPS_ITS_PATIENTS = BatchRule(
    "study_keeps_its_patients",
    "cohort.subjects",
    "The marker has results that can be used, no more than the allowed share "
    "(quality.max_missing_share) of the patients who are analysed in the published cut are lost, "
    "no arm of it is left without a patient, and none loses five patients and more than that share",
)
STUDY_KEEPS_ITS_COVARIATES = BatchRule(
    "study_keeps_its_covariates",
    "cohort.covariates",
    "Every covariate that has values in the published cut still has some",
)
COLUMNS_ARE_THERE = BatchRule(
    "columns_are_there",
    "raw.column_changes",
    "No column vanished that an earlier export of the series had filled (but for "
    "quality.changed_columns)",
)
CODES_ARE_KNOWN = BatchRule(
    "codes_are_known",
    "raw.column_changes",
    "No column of codes holds mostly such as no earlier export of the series had (but for "
    "quality.changed_columns)",
)
COLUMNS_ARE_READ = BatchRule(
    "columns_are_read",
    "raw.column_changes",
    "Every new column of an export is one of the format or a covariate of the study file",
    severity="warn",
)
EVERY_LINE_IS_ACCOUNTED_FOR = BatchRule(
    "every_line_is_accounted_for",
    "staging.balance",
    "Every line of every delivery stands in exactly one place: current, superseded, duplicate, "
    "quarantined, withdrawn or forgotten",
    "engineer",
)
BATCHES = (
    BatchRule(
        "exports_can_be_read",
        "raw.deliveries",
        "Every export in the landing folder is whole, has its columns, and its day is not in doubt",
    ),
    BatchRule("something_was_delivered", "raw.deliveries", "There is at least one patients export"),
    BatchRule(
        "exports_are_recognised",
        "raw.deliveries",
        "Every file in the landing folder is one of the registry's tables",
        severity="warn",
    ),
    COLUMNS_ARE_THERE,
    CODES_ARE_KNOWN,
    COLUMNS_ARE_READ,
    REGISTRY_DID_NOT_SHRINK,
    QUARANTINE_IS_SMALL,
    MARKER_DID_NOT_SHIFT,
    STUDY_KEEPS_ITS_PATIENTS,
    STUDY_KEEPS_ITS_COVARIATES,
    EVERY_LINE_IS_ACCOUNTED_FOR,
)
"""Rules of whole batches; the assets judge them."""


def book() -> pd.DataFrame:
    """Return the rule book, one row a rule: table, rule, severity, owner, column, says."""
    rows = [
        *((one.table, one.id, one.severity, one.owner, "", one.sentence) for one in BATCHES),
        *(
            (f"staging.{table}", rule.id, rule.severity, rule.owner, rule.column, rule.in_general)
            for table, rules in STAGED.items()
            for rule in rules
        ),
        *(
            (table, rule.id, rule.severity, "engineer", rule.column, rule.in_general)
            for table, rules in DERIVED.items()
            for rule in rules
        ),
    ]
    columns = ["table", "rule", "severity", "who puts it right", "column", "says"]
    return pd.DataFrame(rows, columns=columns)
