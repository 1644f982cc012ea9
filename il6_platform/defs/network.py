"""Network: the packs of several sites -> what they say together, in a home that combines them.

Belongs here: the packs and their combination as assets of their own, which no refresh waits for.
Does not belong here: how packs are combined (`il6_platform.network`), or how they travel.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    Failure,
    MaterializeResult,
    MetadataValue,
    asset,
)

from il6_platform.defs.metadata import preview
from il6_platform.defs.specs import OWNERS, key_of
from il6_platform.errors import UsageError
from il6_platform.network.folder import combine_folder, read_packs
from il6_platform.paths import code_version
from il6_platform.warehouse.home import Site

T = TypeVar("T")


def assets_of(site: Site) -> list[AssetsDefinition]:
    """Return the assets of the network whose packs lie in `IL6_HOME/network`."""
    folder = site.home_path / "network"

    @asset(
        key=key_of("network.packs"),
        group_name="network",
        kinds={"json"},
        owners=OWNERS["report"],
        code_version=code_version(),
    )
    def packs(context: AssetExecutionContext) -> MaterializeResult:
        """The packs that sites have given to this home's network: `IL6_HOME/network`."""
        found = _made(read_packs, folder)
        rows = [
            (name, number, str(pack["cut"]))
            for number, of in found.items()
            for name, pack in of.items()
        ]
        context.log.info(f"{len(rows)} packs of {len({name for name, *_ in rows})} sites.")
        frame = pd.DataFrame(rows, columns=["site", "round", "cut"])
        return MaterializeResult(metadata={"preview": preview(frame, 200)})

    @asset(
        key=key_of("network.results"),
        group_name="network",
        kinds={"python", "html"},
        owners=OWNERS["report"],
        code_version=code_version(),
        deps=[packs],
    )
    def results(context: AssetExecutionContext) -> MaterializeResult:
        """What all sites say together, as `il6 network` does it, and what they are asked next."""
        state = _made(combine_folder, folder)
        context.log.info(f"{len(state.sites)} sites, round {state.round}.")
        return MaterializeResult(
            metadata={
                "round": state.round,
                "sites": list(state.sites),
                "waiting_for": list(state.waiting_for),
                "has_converged": state.is_done,
                "page": MetadataValue.path(str(folder / "network.html")),
                "preview": preview(pd.read_csv(folder / "network_results.csv"), 40),
            }
        )

    return [packs, results]


def _made(make: Callable[[Path], T], folder: Path) -> T:
    """Return what is made of a folder, or fail with the sentence of a wrong use, once."""
    if not folder.is_dir():
        raise Failure(f"{folder} is not there; put the sites' packs into it", allow_retries=False)
    try:
        return make(folder)
    except UsageError as error:
        raise Failure(str(error), allow_retries=False) from None
