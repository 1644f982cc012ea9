-- cuts.moved_estimates: every estimate that two cuts both hold or only one of them, old beside new, by its coordinates.
select
    coalesce(b.analysis, a.analysis) as analysis,
    coalesce(b.endpoint, a.endpoint) as endpoint,
    coalesce(b.population, a.population) as population,
    coalesce(b.contrast, a.contrast) as contrast,
    coalesce(b.grp, a.grp) as grp,
    coalesce(b.model, a.model) as model,
    coalesce(b.term, a.term) as term,
    coalesce(b.statistic, a.statistic) as statistic,
    coalesce(b."at", a."at") as "at",
    a.estimate as old_estimate,
    b.estimate as new_estimate,
    b.estimate - a.estimate as moved_by,
    a.ci_low as old_low,
    a.ci_high as old_high,
    b.ci_low as new_low,
    b.ci_high as new_high,
    a.p_value as old_p,
    b.p_value as new_p,
    a.n as old_n,
    b.n as new_n,
    case
        when a.analysis is null then 'new'
        when b.analysis is null then 'gone'
        when
            -- in a row two nulls are equal
            row(a.n, a.events) = row(b.n, b.events)
            -- another code may differ in the last bits
            and list_bool_and(
                list_transform(
                    list_zip([a.estimate, a.ci_low, a.ci_high, a.p_value], [b.estimate, b.ci_low, b.ci_high, b.p_value]),
                    lambda one: one[1] is not distinct from one[2]
                    or coalesce(abs(one[1] - one[2]) <= 1e-6 * least(abs(one[1]), abs(one[2])), false)
                )
            ) then 'same'
        else 'moved'
    end as change,
    coalesce((a.p_value < 0.05) != (b.p_value < 0.05), false) as crossed
from earlier.results as a
full outer join later.results as b
    on a.analysis = b.analysis
    and a.endpoint is not distinct from b.endpoint
    and a.population is not distinct from b.population
    and a.contrast is not distinct from b.contrast
    and a.grp is not distinct from b.grp
    and a.model is not distinct from b.model
    and a.term is not distinct from b.term
    and a.statistic = b.statistic
    and a."at" is not distinct from b."at"
order by analysis, endpoint, population, contrast, grp, model, term, statistic, "at";
