"""Drafting a profile of an export that nobody has described yet.

Belongs here: what an export seems to be (`known_systems`, `draft`, `columns`), written as YAML with
questions. Does not belong here: the words (`vocabulary`), what a key means (`profiles`).
"""

from il6_platform.registry.profile_inference.draft import Draft, draft

__all__ = ["Draft", "draft"]
