"""REDCap's API: the records of a project, and its data dictionary.

Two requests, as REDCap documents them (API Export Records, Export Metadata); the platform's
profiles read both as they come. PyCap is not used: its own checks fail with the token in their
message.
"""

from __future__ import annotations

import requests

from il6_platform.registry.connectors.delivery import Fetched
from il6_platform.registry.connectors.errors import unreachable
from il6_platform.registry_file import RedcapSource

SECONDS = 300
"""Longest wait for an answer: a large project takes minutes."""


def fetch(name: str, source: RedcapSource, token: str | None) -> list[Fetched]:
    """Return `records.csv` and `dictionary.csv` of a project.

    Raises
    ------
    SourceError
        Where REDCap cannot be reached or answers with an error (a wrong token, no right to export).
    """
    asked: dict[str, str] = {"type": "flat", "rawOrLabel": "raw", "exportDataAccessGroups": "true"}
    for kind, chosen in (("forms", source.forms), ("events", source.events)):
        asked |= {f"{kind}[{number}]": one for number, one in enumerate(chosen)}
    return [
        Fetched("records.csv", _ask(name, source, token, "record", asked)),
        Fetched("dictionary.csv", _ask(name, source, token, "metadata", {}), is_dictionary=True),
    ]


def _ask(
    name: str, source: RedcapSource, token: str | None, content: str, more: dict[str, str]
) -> bytes:
    form = {"token": token or "", "content": content, "format": "csv", "returnFormat": "json"}
    try:
        # a redirect would carry the token to wherever it points
        answer = requests.post(source.url, data=form | more, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise unreachable(name, f"REDCap cannot be reached ({error})", token) from None
    if answer.status_code != 200:
        raise unreachable(name, f"REDCap refuses ({answer.status_code}: {answer.text})", token)
    if not answer.content.strip() or answer.content.lstrip()[:1] in (b"{", b"<"):
        raise unreachable(name, f"REDCap gives no CSV of {content}; check the url", token)
    return answer.content
