"""Where the marker is cut: who is a case, which value is chosen, how well it classifies."""

from __future__ import annotations

from il6_platform_tests.specification.cutoff import CutoffRule


def test_event_by_a_time(cut: CutoffRule) -> None:
    """With `outcome: {endpoint: PFS, by_months: 9}` a case has the event by 9 months (that day
    included), a control is known to be free of it beyond; who was censored by then is left out."""
    cut.study("cutoff: {method: youden, outcome: {endpoint: PFS, by_months: 9}}")
    cut.given(
        patients="""
        | patient | marker | time_PFS | event_PFS |
        | p1      | 6      | 3        | Y         |
        | p2      | 5      | 9        | Y         |
        | p3      | 1      | 9.1      | Y         |
        | p4      | 2      | 8.9      | N         |
        | p5      | 3      | 9        | N         |
        | p6      | 4      | 9.1      | N         |
        """
    )
    cut.expect(
        outcome="""
        | patient | outcome |
        | p1      | case    |
        | p2      | case    |
        | p3      | control |
        | p4      |         |
        | p5      |         |
        | p6      | control |
        """,
        cutoff="""
        | statistic | estimate | n | events |
        | cutoff    | 5        | 4 | 2      |
        | auc       | 1        | 4 | 2      |
        """,
    )


def test_response_as_outcome(cut: CutoffRule) -> None:
    """With `outcome: response` the case is who did not respond (no CR, no PR); who could not be
    evaluated (NE) did not respond."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | CR  |
        | p2      | 2      | PR  |
        | p3      | 3      | SD  |
        | p4      | 4      | PD  |
        | p5      | 5      | NE  |
        """
    )
    cut.expect(
        outcome="""
        | patient | outcome |
        | p1      | control |
        | p2      | control |
        | p3      | case    |
        | p4      | case    |
        | p5      | case    |
        """,
        cutoff="""
        | statistic | estimate |
        | cutoff    | 3        |
        | youden    | 1        |
        """,
    )


def test_largest_youden_index(cut: CutoffRule) -> None:
    """Youden's rule takes the observed value with the largest sensitivity + specificity - 1; a
    patient is positive where the marker is at or above it."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | CR  |
        | p2      | 2      | SD  |
        | p3      | 3      | PR  |
        | p4      | 3.5    | PR  |
        | p5      | 4      | PD  |
        | p6      | 5      | PD  |
        | p7      | 6      | PR  |
        | p8      | 6.5    | PR  |
        | p9      | 7      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic   | estimate | n | events |
        | cutoff      | 4        | 9 | 4      |
        | youden      | 7 / 20   | 9 | 4      |
        | sensitivity | 3 / 4    | 4 | 3      |
        | specificity | 3 / 5    | 5 | 3      |
        | ppv         | 3 / 5    | 5 | 3      |
        | npv         | 3 / 4    | 4 | 3      |
        | auc         | 12 / 20  | 9 | 4      |
        """
    )


def test_few_controls_weigh_as_much_as_many_cases(cut: CutoffRule) -> None:
    """Sensitivity and specificity count as proportions: one control of one weighs as much as all
    cases together."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PD  |
        | p2      | 2      | PD  |
        | p3      | 3      | PR  |
        | p4      | 4      | PD  |
        | p5      | 5      | PD  |
        | p6      | 6      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | cutoff    | 4        |
        | youden    | 3 / 5    |
        """
    )


def test_the_lowest_of_tied_cutoffs(cut: CutoffRule) -> None:
    """Of cut-offs with the same index the lowest is taken."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PR  |
        | p2      | 2      | PD  |
        | p3      | 3      | PR  |
        | p4      | 4      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | cutoff    | 2        |
        | youden    | 1 / 2    |
        """
    )


def test_tied_markers_in_the_area(cut: CutoffRule) -> None:
    """In the area under the curve a case and a control with the same marker count one half."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PR  |
        | p2      | 2      | PR  |
        | p3      | 2      | PD  |
        | p4      | 3      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | auc       | 7 / 8    |
        | cutoff    | 2        |
        """
    )


