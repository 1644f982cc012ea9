"""Survival by response without immortal time: the landmark method.

Belongs here: comparing responders with non-responders among patients who were there to respond.
Does not belong here: survival at fixed times (`survival`), which some also call landmarks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from il6_platform.statistics._check import samples
from il6_platform.statistics.codes import Code, joined
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.regression import cox
from il6_platform.statistics.survival import kaplan_meier, logrank

GROUPS = {1: "response", 0: "no response"}


def landmark_by_response(
    time: ArrayLike, event: ArrayLike, response_time: ArrayLike, *, landmark: float
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
    excluded = Code.BEFORE_THE_LANDMARK.say(
        n=int(np.sum(~kept)),
        of=len(t),
        events=int(np.sum(e[~kept])),
        censored=int(np.sum(~e[~kept])),
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
