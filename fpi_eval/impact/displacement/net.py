"""Do opened seats add students, or take them from neighbours? Own effect, neighbours, net."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.disclosure import Gate
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.displacement.diversion import Equivalence, diversion
from fpi_eval.impact.displacement.rings import (
    DEFAULT,
    VOIES,
    Ring,
    checked,
    ring_exposures,
    ring_reach,
)
from fpi_eval.impact.few_treated import interval_of_gross
from fpi_eval.impact.frame import DISPLACEMENT, EXPOSURES, GROSS, NET, SEATS, described, sample
from fpi_eval.impact.j import J_TEXT, combination, fit_j
from fpi_eval.impact.uncertainty import CR3, Clusters, answers
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.linear import LinearFit
from fpi_eval.regression.ratio import Interval
from fpi_eval.results import Estimate, Estimates, Result, within


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Displacement(Result):
    """Own effect per seat, effect on each ring of neighbours, their sum, diversion ratio.

    ``effects`` holds own effect, one estimate per ring, displacement, net; ``diversion`` is
    −displacement / own effect and ``interval`` its Fieller set; ``detectable`` the displacement
    per seat that would be seen 80 times in 100.
    """

    caption = "Effet brut, déplacement et effet net"

    effects: Estimates
    diversion: float
    interval: Interval
    equivalence: Equivalence
    detectable: float
    rings: tuple[Ring, ...]
    covariance: np.ndarray = field(repr=False)
    df: float = np.inf

    def told_by(self, gate: Gate) -> "Displacement | None":
        """Return the displacement if it rests on enough openings."""
        return self if self.own.told_by(gate) else None

    @property
    def own(self) -> Estimate:
        """Gross effect per seat."""
        return self.effects[GROSS]

    @property
    def net(self) -> Estimate:
        """Net effect per seat."""
        return self.effects[NET]

    @property
    def neighbours(self) -> Estimate:
        """Effect on all neighbours per seat."""
        return self.effects[DISPLACEMENT]

    def of(self, ring: Ring) -> Estimate:
        """Return the effect on one ring, per opened seat."""
        return self.effects[_label(ring)]

    def summary(self) -> str:
        """Return French sentences: net first, then where students come from, then the test."""
        own, moved, net = self.own, self.neighbours, self.net
        lines = [
            f"Pour 100 places ouvertes, « {own.outcome} » : {text.signe(100 * own.estimate, 0)} "
            f"dans les formations ouvertes, {text.signe(100 * moved.estimate, 0)} dans les "
            f"formations voisines, soit {text.signe(100 * net.estimate, 0)} en tout "
            f"({within(100 * net.ci_low, 100 * net.ci_high, 0)}).",
            f"Part prise aux voisins : {text.pourcent(self.diversion, 0)} ({self.bounds()}).",
            self.verdict(),
        ]
        if self.detectable > 0:
            least = text.nombre(100 * self.detectable, 0)
            lines.append(
                f"Un déplacement de moins de {least} pour 100 places pourrait passer inaperçu."
            )
        return "\n".join(lines)

    def bounds(self) -> str:
        """Return the interval of the diversion ratio in words."""
        if np.isnan(self.diversion):
            return "aucune formation voisine exposée n'est comparée"
        if self.interval.bounded:
            low, high = 100 * self.interval.low, 100 * self.interval.high
            return f"intervalle à 95 % {text.intervalle(low, high, 0)} %"
        return "intervalle non borné : l'effet propre pourrait être nul"

    def verdict(self) -> str:
        """Return what the equivalence test allows to say; never « no displacement »."""
        test, share = self.equivalence, text.pourcent(self.equivalence.margin, 0)
        if test.below_margin:
            return (
                f"Le déplacement est inférieur à {share} des places pourvues (borne haute à 95 % : "
                f"{text.pourcent(test.upper, 0)})."
            )
        if self.interval.bounded and self.interval.low > test.margin:
            return f"Le déplacement dépasse {share} des places pourvues : seul l'effet net compte."
        bound = ""
        if np.isfinite(test.upper):
            less = f"il est inférieur à {text.pourcent(test.upper, 0)}, à 95 %"
            bound = f" ; {less if test.upper < 1 else 'il pourrait les égaler'}"
        return (
            f"Les données ne permettent pas de dire si le déplacement dépasse {share} des places "
            f"pourvues{bound}. Qu'il ne soit pas significatif ne prouve pas qu'il est nul."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per effect, then the diversion ratio."""
        low, high = (
            (self.interval.low, self.interval.high) if self.interval.bounded else (np.nan, np.nan)
        )
        first = self.effects[0].to_frame()
        ratio = first.assign(
            label="Part prise aux voisins",
            estimate=self.diversion,
            std_error=np.nan,
            ci_low=low,
            ci_high=high,
            p_value=self.equivalence.p_value,
            rule=f"Fieller ; valeur p d'un déplacement d'au moins {self.equivalence.margin:g}",
        )
        return pd.concat([self.effects.to_frame(), ratio], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every effect per seat and its interval."""
        return plots.estimates(self.effects.to_frame(), ax)

    def method(self) -> str:
        """Return the method in French, with references."""
        return (
            f"{self.effects[0].method()} La part prise aux voisins est un rapport, son intervalle "
            "celui de Fieller (1954). « Inférieur à » est un test d'équivalence (Schuirmann, 1987)."
        )


@any_table
def displacement(
    panel: pd.DataFrame,
    y: str = "entrants",
    *,
    rings: tuple[Ring, ...] = DEFAULT,
    niveau: str | None = None,
    proportional: bool = True,
) -> Displacement:
    r"""Return own effect, effect on each ring of neighbours, net, diversion ratio.

    The regression is J with one exposure per ring; with the default rings it *is* J.

    .. math:: net = \theta + \sum_r \kappa_r, \qquad diversion = -\sum_r \kappa_r / \theta

    Parameters
    ----------
    rings : tuple of Ring
        Neighbours, e.g. ``Ring("à 30 km", ("famille",), ("uai",), within_km=30)``; a cell may be in
        several.
    """
    rings = DEFAULT if rings == DEFAULT else checked(panel, rings)
    frame = sample(panel, y, niveau=niveau)
    labels = [_label(ring) for ring in rings]
    columns, reach, named = [*EXPOSURES.values()], np.array(frame.reach), []
    if rings != DEFAULT:
        found = ring_exposures(panel, y, rings).set_axis(labels, axis=1)
        columns, reach, named = labels, ring_reach(panel, frame, found), [r.name for r in rings]
        frame = frame.of(frame.join(found))
    exposures = dict(zip(labels, columns, strict=True))
    fit = fit_j(frame, proportional=proportional, exposures=exposures)
    said = described(J_TEXT, proportional=proportional, rings=named)
    return report(frame, fit, reach, rings, said)


@any_table
def substitution(panel: pd.DataFrame, y: str = "entrants", **options) -> Displacement:
    """Return the displacement between voies: the other voie of the family is a ring of its own.

    Same regressors as `displacement`: seats opened in one voie may draw on school or on
    apprenticeship courses of the same family and département (`rings.AUTRE_VOIE`).
    """
    return displacement(panel, y, rings=VOIES, **options)


def report(
    frame: Sample,
    fit: LinearFit,
    reach: np.ndarray,
    rings: tuple[Ring, ...],
    description: str,
) -> Displacement:
    """Return the displacement of a fitted J whose exposures are named after the rings."""
    fit.position(SEATS)
    used = frame[fit.keep]
    clusters = Clusters.of(used)
    psi = fit.jackknife(clusters.etab), fit.jackknife(clusters.dep)
    weights = _weights(fit, rings, reach)
    own: dict = {GROSS: {"instead": interval_of_gross(frame, fit, clusters, psi[0])}}
    if not any(reach):  # no neighbour is known: nothing tells what they lose
        weights = {label: w if label == GROSS else w * np.nan for label, w in weights.items()}
    effects = answers(
        used,
        fit.coefficients,
        psi,
        weights,
        own=own,
        estimator="J",
        dropped=frame.dropped + fit.dropped,
        description=description,
        kind=CR3,
        clusters=clusters,
    )
    pair = np.column_stack([weights[GROSS], weights[DISPLACEMENT]])
    value, moved = pair.T @ fit.coefficients
    level = clusters.interval(moved, psi[0] @ pair[:, 1], psi[1] @ pair[:, 1], CR3)[1]
    wide = level == "département"
    moves = psi[int(wide)] @ pair
    df = clusters.df_at(wide=wide)
    covariance = moves.T @ moves
    both = diversion(value, moved, covariance, df)
    return Displacement(effects, *both, rings, covariance, df)


def _label(ring: Ring) -> str:
    return f"Effet par place : {ring.name}"


def _weights(fit: LinearFit, rings, reach) -> dict[str, np.ndarray]:
    """Return the combination of coefficients behind each label."""
    names = [_label(ring) for ring in rings]
    shares = np.diag([1.0, *reach])
    labels = (GROSS, *names, DISPLACEMENT, NET)
    rows = (*shares, shares[1:].sum(axis=0), shares.sum(axis=0))
    return {k: combination(fit, w, (SEATS, *names)) for k, w in zip(labels, rows, strict=True)}


@known_options
def displaced_entrants(panel: pd.DataFrame) -> Displacement:
    """Return displacement of entrants, and between voies too where files count both."""
    known = panel.loc[coding.column(panel, "entrants").notna()]
    both = "voie" in known and len(known["voie"].unique()) > 1
    return substitution(panel) if both else displacement(panel)
