"""Registry profiles: how the exports of one registry become native tables.

A profile is a YAML file (data/profiles, or IL6_HOME/profiles of a site). Belongs here: its keys
(`keys`), reading it with errors that name line and key (`files`), which export it fits and what
native tables it makes of one (`profile`, `rows`, `native_part`). Does not belong here: opening
files (`formats`), reading cells (`cells`).
"""

from il6_platform.registry.profiles.files import read_profile, read_profiles
from il6_platform.registry.profiles.keys import Mapping, Recognise
from il6_platform.registry.profiles.native_part import NativePart
from il6_platform.registry.profiles.profile import Profile, closest

__all__ = [
    "Mapping",
    "NativePart",
    "Profile",
    "Recognise",
    "closest",
    "read_profile",
    "read_profiles",
]
