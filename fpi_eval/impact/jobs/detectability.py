"""Could an effect on jobs be seen at all? The largest plausible one against the smallest visible.

To be read before any coefficient: where the answer is no, an estimate would be noise.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from fpi_eval import plots, text
from fpi_eval.absent import attempt
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.exposure import Exposure, net_of_effects
from fpi_eval.impact.jobs.synthetic import SyntheticEffect, synthetic
from fpi_eval.regression.linear import COLLINEAR
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes
from fpi_eval.results import Result

POWER, LEVEL = 0.80, 0.95
WINDOWS = 4
FEWEST = 4  # years before, under which weights would follow chance
PLAUSIBLE = 0.5  # METHOD, B6: jobs per net graduate, at most
METHOD = (
    "Avant tout coefficient, le plus grand effet plausible est comparé au plus petit qu'on verrait "
    "80 fois sur 100 au seuil de 5 %, (t₀,₉₇₅ + t₀,₈₀) fois l'erreur (Bloom, 1995). L'erreur est "
    "mesurée avant le programme, sur les régions ou les zones que rien ne touchait : écart d'une "
    "région aux autres, différence de différences synthétique placebo (Arkhangelsky et al., 2021) "
    "ou régression par zones d'emploi × secteurs."
)
REGION = "la région face aux autres régions"
SYNTHETIC = "la région face à une région synthétique"
ZONES = "zones d'emploi × secteurs de la région"


@dataclass(frozen=True, slots=True)
class Design:
    """A way of looking: standard error of the jobs it would find, in jobs, and t freedom."""

    name: str
    std_error: float
    df: float

    @property
    def smallest(self) -> float:
        """Return the smallest effect seen 80 times in 100, in jobs."""
        return (stats.t.ppf(0.5 + LEVEL / 2, self.df) + stats.t.ppf(POWER, self.df)) * (
            self.std_error
        )

    def power(self, jobs: float) -> float:
        """Return the chance that a test at 5 % sees an effect of that many jobs."""
        limit, shift = stats.t.ppf(0.5 + LEVEL / 2, self.df), jobs / self.std_error
        return float(stats.t.sf(limit - shift, self.df) + stats.t.cdf(-limit - shift, self.df))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Detectability(Result):
    """Graduates, jobs they could bring at most, and the smallest number that could be seen.

    ``origin`` says in French where the spread of employment comes from; ``employment`` counts the
    jobs among which the effect would be looked for; ``years`` over how many years.
    """

    caption = "Effet décelable sur l'emploi"
    methode = METHOD

    graduates: float
    plausible: float
    employment: float
    years: int
    designs: tuple[Design, ...]
    origin: str = field(repr=False)

    @property
    def jobs(self) -> float:
        """Largest plausible effect, in jobs."""
        return self.graduates * self.plausible

    @property
    def best(self) -> Design:
        """Return the design with the smallest visible effect."""
        return min(self.designs, key=lambda d: d.smallest)

    @property
    def power(self) -> float:
        """Return the best chance of seeing the largest plausible effect."""
        return self.best.power(self.jobs)

    @property
    def visible(self) -> bool:
        """Return whether the largest plausible effect is at least the smallest visible one."""
        return self.jobs >= self.best.smallest

    def summary(self) -> str:
        """Return French sentences: the verdict, then its arithmetic."""
        share = text.pourcent(self.jobs / self.employment, 2)
        smallest = self.best.smallest
        each = text.nombre(smallest / self.graduates, 2) if self.graduates else text.MISSING
        arithmetic = (
            f"{text.nombre(self.graduates)} diplômés de plus × {text.nombre(self.plausible, 2)} "
            f"emploi par diplômé, au plus = {text.nombre(self.jobs)} emplois, soit {share} des "
            f"{text.nombre(self.employment)} emplois d'avant le programme. {self.origin} Par la "
            f"meilleure façon de regarder ({self.best.name}), le plus petit effet décelable en "
            f"{text.pluriel(self.years, 'an')}, 80 fois sur 100, est de {text.nombre(smallest)} "
            f"emplois, soit {each} par diplômé."
        )
        if self.visible:
            verdict = (
                f"Un effet de cette taille pourrait être vu ({self.best.name} : "
                f"{text.nombre(100 * self.power)} chances sur 100)."
            )
        else:
            verdict = (
                "Aucun effet sur l'emploi industriel de cette taille ne pourrait être vu : il n'y "
                f"aurait que {text.nombre(100 * self.power)} chances sur 100 de le distinguer des "
                "variations ordinaires. Un coefficient, nul ou non, n'apprendrait rien."
            )
        return f"{verdict}\n{arithmetic}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per way of looking: smallest effect in jobs and per graduate, power."""
        rows = [
            (
                d.name,
                d.smallest,
                d.smallest / self.graduates if self.graduates else np.nan,
                self.jobs,
                d.power(self.jobs),
            )
            for d in self.designs
        ]
        names = ["design", "smallest", "smallest_per_graduate", "plausible_jobs", "power"]
        return pd.DataFrame(rows, columns=names)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the smallest visible effect of each way of looking beside the plausible one."""
        return plots.against(
            self.to_frame().assign(design=lambda rows: rows["design"].map(text.capitale)),
            y="design",
            x="smallest",
            limit=self.jobs,
            ax=ax,
            xlabel="Plus petit effet décelable, en emplois",
            said="Plus grand effet plausible",
        )


def from_reference(
    employment: float,
    growth_sd: float,
    *,
    graduates: float,
    years: int,
    n_regions: int = 13,
    plausible: float = PLAUSIBLE,
) -> Detectability:
    """Return detectability from published employment and an assumed spread, without any file.

    Parameters
    ----------
    employment : float
        Industrial jobs of the region.
    growth_sd : float
        Standard deviation of a region's yearly growth relative to the others; years add up as
        independent draws.
    """
    error = growth_sd * np.sqrt(years * (1 + 1 / (n_regions - 1))) * employment
    origin = (
        f"Par hypothèse, l'emploi industriel d'une région s'écarte des autres de "
        f"{text.pourcent(growth_sd, 1)} par an (écart-type)."
    )
    design = Design(REGION, float(error), n_regions - 1)
    return Detectability(graduates, plausible, employment, years, (design,), origin)


def from_jobs(
    jobs: pd.DataFrame,
    region: str,
    *,
    graduates: float,
    before: int,
    years: int,
    plausible: float = PLAUSIBLE,
    exposure: Exposure | None = None,
) -> Detectability:
    """Return detectability measured on jobs before the programme.

    Parameters
    ----------
    jobs : DataFrame
        code_region, code_zone, secteur, annee, emplois, of the sectors looked at.
    region : str
        The programme's region.
    before : int
        Last year without any graduate of the programme: later years are not used.
    years : int
        Years over which the effect would build up.
    exposure : Exposure, optional
        Then zones × sectors of the region are a second way of looking; its growth must be
        measured before the programme.
    """
    totals = jobs[jobs["annee"] <= before].pivot_table(
        index="annee", columns="code_region", values="emplois", aggfunc="sum"
    )
    # As in `synthetic_jobs`: a region without jobs in some year has no growth to compare.
    totals = totals.loc[:, (totals > 0).all() | (totals.columns == region)]
    if region not in totals or totals.shape[1] < 3 or len(totals) < 3:
        raise FpiError("il faut au moins trois années et trois régions avant le programme.")
    spread, df = growth_spread(totals, region, years)
    employment = float(totals[region].iloc[-1])
    designs = [Design(REGION, spread * employment, df)]
    if len(totals) - years >= FEWEST:
        found = attempt(synthetic_design, jobs, region, before, years, employment)
        designs += [found] if found else []  # no year of the region may be missing there
    if exposure is not None:
        designs += zones_design(exposure, region, years)
    origin = (
        f"De {totals.index[0]} à {totals.index[-1]}, avant le programme, l'emploi d'une région "
        f"s'écartait de celui des autres de {text.pourcent(spread, 1)} (écart-type, ramené à "
        f"{text.pluriel(years, 'an')})."
    )
    return Detectability(graduates, plausible, employment, years, tuple(designs), origin)


def growth_spread(totals: pd.DataFrame, region: str, years: int) -> tuple[float, float]:
    """Return the spread over ``years`` of an untreated region's growth beside the others', and df.

    Root mean square of yearly log growth minus the mean of the other untreated regions, times the
    root of ``years``; or that of windows of ``years`` if larger (growth that persists adds up
    faster) and at least `WINDOWS` fit end to end. Regions weigh their jobs: small ones vary more
    than a large region would. Degrees of freedom: effective number of regions less one.
    """
    others = totals.drop(columns=region)
    weights = others.mean() / others.mean().sum()

    def spread(step: int) -> float:
        moves = np.log(others).diff(step).dropna()
        n = moves.shape[1]
        gaps = moves.sub(moves.mean(axis=1), axis=0) * n / (n - 1)
        return float(np.sqrt((gaps**2 @ weights).mean()))

    found = spread(1) * np.sqrt(years)
    if (len(others) - 1) // years >= WINDOWS:
        found = max(found, spread(years))
    return found, float(1 / np.sum(weights**2)) - 1


def synthetic_design(
    jobs: pd.DataFrame, region: str, before: int, years: int, employment: float
) -> Design:
    """Return what synthetic difference in differences could see ``years`` after its last year.

    Placebo on the years before the programme: weights from all but the last ``years``, the gap
    read at the last one, the spread being that of the other regions taken as treated.
    """
    kept = jobs[(jobs["annee"] <= before - years) | (jobs["annee"] == before)]
    found = synthetic_jobs(kept, region, start=before)
    return Design(SYNTHETIC, found.std_error * employment, found.freedom)


def synthetic_jobs(jobs: pd.DataFrame, region: str, *, start: int) -> SyntheticEffect:
    """Return the change in log jobs of the region from the year ``start`` on, placebo inference.

    Rows of ``jobs`` (code_region, annee, emplois) are summed; keep beforehand the sectors of one
    filière to follow it alone. Read `detectability` first: with 12 other regions no p-value goes
    below 1/13. Regions without jobs in some year are left out.
    """
    keys = ["code_region", "annee"]
    sums = jobs.groupby(keys, as_index=False)["emplois"].sum(min_count=1)
    known = sums[sums["emplois"] > 0]
    whole = known.groupby("code_region")["annee"].transform("size") == sums["annee"].nunique()
    frame = known[whole]
    if (np.unique(frame["annee"]) < start).sum() < FEWEST:
        raise FpiError(f"il faut au moins {FEWEST} années d'emploi avant {start}.")
    treated = (frame["code_region"] == region) & (frame["annee"] >= start)
    frame = frame.assign(y=np.log(frame["emplois"]), treated=treated)
    return synthetic(frame, unit="code_region", time="annee")


def zones_design(panel: Exposure, region: str, years: int) -> list[Design]:
    """Return what zones × sectors of the region could see, [] where nothing can measure it.

    Either exposure does not vary there, or effects fit all growth. The error is that of the slope
    clustered by zone, times the graduates; growth measured over another number of years is
    rescaled by the root of their ratio.
    """
    keep = (panel.units["code_region"] == region).to_numpy()
    units = panel.units[keep]
    y, x, w = net_of_effects(units, panel.shares[keep])
    square = w @ x**2
    if square <= 0:
        return []
    left = y - w @ (x * y) / square * x
    if w @ left**2 <= COLLINEAR**2 * (w @ y**2):
        return []
    sums = sum_by(codes(units["code_zone"].to_numpy())[0], w * x * left)
    n = len(sums)
    error = np.sqrt(n / (n - 1) * sums @ sums) / square
    return [Design(ZONES, float(error * panel.shocks.sum() * np.sqrt(years / panel.years)), n - 1)]
