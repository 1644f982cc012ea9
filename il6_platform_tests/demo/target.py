"""What the study file says was published, as the numbers that the registry has to meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from il6_platform.study import Published, Study

GROUPS = [(arm, group) for arm in ("control", "experimental") for group in ("high", "low")]


@dataclass(frozen=True)
class Target:
    """The published figures.

    Attributes
    ----------
    sizes
        Patients by arm and marker group.
    p_value
        Log-rank P of progression-free survival: between the arms (all), and within each of them.
    cutoff, cea_cutoff
        Youden's cut-offs on response.
    follow_up
        Median, shortest and longest observed follow-up (months).
    resected
        Patients whose primary tumour was resected.
    """

    sizes: dict[tuple[str, str], int]
    p_value: dict[str, float]
    cutoff: float
    cea_cutoff: float
    age_median: float
    age_sd: float
    follow_up: tuple[float, float, float]
    resected: int
    period: tuple[date, date]

    @classmethod
    def of(cls, study: Study) -> Target:
        """Read the claims that the registry is to reproduce."""

        def claim(**wanted: str) -> Published:
            return next(
                one
                for one in study.published
                if all(getattr(one, key) == value for key, value in wanted.items())
            )

        def figure(**wanted: str) -> float:
            return float(claim(**wanted).estimate or 0)

        tests = {
            population: claim(
                analysis="survival", statistic="logrank", endpoint="PFS", population=population
            )
            for population in ("all", "control", "experimental")
        }
        period = claim(statistic="median", term="age").period
        if period is None:
            raise ValueError("the claim of the median age needs the period of enrolment")
        shortest, middle, longest = (
            figure(term="follow-up", statistic=name) for name in ("min", "median", "max")
        )
        return cls(
            sizes={(arm, group): tests[arm].n[group] for arm, group in GROUPS},
            p_value={name: float(test.p_value or 0) for name, test in tests.items()},
            cutoff=figure(analysis="cutoff", statistic="cutoff"),
            cea_cutoff=figure(term="cea", statistic="cutoff"),
            age_median=figure(statistic="median", term="age"),
            age_sd=figure(statistic="sd", term="age"),
            follow_up=(middle, shortest, longest),
            resected=claim(term="primary_resected[Y]").n["resected"],
            period=period,
        )

    @property
    def n(self) -> int:
        """All patients."""
        return sum(self.sizes.values())

    @property
    def exports(self) -> list[date]:
        """Days on which the registry handed over: year ends."""
        return [date(self.period[1].year - back, 12, 31) for back in (4, 2, 1, 0)]
