"""Reading profiles: from YAML, with errors that name file, line and key.

Belongs here: files and folders. Does not belong here: what a key means (`keys`).
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from il6_platform.files import listed
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import open_sheets
from il6_platform.registry.profiles.profile import Profile
from il6_platform.registry.redcap_dictionary import read_dictionary
from il6_platform.yaml_config import YamlConfigError, read_typed


def read_profiles(*folders: Path, landing: Path | None = None) -> list[Profile]:
    """Read the profiles of folders, in the order of their names; a site's own come first.

    Parameters
    ----------
    landing
        The folder in which a profile's data dictionary may lie, where it does not lie beside it.

    Raises
    ------
    YamlConfigError
        Naming file, line and key of what cannot be.
    UsageError
        Where a folder may not be read.
    """
    return [
        profile
        for folder in folders
        for profile in _distinct(
            {path: read_profile(path, landing) for path in listed(folder, "*.y*ml")}
        )
    ]


def read_profile(path: Path, landing: Path | None = None) -> Profile:
    """Read one profile, and the data dictionary that it names where it is there already.

    Raises
    ------
    YamlConfigError
        Naming file, line and key of what cannot be.
    """
    try:
        profile = _profile_of(path, path.read_bytes())
    except OSError:
        # says why it cannot be read; should it be readable now, that is not kept for the next time
        profile = _profile_of.__wrapped__(path, None)
    if profile.dictionary is None:
        return profile
    beside = path.parent / profile.dictionary
    named = landing.rglob(Path(profile.dictionary).name) if landing else []
    landed = sorted(filter(os.path.isfile, named))
    for file in [*([beside] if beside.is_file() else []), *reversed(landed)]:
        try:
            (sheet,) = open_sheets(file.name, file.read_bytes())
            return profile.with_dictionary(read_dictionary(sheet.export))
        except (ExportError, OSError, ValueError) as error:
            raise YamlConfigError(f"profile {path}, key dictionary: {file} {error}") from None
    return profile


@lru_cache(maxsize=64)
def _profile_of(path: Path, content: bytes | None) -> Profile:
    """Return the profile of a file whose content is this: one command reads it several times."""
    return read_typed(
        *(path, Profile, "profile", "remove it or make it readable", Profile.mistakes),
        as_text=True,
        content=content,
    )


def _distinct(read: dict[Path, Profile]) -> list[Profile]:
    """Refuse profiles of one folder that share a name or would take the same exports."""
    seen: dict[tuple[object, ...], Path] = {}
    for path, profile in read.items():
        marks: list[tuple[object, ...]] = [("name", profile.name)]
        marks += [("recognise", one.file, *sorted(one.columns)) for one in profile.recognise]
        for mark in marks:
            other = seen.setdefault(mark, path)
            if other != path:
                raise YamlConfigError(
                    f"profile {path}, key {mark[0]}: is the same as in {other.name}; "
                    "make them differ or remove one"
                )
    return list(read.values())
