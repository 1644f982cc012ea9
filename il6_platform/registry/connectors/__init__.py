"""Connectors: what a source gives, put into the landing folder as a delivery.

A source is configured in `registry.yaml` (`registry_file`); its kind is one module here that
fetches it (`redcap`, `sql`, `folder`). A secret stands in the environment alone: the configuration
names its variable. Belongs here: fetching, and what is new of it. Does not belong here: reading
what was fetched (`formats`, `profiles`), or when it is fetched (`defs.sources`).
"""

from il6_platform.registry.connectors.delivery import Fetched, deliver
from il6_platform.registry.connectors.fetch import fetch

__all__ = ["Fetched", "deliver", "fetch"]
