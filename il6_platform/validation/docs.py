"""Great Expectations' Data Docs of the rule book, with what the last refresh found.

They are made of the rules and of counts (`staging.verdicts`): no row, value or patient's key can
get in. Belongs here: handing both to Great Expectations. Does not belong here: judging.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from il6_platform.validation.rulebook import DERIVED, STAGED
from il6_platform.validation.rules import Rule

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult

SITE = "rule_book"
FOLDER = "data_docs"
NO_EXCEPTION = dict.fromkeys(("raised_exception", "exception_message", "exception_traceback"))


def build(folder: Path, verdicts: pd.DataFrame) -> Path:
    """Build the Data Docs into a folder, in the place of those before; return its first page.

    Parameters
    ----------
    folder
        Made anew, for its owner only.
    verdicts
        table_name, rule, judged, broken; tables without any are shown with their rules alone.
    """
    import great_expectations as gx

    fresh = folder.with_name(f".{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    context = gx.get_context(mode="ephemeral")
    context.add_data_docs_site(
        SITE,
        {  # type: ignore[typeddict-unknown-key]
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(fresh),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    for table, rules in {**{f"staging.{t}": r for t, r in STAGED.items()}, **DERIVED}.items():
        suite = context.suites.add(_suite(table, rules))
        found = verdicts[verdicts["table_name"] == table.removeprefix("staging.")]
        if len(found):
            _keep(context, suite, _outcome(suite, found.set_index("rule")))
    context.build_data_docs(site_names=[SITE])
    for path in fresh.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder / "index.html"


def _suite(table: str, rules: Sequence[Rule]) -> ExpectationSuite:
    import great_expectations as gx
    import great_expectations.expectations as expectations

    return gx.ExpectationSuite(
        name=table,
        expectations=[
            getattr(expectations, rule.expectation)(
                **rule.arguments,
                notes=f"**{rule.id}** ({rule.severity}, {rule.owner}): {rule.in_general}",
                meta={"rule": rule.id},
            )
            for rule in rules
        ],
    )


def _outcome(suite: ExpectationSuite, counts: pd.DataFrame) -> ExpectationSuiteValidationResult:
    import great_expectations as gx
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

    results = []
    for expectation in suite.expectations:
        config = expectation.configuration
        rule = config.meta["rule"]
        if rule not in counts.index:
            continue
        judged, broken = int(counts.at[rule, "judged"]), int(counts.at[rule, "broken"])
        results.append(
            ExpectationValidationResult(
                success=broken == 0,
                expectation_config=config,
                result={
                    "element_count": judged,
                    "unexpected_count": broken,
                    "unexpected_percent": 100 * broken / judged if judged else 0.0,
                    # which values they are is not said
                    "partial_unexpected_list": [],
                },
                exception_info=NO_EXCEPTION,
            )
        )
    kept = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=kept == len(results),
        results=results,
        suite_name=suite.name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": kept,
            "unsuccessful_expectations": len(results) - kept,
            "success_percent": 100 * kept / len(results) if results else None,
        },
        meta={"great_expectations_version": gx.__version__},
    )


def _keep(context: Any, suite: ExpectationSuite, outcome: ExpectationSuiteValidationResult) -> None:
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    run = RunIdentifier(run_name="last-refresh")
    outcome.meta["run_id"] = run
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(suite.name),
        run_id=run,
        batch_identifier="rows",
    )
    context.validation_results_store.set(key, outcome)
