"""Losses: whether a study still has what its published cut had.

A study that has lost its patients, an arm, its marker or a covariate would publish an empty report
over a whole one. Belongs here: the comparison, as sentences. Does not belong here: counting.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def lost_patients(now: int, before: int | None, allowed: float) -> str:
    """Say that fewer patients are analysed than may be, or none; else an empty text.

    Parameters
    ----------
    before
        Patients analysed in the published cut; None where there is none that can be compared.
    allowed
        Share of them that may be lost.

    Examples
    --------
    >>> lost_patients(50, 53, 0.2)
    ''
    >>> lost_patients(30, 53, 0.2)
    '30 patients are analysed, 53 are in the published cut: 43% fewer, 20% are allowed'
    >>> lost_patients(0, 53, 1)
    '0 patients are analysed, 53 are in the published cut'
    """
    if not before or (now and now >= before * (1 - allowed)):
        return ""
    said = f"{now} patients are analysed, {before} are in the published cut"
    # where no share is too large, none of them are too few all the same
    return f"{said}: {1 - now / before:.0%} fewer, {allowed:.0%} are allowed" if now else said


FEWEST_LOST = 5
"""Patients by which an arm must fall before it is said to be lost: corrections move a few."""


def lost_arms(now: Mapping[str, int], before: Mapping[str, int], allowed: float = 1.0) -> str:
    """Say in which arms nobody is any more, or fewer than may be; else an empty text.

    Parameters
    ----------
    now, before
        Arm -> patients analysed; an arm of the published cut that is not in `now` has none.
    allowed
        Share of an arm's patients that may be lost. Up to FEWEST_LOST - 1 may be in any case.

    Examples
    --------
    >>> lost_arms({"Chemotherapy": 53}, {"Chemotherapy": 24, "With bevacizumab": 29})
    'Nobody is in With bevacizumab any more, where the published cut has 29 patients'
    >>> lost_arms({"Chemotherapy": 50, "With bevacizumab": 3}, {"With bevacizumab": 29}, 0.2)
    'With bevacizumab has 3 patients, 29 in the published cut: 90% fewer, 20% are allowed'
    """
    gone = [(arm, n) for arm, n in before.items() if n and not now.get(arm)]
    if gone:
        had = sum(n for _, n in gone)
        return (
            f"Nobody is in {' or '.join(arm for arm, _ in gone)} any more, where the published cut "
            f"has {had} patient{'s' * (had != 1)}"
        )
    fallen = [
        f"{arm} has {left} patient{'s' * (left != 1)}, {n} in the published cut: "
        f"{1 - left / n:.0%} fewer, {allowed:.0%} are allowed"
        for arm, n in before.items()
        if n - (left := now.get(arm, 0)) >= FEWEST_LOST and left < n * (1 - allowed)
    ]
    return "; ".join(fallen)


def lost_marker(label: str, usable: int, results: int, known: Sequence[str]) -> str:
    """Say that no result is of the marker although results were delivered, or an empty text.

    Parameters
    ----------
    usable, results
        Results of the marker that can be used, and results of any analyte.
    known
        Analytes that the registry has, with their units, the most frequent first.
    """
    if usable or not results:
        return ""
    there = f"; it has {', '.join(known)}" if known else ""
    return f"No result of {label} that can be used is in the registry{there}"


def lost_covariates(filled: Collection[str], before: Collection[str]) -> str:
    """Say which covariates no patient has any more, or an empty text."""
    gone = sorted(set(before) - set(filled))
    if not gone:
        return ""
    return f"No patient has a value of {', '.join(gone)}, which the published cut has"
