"""Kept deliveries, read again: each checked against what arrived, or what an erasure left of it.

Belongs here: finding a delivery's bytes and what they are. Does not belong here: what is recorded
of them (`raw`), or what is done where they are lost (`defs.raw`, `publishing.verification`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from il6_platform.errors import PlatformError
from il6_platform.files import read_rows
from il6_platform.registry.deliveries import Delivery, Opened, open_deliveries
from il6_platform.registry.erased import Erased, is_as_kept, is_gone, read_erased
from il6_platform.registry.landing import Found, digest_of
from il6_platform.registry.profiles import Profile


class Kept:
    """The deliveries that a home keeps.

    Parameters
    ----------
    home
        IL6_HOME.
    found
        Files of the landing folder: the same bytes may lie there still.
    profiles
        The registry's, by which a file is read again.
    """

    def __init__(
        self, home: Path, found: Sequence[Found] = (), profiles: Sequence[Profile] = ()
    ) -> None:
        self._folder = home / "deliveries"
        self._found, self._profiles = found, profiles
        self._erased = read_erased(home)
        self.landings = read_rows(home / "deliveries.csv", ("content", "file"))
        # a ledger of before knew content by its bytes alone
        self._sha256 = {
            row["content"]: row.get("sha256") or row["content"] for row in self.landings
        }

    def missed(self) -> dict[str, str]:
        """Return which deliveries should be kept and are not as they were: name -> file."""
        missed = {}
        for row in self.landings:
            digest = row["content"]
            # a ledger of before does not say what was kept
            is_expected = row.get("kept") == "Y" or self._path(digest).exists()
            if is_expected and not self.is_whole(digest):
                missed[digest] = row["file"]
        return missed

    def to_keep_again(self) -> set[str]:
        """Return what of it may be kept again, should the same bytes lie in the landing folder.

        Not what was erased in part: the bytes that arrived tell of a forgotten patient.
        """
        erased = {name for one in self._erased for name in (one.delivery, one.source)}
        return self.missed().keys() - erased

    def read(self, digest: str) -> bytes:
        """Return the bytes of a kept delivery.

        Raises
        ------
        PlatformError
            Where they are gone.
        """
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise PlatformError(
                f"kept delivery {digest[:12]} is gone: il6 verify names its file; il6 restore, or "
                "the same file in the landing folder, brings it back"
            ) from None

    def is_whole(self, digest: str) -> bool:
        """Say whether a kept file is as it was, or was taken away for a forgotten patient."""
        path = self._path(digest)
        if not path.exists():
            return is_gone(digest, self._erased) and all(
                self.is_whole(one.delivery) for one in self._made_of(digest)
            )
        found = digest_of(path.read_bytes())
        return found == self._sha256.get(digest) or is_as_kept(digest, found, self._erased)

    def opened(self, file: str, digest: str) -> tuple[Opened | None, bytes | None]:
        """Read a delivery again.

        Returns
        -------
        Opened or None
            What it is; None where nothing is there to be read.
        bytes or None
            Its bytes, where they were found in the landing folder alone.
        """
        if not self.is_whole(digest):
            sha256 = self._sha256.get(digest, digest)
            content = next((i.read() for i in self._found if i.digest() == sha256), None)
            if content is None or digest_of(content) != sha256:
                return None, None
            return open_deliveries(file, content, self._profiles).known_as(digest), content
        if is_gone(digest, self._erased) and not self._path(digest).exists():
            made = [self._native(one) for one in self._made_of(digest)]
            return (Opened(made) if made else None), None
        content = self._path(digest).read_bytes()
        return open_deliveries(file, content, self._profiles).known_as(digest), None

    def _path(self, digest: str) -> Path:
        return self._folder / digest

    def _made_of(self, source: str) -> list[Erased]:
        """Return the native tables of a file that was taken away, each as it was last left."""
        last = {one.delivery: one for one in self._erased if one.source == source}
        return [*last.values()]

    def _native(self, one: Erased) -> Delivery:
        content = self._path(one.delivery).read_bytes()
        (read,) = open_deliveries(f"{one.table_name}.csv", content, ()).deliveries
        return replace(
            read,
            digest=one.delivery,
            file=one.file,
            delivered_on=date.fromisoformat(one.delivered_on),
            source=one.source,
            profile=one.profile or None,
            profile_version=one.profile_version or None,
            is_relative=one.is_relative == "Y",
            native=content,
            sheet=one.sheet,
        )
