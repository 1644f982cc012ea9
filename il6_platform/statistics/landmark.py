"""Survival by what happens after time zero, without immortal time: the landmark method.

Belongs here: comparing responders with non-responders among patients who were there to respond, and
arms that a later start of a drug decides among patients who were there to start it.
Does not belong here: survival at fixed times (`survival`), which some also call landmarks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from il6_platform.statistics._check import not_censored, samples
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.regression import cox
from il6_platform.statistics.survival import kaplan_meier, logrank

__all__ = ["landmark_by_response", "landmark_by_start"]

GROUPS = {1: "response", 0: "no response"}


def landmark_by_response(
    time: ArrayLike,
    event: ArrayLike,
    response_time: ArrayLike,
    *,
    landmark: float,
    competing: ArrayLike | None = None,
) -> list[Estimate]:
    """Compare responders with others from a landmark on (Anderson, Cain & Gelber, JCO 1983).

    Kept are the patients event-free and under observation beyond the landmark, grouped by whether
    they had responded by then; a later response changes no group. Time counts from the landmark.

    Parameters
    ----------
    time, event
        Shape (n,): time >= 0 from time zero, event 1 or 0 (censored).
    response_time
        Shape (n,), time of the first response in the same unit; NaN without one.
    landmark
        Time >= 0 in the same unit, chosen before the data are seen.
    competing
        Shape (n,), optional: whose time ended with a competing event, for the note.

    Returns
    -------
    `median` by group, `logrank` and `hazard_ratio` (response vs no response), all `at` the
    landmark; the note says how many patients are excluded and why.

    Raises
    ------
    ValueError
        On unequal lengths, missing or negative times, an event other than 0 and 1.
    """
    t, e = samples(time, event)
    r = np.asarray(response_time, dtype=float)
    if r.shape != t.shape:
        raise ValueError("response_time and time must have the same length.")
    if not landmark >= 0:
        raise ValueError(f"The landmark must be 0 or more, not {landmark}.")
    kept = t > landmark
    ended = not_censored(e, competing)
    other = int(np.sum((ended & ~e)[~kept]))
    code = Code.BEFORE_THE_LANDMARK_COMPETING if other else Code.BEFORE_THE_LANDMARK
    excluded = code.say(
        n=int(np.sum(~kept)),
        of=len(t),
        events=int(np.sum(e[~kept])),
        competing=other,
        censored=int(np.sum(~ended[~kept])),
    )
    since, died = t[kept] - landmark, e[kept]
    responded = (r[kept] <= landmark).astype(int)
    results = [
        kaplan_meier(since[responded == code], died[responded == code]).median().but(grp=name)
        for code, name in GROUPS.items()
    ]
    results.append(logrank(since, died, responded))
    results += cox(pd.DataFrame({"response": responded}), since, died).estimates()
    return [result.but(at=landmark, note=joined(result.note, excluded)) for result in results]


def landmark_by_start(
    time: ArrayLike,
    event: ArrayLike,
    start_time: ArrayLike,
    *,
    landmark: float,
    competing: ArrayLike | None = None,
) -> list[Estimate]:
    """Compare patients who started a drug by a landmark with others, from the landmark on.

    Where a drug may start within a window after time zero, who starts late was bound to live until
    then: counted from time zero the arm gains immortal time (Suissa, Am J Epidemiol 2008). Kept are
    the patients event-free and under observation beyond the landmark, grouped by whether the drug
    had started by then; time counts from the landmark.

    Parameters
    ----------
    time, event
        Shape (n,): time >= 0 from time zero, event 1 or 0 (censored).
    start_time
        Shape (n,), start of the drug in the same unit; NaN without one.
    landmark
        The window's end in the same unit, >= 0.
    competing
        Shape (n,), optional: whose time ended with a competing event, for the note.

    Returns
    -------
    `median` by group (`experimental`, `control`), `logrank` and `hazard_ratio`, all `at` the
    landmark; the note says how many patients are excluded and why.

    Raises
    ------
    ValueError
        On unequal lengths, missing or negative times, an event other than 0 and 1.
    """
    results = landmark_by_response(time, event, start_time, landmark=landmark, competing=competing)
    names = {GROUPS[1]: "experimental", GROUPS[0]: "control"}
    return [
        row.but(grp=names.get(row.grp or "", row.grp), term=None if row.term else row.term)
        for row in results
    ]
