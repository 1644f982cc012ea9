-- report.curves: what the figures draw, in months or shares; no point stands for one patient by a key.
create or replace table report.curves as
from analysis.cutoff_curves
union all by name from analysis.response_curves
union all by name from analysis.survival_curves
union all by name from analysis.validity_curves
union all by name from analysis.cutoff_scan_curves
union all by name from analysis.continuous_curves
union all by name from analysis.weighting_curves
union all by name from analysis.monitoring_curves;
