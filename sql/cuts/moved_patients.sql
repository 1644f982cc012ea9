-- cuts.moved_patients: which patients came, left or changed between two cuts; one row a patient and change.
with
both_cuts as (
    select
        coalesce(b.patient, a.patient) as patient,
        a.patient is not null as was_there,
        b.patient is not null as is_there,
        a.reason as old_reason,
        b.reason as new_reason,
        a.marker_group as old_group,
        b.marker_group as new_group,
        row(a.baseline) != row(b.baseline) as new_baseline,
        row(a.response) != row(b.response) as new_response,
        row(a.follow_up) != row(b.follow_up) as new_follow_up
    from earlier as a
    full outer join later as b on a.patient = b.patient
),

changes (patient, change) as (
    select patient, coalesce('came, not analysed: ' || new_reason, 'came, analysed')
    from both_cuts
    where not was_there
    union all
    select patient, coalesce('left, was not analysed: ' || old_reason, 'left, was analysed')
    from both_cuts
    where not is_there
    union all
    select patient, coalesce('no longer analysed: ' || new_reason, 'now analysed, before: ' || old_reason)
    from both_cuts
    where was_there and is_there and old_reason is distinct from new_reason
    union all
    select patient, 'marker group changed: ' || old_group || ' to ' || new_group
    from both_cuts
    where old_group != new_group
    union all
    select patient, 'arm, marker or covariates changed'
    from both_cuts
    where was_there and is_there and new_baseline
    union all
    select patient, 'response changed'
    from both_cuts
    where was_there and is_there and new_response
    union all
    select patient, 'follow-up changed'
    from both_cuts
    where was_there and is_there and new_follow_up
)

select change, patient
from changes
order by change, patient;
