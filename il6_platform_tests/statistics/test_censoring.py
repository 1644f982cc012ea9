import pandas as pd
import pytest

from il6_platform.statistics.censoring import COLUMNS, pfs_with_rule


def patients(*rows):
    frame = pd.DataFrame(rows, columns=COLUMNS, index=[f"p{i}" for i in range(len(rows))])
    return frame.astype("datetime64[ns]")


def outcome(frame, **options):
    result = pfs_with_rule(frame, **{"interval_days": 56, **options})
    assert list(result.index) == list(frame.index)
    return [
        (str(day.date()), event, reason)
        for day, event, reason in zip(
            result["ended_on"], result["event"], result["reason"], strict=True
        )
    ]


def test_an_event_after_two_missed_visits_is_censored_at_the_assessment_before_them():
    # 112 days is two intervals: the visit of the event is the second, only one was missed
    frame = patients(
        ("2020-01-01", "2020-06-17", "2020-02-26", None, None),  # 112 days
        ("2020-01-01", "2020-06-18", "2020-02-26", None, None),  # 113 days
        ("2020-01-01", "2020-06-18", None, None, None),  # never assessed before the event
    )
    assert outcome(frame, rules=["missed_visits"]) == [
        ("2020-06-17", 1, "event"),
        ("2020-02-26", 0, "missed visits"),
        ("2020-01-01", 0, "missed visits"),
    ]
    assert outcome(frame, rules=["missed_visits"], window_days=1)[1] == ("2020-06-18", 1, "event")
    assert outcome(frame, rules=["missed_visits"], missed_visits=1)[0][1] == 0


def test_a_new_therapy_before_the_event_censors_at_the_assessment_before_the_therapy():
    frame = patients(
        ("2020-01-01", "2020-06-01", "2020-05-01", "2020-04-01", "2020-03-01"),
        ("2020-01-01", "2020-06-01", "2020-05-01", "2020-06-01", "2020-05-01"),  # same day
        ("2020-01-01", None, "2020-05-01", "2020-04-01", "2020-03-01"),  # no event
        ("2020-01-01", "2020-03-01", "2020-02-01", "2020-02-15", None),  # none before therapy
    )
    assert outcome(frame, rules=["new_therapy"]) == [
        ("2020-03-01", 0, "new therapy"),
        ("2020-06-01", 1, "event"),
        ("2020-03-01", 0, "new therapy"),
        ("2020-01-01", 0, "new therapy"),
    ]


def test_without_a_rule_every_event_counts():
    frame = patients(
        ("2020-01-01", "2021-06-01", "2020-02-01", "2020-04-01", "2020-02-01"),
        ("2020-01-01", None, "2020-05-01", "2020-04-01", "2020-03-01"),
        ("2020-01-01", None, None, None, None),
    )
    assert outcome(frame, rules=[]) == [
        ("2021-06-01", 1, "event"),
        ("2020-05-01", 0, "last adequate assessment"),
        ("2020-01-01", 0, "last adequate assessment"),
    ]


def test_both_rules_censor_no_later_than_either():
    frame = patients(
        ("2020-01-01", "2020-12-01", "2020-05-01", "2020-11-01", "2020-05-01"),
        ("2020-01-01", "2020-12-01", "2020-05-01", "2020-03-10", "2020-03-01"),
        ("2020-01-01", "2020-12-01", "2020-05-01", None, None),
    )
    assert outcome(frame) == [
        ("2020-05-01", 0, "new therapy"),
        ("2020-03-01", 0, "new therapy"),
        ("2020-05-01", 0, "missed visits"),
    ]


def test_no_day_is_added_to_the_days_since_the_start():
    frame = patients(("2020-01-01", "2020-03-01", "2020-02-01", None, None))
    assert pfs_with_rule(frame, interval_days=56)["days"].item() == 60


def test_no_patients():
    assert outcome(patients()) == []


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        ((None, None, None, None, None), {}, "start"),
        (("2020-01-02", "2020-01-01", None, None, None), {}, "before"),
        (("2020-01-01", None, None, None, None), {"rules": ["ema"]}, "ema"),
    ],
)
def test_misuse_is_refused(row, options, message):
    with pytest.raises(ValueError, match=message):
        outcome(patients(row), **options)


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="new_therapy_on"):
        outcome(patients().drop(columns="new_therapy_on"))


def test_a_composite_counts_the_therapy_or_the_first_missed_visit_as_the_event():
    frame = patients(
        ("2020-01-01", "2020-06-01", "2020-05-01", "2020-04-01", "2020-03-01"),
        ("2020-01-01", None, "2020-05-01", "2020-04-01", "2020-03-01"),
        ("2020-01-01", "2020-03-01", "2020-02-01", "2020-05-15", None),  # event comes first
        ("2020-01-01", "2020-08-01", "2020-02-26", None, None),
        ("2020-01-01", "2020-08-01", "2020-02-26", "2020-03-15", "2020-02-26"),
        ("2020-01-01", "2020-08-01", "2020-02-26", "2020-07-15", "2020-02-26"),
    )
    both = {"rules": [], "composite": ["new_therapy", "missed_visits"]}
    assert outcome(frame, **both) == [
        ("2020-04-01", 1, "new therapy"),
        ("2020-04-01", 1, "new therapy"),
        ("2020-03-01", 1, "event"),
        ("2020-04-22", 1, "missed visits"),
        ("2020-03-15", 1, "new therapy"),
        ("2020-04-22", 1, "missed visits"),
    ]
    alone = outcome(frame, rules=[], composite=["new_therapy"])
    assert alone[3:] == [
        ("2020-08-01", 1, "event"),
        ("2020-03-15", 1, "new therapy"),
        ("2020-07-15", 1, "new therapy"),
    ]


def test_one_strategy_may_censor_and_the_other_count():
    frame = patients(
        ("2020-01-01", "2020-08-01", "2020-02-26", None, None),
        ("2020-01-01", "2020-06-01", "2020-05-01", "2020-04-01", "2020-03-01"),
    )
    options = {"rules": ["missed_visits"], "composite": ["new_therapy"]}
    assert outcome(frame, **options) == [
        ("2020-02-26", 0, "missed visits"),
        ("2020-04-01", 1, "new therapy"),
    ]
    with pytest.raises(ValueError, match="cannot both censor and be an event"):
        outcome(frame, rules=["new_therapy"], composite=["new_therapy"])
