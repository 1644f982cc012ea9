-- report.results: every number of the study, one estimate a row; all else is a view, a figure or a page made from it.
create or replace table report.results as
from analysis.baseline
union all by name from analysis.cutoff
union all by name from analysis.response
union all by name from analysis.survival
union all by name from analysis.cox
union all by name from analysis.interaction
union all by name from analysis.subgroups
union all by name from analysis.small_sample
union all by name from analysis.validity
union all by name from analysis.cutoff_scan
union all by name from analysis.continuous
union all by name from analysis.weighting
union all by name from analysis.missing
union all by name from analysis.multiplicity
union all by name from analysis.sensitivity
union all by name from analysis.evidence
union all by name from analysis.monitoring;
