"""Drafting a profile of an export that nobody has described yet.

Belongs here: what an export holds (`columns`, `blocks`), who it speaks of (`persons`), what its
columns mean (`meanings`, `sharing`, `known_systems`), written as YAML (`writing`) with `questions`;
`draft` puts them together. Does not belong here: the words (`vocabulary`), what a key means
(`profiles`).
"""

from il6_platform.registry.profile_inference.draft import Draft, draft

__all__ = ["Draft", "draft"]
