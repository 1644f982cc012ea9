"""The cohort's derivations as rules: a few rows in, the expected rows beside them, the real SQL.

Belongs here: one file a cohort table, one test a branch; the test's docstring states the rule, and
`il6_platform/docs/derivations.md` is made of these sentences (`python -m
il6_platform_tests.specification`). Does not belong here: how a cell is read or a line judged
(`registry`, `validation`), and what a whole refresh publishes (`end_to_end`).
"""