def test_the_lowest_value_is_no_cutoff(cut: CutoffRule) -> None:
    """The lowest value leaves nobody low and is no cut-off, even where no other one separates."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PD  |
        | p2      | 2      | PR  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic   | estimate |
        | cutoff      | 2        |
        | youden      | -1       |
        | sensitivity | 0        |
        | specificity | 0        |
        """
    )


def test_a_lower_marker_that_is_worse(cut: CutoffRule) -> None:
    """With `direction: lower` a patient is a positive below the cut-off; high stays at or above."""
    cut.study("cutoff: {method: youden, outcome: response, direction: lower}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PD  |
        | p2      | 2      | PD  |
        | p3      | 3      | PR  |
        | p4      | 4      | PD  |
        | p5      | 5      | PR  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic   | estimate |
        | cutoff      | 3        |
        | youden      | 2 / 3    |
        | sensitivity | 2 / 3    |
        | specificity | 1        |
        | auc         | 5 / 6    |
        """
    )


def test_no_cases_or_no_controls(cut: CutoffRule) -> None:
    """Without a case, or without a control, there is no cut-off."""
    cut.study("cutoff: {method: youden, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PD  |
        | p2      | 2      | SD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate | n | events |
        | cutoff    |          | 2 | 2      |
        | auc       |          | 2 | 2      |
        """
    )


def test_median(cut: CutoffRule) -> None:
    """The median rule takes the lowest observed value at or above the median."""
    cut.study("cutoff: {method: median}")
    cut.given(
        patients="""
        | patient | marker |
        | p1      | 1      |
        | p2      | 2      |
        | p3      | 7      |
        | p4      | 9      |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate | n |
        | cutoff    | 7        | 4 |
        """
    )


def test_median_that_is_observed(cut: CutoffRule) -> None:
    """Where the median is itself observed, it is the cut-off."""
    cut.study("cutoff: {method: median}")
    cut.given(
        patients="""
        | patient | marker |
        | p1      | 1      |
        | p2      | 4      |
        | p3      | 9      |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate | n |
        | cutoff    | 4        | 3 |
        """
    )


