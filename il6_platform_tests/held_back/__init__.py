"""Registries that nobody has looked at: made at random, analysed by the job and by R, compared.

`python -m il6_platform_tests.held_back.compare` needs R with survival, pROC, maxstat and jsonlite;
`make test` does not run it.
"""
