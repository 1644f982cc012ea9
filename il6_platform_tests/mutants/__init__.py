"""Small wrongs in cohort and cut-off, each of which a specification test must see.

`python -m il6_platform_tests.mutants` applies them one at a time, runs the tests that are meant to
see each and prints which were killed; exit status 1 where one survives. `catalogue` holds them,
`run` applies them. A dozen run with the other tests.
"""
