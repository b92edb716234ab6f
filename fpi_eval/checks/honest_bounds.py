"""How far trends may drift before the effect is in doubt: bounds as one result."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.checks.honest import (
    LARGEST_M,
    Bounds,
    breakdown,
    event,
    relative_magnitudes,
    sensitivity,
)
from fpi_eval.checks.smoothness import smoothness
from fpi_eval.errors import FpiError
from fpi_eval.impact.stacked import REFERENCE
from fpi_eval.misspelt import known_options
from fpi_eval.results import EventStudy, Result

GRID = (0.0, 0.5, 1.0, 2.0)
KINDS: dict[str, tuple[Bounds, str]] = {
    "relative": (relative_magnitudes, "fois le plus grand écart d'une année à l'autre vu avant"),
    "smooth": (smoothness, "de changement de pente par an, en erreurs types de l'effet"),
}
METHOD = {
    "relative": (
        "Intervalle de l'effet quand la tendance des sites ouverts peut s'écarter après "
        "l'ouverture d'au plus M fois le plus grand écart d'une année à l'autre vu avant"
    ),
    "smooth": (
        "Intervalle de l'effet quand la pente de l'écart entre sites ouverts et autres peut "
        "changer d'au plus M d'une année à l'autre, avec des poids des années fixés d'avance où "
        "peu de groupes sont traités ou comparés"
    ),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HonestBounds(Result):
    """Interval of an effect for each drift allowed, and the drift at which zero enters.

    ``table`` has columns m, ci_low, ci_high, estimate; ``kind`` is relative or smooth;
    ``breakdown`` is in the unit of m, infinite when no drift tried is enough.
    """

    caption = "Effet selon l'écart permis aux tendances parallèles"

    kind: str
    table: pd.DataFrame
    estimate: float
    breakdown: float

    def summary(self) -> str:
        """Return French sentences: what the effect bears, and its interval at each drift."""
        words = KINDS[self.kind][1]
        if self.breakdown == 0:
            said = "L'effet ne se distingue pas de zéro, même sans écart de tendance."
        elif self.breakdown == float("inf"):
            said = f"L'effet résiste à un écart de {text.nombre(LARGEST_M)} {words}."
        else:
            said = f"L'effet résiste à un écart de {text.nombre(self.breakdown, 2)} {words}."
        lines = [
            f"M = {text.nombre(r.m, 2)} : {text.intervalle(r.ci_low, r.ci_high, 3)}."
            for r in self.table.itertuples()
        ]
        return "\n".join([said, f"Effet estimé : {text.signe(self.estimate, 3)}.", *lines])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per drift allowed."""
        return self.table.assign(kind=self.kind, breakdown=self.breakdown)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the interval as the drift allowed grows."""
        return plots.bounds_by_m(self.table, self.estimate, ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return (
            f"{METHOD[self.kind]} (Rambachan et Roth, 2023 ; test hybride d'Andrews, Roth et "
            "Pakes, 2023), sous la loi de Student où peu de groupes sont traités ou comparés ; "
            "l'erreur des années d'avant est comptée."
        )


@known_options
def honest_bounds(found: EventStudy, kind: str = "relative") -> HonestBounds:
    """Return the intervals of an event study's effect under growing drifts.

    Parameters
    ----------
    found : EventStudy
        Its coefficients are all against one reference year; those without an interval (a single
        treated cluster) are left out.
    kind : {"relative", "smooth"}
        Drift as a multiple of the largest one seen before, or as a change of slope, then in
        standard errors of the effect.
    """
    if kind not in KINDS:
        raise FpiError(f"bornes « {kind} » inconnues : choisissez parmi {text.liste(KINDS)}.")
    bounds = KINDS[kind][0]
    told = (found.table["ci_low"].notna() | (found.table["rel_time"] == REFERENCE)).to_numpy()
    years, square = found.table[told], found.covariance[np.ix_(told, told)]
    study = event(years["rel_time"], years["estimate"], square, found.df)
    error = float((study.weights @ study.covariance @ study.weights) ** 0.5)
    unit = 1.0 if kind == "relative" else error
    table = sensitivity(study, [m * unit for m in GRID], bounds)
    table = table.assign(m=list(GRID), estimate=study.estimate)
    return HonestBounds(kind, table, study.estimate, breakdown(study, bounds, unit=unit) / unit)
