"""Registries that nobody has looked at: made at random, analysed by the job and by R, compared.

`python -m il6_platform_tests.held_back.compare` needs R with survival, pROC, maxstat and jsonlite.
`make test` needs none: it runs the job on the registries in `stored/`, beside R's stored answers,
`r.json`. `Rscript derive_and_estimate.R stored/SEED` makes them anew.

Where R and the platform differ by convention:
- A model that is separated, or whose terms cannot be told apart, has no numbers here at all; R has
  what its last step left (a hazard ratio of 1e9, an error of 0).
- A log-rank test without events, with one patient in a group, or without an event while both groups
  are at risk is null here; R says 0 and P = 1.
- An AUC without spread: of a marker that is constant there is no interval here, of one that
  separates completely Newcombe's; R's is a single point.
- Youden's cut-off is never the lowest value, which leaves nobody low.
- A cut-off of the scan has a hazard ratio where five patients are on either side of it.
- A category of the native format is one level however it is spelt; other columns are as received.
"""
