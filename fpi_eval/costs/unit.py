"""Cost per seat, per person, per net graduate, per net job: ratios whose denominator is estimated.

When the data cannot exclude that the programme added nobody, the cost per person added has no
upper bound, and that is what is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.regression.ratio import LEVEL, Interval, fieller
from fpi_eval.results import Result
from fpi_eval.rounding import figures
from fpi_eval.text import MISSING, euros

LIKELY = (0.1, 0.9)
UNBOUNDED = "non borné"
METHOD = (
    "Coût divisé par un nombre estimé. L'intervalle est celui de Fieller (1954), ou les centiles "
    "d'un bootstrap du dénominateur : si les données n'excluent pas que le programme n'ait ajouté "
    "personne, le coût par unité n'a pas de borne haute et c'est ce qui est dit (Briggs, Mooney et "
    "Wonderling, 1999)."
)


@known_options
def bootstrap_ratio(cost: np.ndarray | float, draws: np.ndarray) -> Interval:
    """Return the percentile interval of a cost over resampled denominators.

    Parameters
    ----------
    draws : ndarray, shape (B,)
        Denominator in each resample; one that is zero or less cost any amount, i.e. infinity.
    """
    draws = np.asarray(draws, dtype=float)
    if draws.ndim != 1 or not len(draws) or np.isnan(draws).any():
        raise FpiError("tirages vides ou manquants : il faut un dénominateur par tirage.")
    cost = np.asarray(cost)
    if cost.shape not in ((), draws.shape):
        raise FpiError(f"{cost.size} coûts : un seul est attendu, ou un par tirage ({len(draws)}).")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(draws > 0, cost / draws, np.inf)
    ratio = np.sort(ratio)
    tail = (1 - LEVEL) / 2
    # Order statistics: interpolating towards an infinite one would give infinity or nan.
    low = ratio[int(np.floor(tail * (len(ratio) - 1)))]
    high = ratio[int(np.ceil((1 - tail) * (len(ratio) - 1)))]
    return Interval(float(low), float(high))


def in_euros(amount: float) -> str:
    """Return an amount with the two figures that it deserves, infinite as it is."""
    return euros(figures(amount))


@dataclass(frozen=True, slots=True, repr=False)
class UnitCost(Result):
    """Cost of one unit: an opened seat, a person trained, a net graduate, a net job.

    Attributes
    ----------
    unit : str
        What is counted, in French, singular.
    basis : str
        Which cost: full or subsidy.
    cost, count, std_error : float
        Euros; number of units and its error (zero when counted, not estimated).
    interval : Interval
        Euros per unit.
    likely : (float, float), optional
        Where draws of the number lie 8 times in 10.
    """

    caption = "Coût par unité"
    methode = METHOD
    unite = "euros"

    unit: str
    basis: str
    cost: float
    count: float
    std_error: float
    interval: Interval
    likely: tuple[float, float] | None = None

    @property
    def ratio(self) -> float:
        """Return euros per unit, NaN when the programme added none."""
        return self.cost / self.count if self.count > 0 else float("nan")

    def bounds(self) -> str:
        """Return the interval in words; ``non borné`` where nothing bounds it."""
        low, high = self.interval.positive()
        if not np.isfinite(low):
            return "aucun coût positif compatible"
        if np.isinf(high):
            floor = f"au moins {in_euros(low)}, " if low > 0 else ""
            return f"{floor}{UNBOUNDED} vers le haut"
        return f"de {in_euros(low)} à {in_euros(high)}"

    def summary(self) -> str:
        """Return one French sentence: cost per unit and its interval."""
        start = f"{self.basis} par {self.unit} : {euros(self.ratio)}"
        if np.isnan(self.ratio):
            start = f"{self.basis} par {self.unit} : {MISSING}, aucun en plus n'est estimé"
        if self.std_error == 0:
            return f"{start}."
        return f"{start} (intervalle à 95 % : {self.bounds()})."

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row: euros per unit and the positive costs that the data allow."""
        table = cost_table([self])
        return table.rename(columns={"ratio": "estimate", "low": "ci_low", "high": "ci_high"})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cost and its interval, a dashed line where nothing bounds it."""
        return plots.costs(self.to_frame().assign(label=f"{self.basis} par {self.unit}"), ax)


@known_options
def unit_cost(
    unit: str,
    cost: float,
    count: float,
    std_error: float = 0.0,
    *,
    basis: str = "Coût complet",
    draws: np.ndarray | None = None,
    df: float = np.inf,
) -> UnitCost:
    """Return the cost per unit with its interval, by Fieller's theorem or from resamples.

    Parameters
    ----------
    cost : float
        Euros, known.
    count, std_error : float
        Number of units and its standard error; 0 when it is counted.
    draws : ndarray, optional
        Resampled counts; then their percentile interval.
    """
    if not cost >= 0:
        raise FpiError(f"coût « {cost} » : un montant positif en euros est attendu.")
    likely = None
    if draws is not None:
        interval = bootstrap_ratio(cost, draws)
        low, high = np.quantile(draws, LIKELY)
        likely = (float(low), float(high))
    elif std_error == 0 and count > 0:  # counted: by Fieller, rounding would unbound it
        interval = Interval(cost / count, cost / count)
    else:
        interval = fieller(cost, count, 0.0, std_error**2, df=df)
    return UnitCost(unit, basis, float(cost), float(count), float(std_error), interval, likely)


@known_options
def cost_table(costs: Sequence[UnitCost]) -> pd.DataFrame:
    """Return one row a unit cost: unit, basis, cost, count, ratio, low, high, bounded, words."""
    rows = []
    for item in costs:
        low, high = item.interval.positive()
        rows.append(
            {
                "unit": item.unit,
                "basis": item.basis,
                "cost": item.cost,
                "count": item.count,
                "ratio": item.ratio,
                "low": low,
                "high": high,
                "bounded": item.interval.bounded,
                "words": item.bounds(),
            }
        )
    return pd.DataFrame(rows)


@known_options
def acceptability(cost: float, draws: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    """Return, for each price one would pay per unit, the confidence that the programme is below.

    The share of resampled counts whose product with the price exceeds the cost: a net benefit never
    divides by a count near zero.
    """
    share = (np.multiply.outer(thresholds, draws) > cost).mean(axis=1)
    return pd.DataFrame({"threshold": np.asarray(thresholds, dtype=float), "share": share})