def test_fixed(cut: CutoffRule) -> None:
    """A fixed cut-off is the study file's, whatever the data; it is judged by the outcome."""
    cut.study("cutoff: {method: fixed, value: 4.83, outcome: response}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 4.82   | PR  |
        | p2      | 4.83   | PD  |
        | p3      | 1      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic   | estimate | n |
        | cutoff      | 4.83     | 3 |
        | sensitivity | 1 / 2    | 2 |
        | specificity | 1        | 1 |
        """
    )


def test_maximally_selected(cut: CutoffRule) -> None:
    """The maximally selected rule takes the value that parts survival best, of the study's first
    endpoint where none is named."""
    cut.study("cutoff: {method: maxstat}")
    cut.given(
        patients="""
        | patient | marker | time_PFS | event_PFS | time_OS | event_OS |
        | p1      | 1      | 30       | N         | 40      | N        |
        | p2      | 2      | 28       | N         | 40      | N        |
        | p3      | 3      | 27       | N         | 10      | Y        |
        | p4      | 4      | 5        | Y         | 11      | Y        |
        | p5      | 5      | 4        | Y         | 12      | Y        |
        | p6      | 6      | 3        | Y         | 13      | Y        |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate | n |
        | cutoff    | 4        | 6 |
        """
    )


def test_maximally_selected_of_another_endpoint(cut: CutoffRule) -> None:
    """Where the cut-off's outcome names an endpoint, its survival is parted."""
    cut.study("cutoff: {method: maxstat, outcome: {endpoint: OS}}")
    cut.given(
        patients="""
        | patient | marker | time_PFS | event_PFS | time_OS | event_OS |
        | p1      | 1      | 30       | N         | 40      | N        |
        | p2      | 2      | 28       | N         | 40      | N        |
        | p3      | 3      | 27       | N         | 10      | Y        |
        | p4      | 4      | 5        | Y         | 11      | Y        |
        | p5      | 5      | 4        | Y         | 12      | Y        |
        | p6      | 6      | 3        | Y         | 13      | Y        |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate | n |
        | cutoff    | 3        | 6 |
        """
    )


def test_weights_for_the_censored(cut: CutoffRule) -> None:
    """With `censored: weighted` who was censored by the time is stood for by the others: weight
    1 / G, where G is the Kaplan-Meier estimate of not being censored before the event, or by the
    time. Here p2 is censored at 5 among 4 at risk, so later ones weigh 4/3 and p1 weighs 1."""
    cut.study(
        "cutoff: {method: youden, outcome: {endpoint: PFS, by_months: 9, censored: weighted}}"
    )
    cut.given(
        patients="""
        | patient | marker | time_PFS | event_PFS |
        | p1      | 3      | 3        | Y         |
        | p2      | 2      | 5        | N         |
        | p3      | 0.5    | 8        | Y         |
        | p4      | 1      | 12       | Y         |
        | p5      | 2.5    | 12       | N         |
        """
    )
    cut.expect(
        cutoff="""
        | statistic   | estimate |
        | cutoff      | 3        |
        | sensitivity | 3 / 7    |
        | specificity | 1        |
        | youden      | 3 / 7    |
        """
    )


def test_the_smallest_group(cut: CutoffRule) -> None:
    """A cut-off that the data choose leaves `min_patients`, and `min_share` of all, on either side:
    here 2 is the best cut-off, but leaves one patient low."""
    cut.study("cutoff: {method: youden, outcome: response, min_patients: 2}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PR  |
        | p2      | 2      | PD  |
        | p3      | 3      | PD  |
        | p4      | 4      | PD  |
        | p5      | 5      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic   | estimate |
        | cutoff      | 3        |
        | sensitivity | 3 / 4    |
        """
    )


def test_the_smallest_share(cut: CutoffRule) -> None:
    """The share counts all patients with a marker: 0.4 of five are two."""
    cut.study("cutoff: {method: youden, outcome: response, min_share: 0.4}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PR  |
        | p2      | 2      | PD  |
        | p3      | 3      | PD  |
        | p4      | 4      | PD  |
        | p5      | 5      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | cutoff    | 3        |
        """
    )


def test_the_smallest_group_of_a_maximal_selection(cut: CutoffRule) -> None:
    """The maximally selected rule keeps to the smallest group on either side: 5 parts best, and
    leaves one patient high."""
    cut.study("cutoff: {method: maxstat, min_patients: 2}")
    cut.given(
        patients="""
        | patient | marker | time_PFS | event_PFS |
        | p1      | 1      | 30       | N         |
        | p2      | 2      | 29       | N         |
        | p3      | 3      | 28       | N         |
        | p4      | 4      | 27       | N         |
        | p5      | 5      | 3        | Y         |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | cutoff    | 4        |
        """
    )


def test_the_smallest_share_of_a_maximal_selection(cut: CutoffRule) -> None:
    """It keeps to the smallest share on either side in the same way."""
    cut.study("cutoff: {method: maxstat, min_share: 0.4}")
    cut.given(
        patients="""
        | patient | marker | time_PFS | event_PFS |
        | p1      | 1      | 30       | N         |
        | p2      | 2      | 29       | N         |
        | p3      | 3      | 28       | N         |
        | p4      | 4      | 27       | N         |
        | p5      | 5      | 3        | Y         |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | cutoff    | 4        |
        """
    )


def test_a_fixed_cutoff_may_leave_fewer(cut: CutoffRule) -> None:
    """A fixed cut-off, or the median, is taken as it is, whatever group it leaves; it says so."""
    cut.study("cutoff: {method: fixed, value: 5, min_patients: 2}")
    cut.given(
        patients="""
        | patient | marker |
        | p1      | 1      |
        | p2      | 2      |
        | p3      | 5      |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate | code              |
        | cutoff    | 5        | few_beside_cutoff |
        """
    )


def test_the_smallest_group_above(cut: CutoffRule) -> None:
    """The smallest group is kept on the upper side too: 5 is the best cut-off, but leaves one
    patient high."""
    cut.study("cutoff: {method: youden, outcome: response, min_patients: 2}")
    cut.given(
        patients="""
        | patient | marker | BOR |
        | p1      | 1      | PR  |
        | p2      | 2      | PR  |
        | p3      | 3      | PR  |
        | p4      | 4      | PR  |
        | p5      | 5      | PD  |
        """
    )
    cut.expect(
        cutoff="""
        | statistic | estimate |
        | cutoff    | 4        |
        """
    )
