"""The cohort as known on a day: what had been delivered, and had happened, by then.

Belongs here: making the cohort tables anew as of an earlier day, by the SQL that makes them today.
Does not belong here: the derivations themselves (`sql/cohort`), or what is computed from a cohort
(`il6_platform.analysis`).
"""
