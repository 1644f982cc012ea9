"""The embedded registry of data/demo: synthetic exports that reproduce a study's published claims.

`python -m il6_platform_tests.demo` writes it, the same bytes every time. Nothing of the product
needs this package: it ships the files. No figure that was published stands in it: sizes, P values,
cut-offs, ages, follow-up and dates to meet are read from the study file.
"""
