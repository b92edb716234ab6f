"""The effect where small counts are hidden: what they could hide, and J knowing that they do."""

from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import GROSS, NET, SEATS, WEIGHTS, effects, sample, scale
from fpi_eval.impact.j import combination, design, fit_j
from fpi_eval.impact.uncertainty import CR3, answer
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import linear
from fpi_eval.regression.absorb import counted_rank
from fpi_eval.results import Estimate, Estimates, Result, within

HIDERS = ("terminale", "sortants")  # counts whose smallness hides a whole row
CONVERGED, MOST = 1e-9, 200
SIZES = 5  # classes of size, each with a variance of its own
LEAST = 1e-6  # information under which a hidden row says nothing
SHOWN = (GROSS, NET)
DESCRIPTION = (
    "J, un effectif masqué étant connu pour être sous le seuil : moindres carrés en deux étapes "
    "répétés, chaque effectif masqué valant son espérance sous le seuil (loi normale ; variance "
    "proportionnelle à la taille de la cellule, par classe de taille) et "
    "pesant l'information qu'il garde (Tobin, 1958 ; Amemiya, 1973). Un résultat masqué avec "
    "l'effectif dont il est une part a l'effet de cet effectif, plus ce que les lignes montrées "
    "disent du reste. Bornes : la plus petite et la plus grande valeur de J quand chaque effectif "
    "masqué va de 0 au seuil moins un (Horowitz et Manski, 2000)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Masked(Result):
    """Gross and net effect per seat knowing that hidden counts are small, and without knowing how.

    ``effects`` hold the estimates; ``bounds`` one row an effect: label, low, high (J whatever the
    hidden counts), ci_low, ci_high (with its error at each end); ``share`` is that of rows hidden.
    """

    caption = "Ce que changent les effectifs masqués"
    methode = DESCRIPTION

    effects: Estimates
    bounds: pd.DataFrame = field(repr=False)
    share: float
    threshold: int

    def summary(self) -> str:
        """Return French sentences: how much is hidden, the effects, the bounds."""
        said = [
            f"{text.pourcent(self.share, 0)} des observations sont masquées : moins de "
            f"{self.threshold} élèves."
        ]
        for row in self.to_frame().itertuples():
            said.append(
                f"{row.label}, sachant ces effectifs petits : {text.signe(row.estimate, 2)} "
                f"({within(row.ci_low, row.ci_high, 2)}). Sans rien en "
                f"supposer : de {text.signe(row.low, 2)} à {text.signe(row.high, 2)}."
            )
        return " ".join(said)

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row an effect, its bounds beside it."""
        ends = self.bounds.rename(columns={"ci_low": "low_ci", "ci_high": "high_ci"})
        return self.effects.to_frame().merge(ends, on="label")


@any_table
def masked(
    panel: pd.DataFrame, y: str = "terminale", *, niveau: str | None = None, threshold: int = 20
) -> Masked:
    r"""Return J given that a hidden count is under the threshold, and its bounds.

    With :math:`\mu` what J predicts, a count hidden under c is worth
    :math:`E[y|y<c] = \mu - \sigma\lambda`, :math:`\lambda = \phi(a)/\Phi(a)`,
    :math:`a = (c - \mu)/\sigma`, and weighs :math:`\lambda(\lambda + a)`. J is linear in outcomes,
    :math:`\sum_i w_i y_i`, so that each end of its bounds puts a hidden count at 0 or at the
    threshold by the sign of its weight. Cells of which nothing is shown are left out. With few
    years a cell, its effect is known with an error that leaves the estimate a little too high.

    Raises
    ------
    FpiError
        Nothing is hidden, or what is missing is not hidden for being small.
    """
    hider, hidden = _hidden(panel, y, threshold)
    known = sample(panel, y, niveau=niveau)
    filled = panel.assign(**{c: panel[c].where(~hidden, 0.0) for c in (y, hider)})
    frame = replace(sample(filled, y, niveau=niveau), reach=known.reach)
    first = fit_j(frame)  # rows that nothing compares would still move the classes of size
    frame = frame.of(frame.frame[first.keep], *first.dropped)
    gone = hidden.loc[frame.index].to_numpy()
    counts = frame.assign(y=filled.loc[frame.index, hider].astype(float))
    worth, rest = (1.0, None) if hider == y else _rest(known, panel[hider])
    fits = [(worth, counts, _censored(counts, gone, threshold - 0.5))]
    fits += [] if rest is None else [(1.0, rest, fit_j(rest))]
    effects = tuple(_effect(frame, fits, label) for label in SHOWN)
    bounds = pd.DataFrame([_bounds(frame, gone, threshold, label) for label in SHOWN])
    return Masked(Estimates(effects), bounds, float(gone.mean()), threshold)


def _hidden(panel: pd.DataFrame, y: str, threshold: int) -> tuple[str, pd.Series]:
    """Return the count whose smallness hides rows, and which rows of cells seen it hides."""
    gone = panel[y].isna()
    if gone.all() or threshold < 1:
        told = "tous les effectifs sont masqués : rien à comparer"
        what = told if gone.all() else f"seuil {threshold} : il en faut un d'au moins 1"
        raise FpiError(f"{what}.", colonne=y)
    if not (gone & panel.groupby("rentree")[y].transform("count").gt(0)).any():
        raise FpiError("aucun effectif n'est masqué.", colonne=y)
    for hider in (*(c for c in HIDERS if c in panel), y):
        shown = panel.loc[~gone, hider]
        if (panel[hider].isna() == gone).all() and shown.min() >= threshold:
            year, cell = (panel.groupby(k)[y].transform("count") for k in ("rentree", "cell"))
            return hider, gone & year.gt(0) & cell.gt(0)
    raise FpiError(
        f"des résultats manquent sans être masqués : d'autres, montrés, sont sous {threshold}.",
        colonne=y,
    )


def _censored(frame: Sample, hidden: np.ndarray, limit: float) -> linear.LinearFit:
    """Return J on counts that are told from ``limit`` on."""
    n, y = scale(frame), frame["y"].to_numpy(float)
    alike = np.nan_to_num(pd.qcut(n, SIZES, labels=False, duplicates="drop"))  # none: all one size
    mean = pd.Series(np.where(hidden, np.nan, y)).groupby(frame["cell"].to_numpy())
    start = np.minimum(mean.transform("mean").to_numpy(), limit) - 1
    value, weight, sd = np.where(hidden, start, y), np.ones(len(y)), np.ones(len(y))
    effect = np.inf
    for step in range(MOST):
        fit = fit_j(frame.assign(y=value), information=weight)
        rank = counted_rank(fit.absorber, fit.effects, np.arange(len(y)))
        predicted = value - fit.residuals * n
        at = (limit - predicted) / sd
        unseen = (1 - at * _hazard(at)) * sd**2
        seen = (y - predicted) ** 2 * len(y) / max(len(y) - rank, 1)
        square = np.where(hidden, unseen, seen) / n
        spread = pd.Series(square).mask(hidden & (step == 0)).groupby(alike).transform("mean")
        sd = np.sqrt(spread.to_numpy() * n)
        value, weight = _expected(predicted, sd, limit, y, hidden)
        found = fit.coefficients[fit.position(SEATS)]
        if abs(found - effect) < CONVERGED:
            return fit
        effect = found
    raise FpiError("les effectifs masqués sont trop nombreux pour estimer leur part.")


def _hazard(at: np.ndarray) -> np.ndarray:
    return np.exp(stats.norm.logpdf(at) - stats.norm.logcdf(at))


def _expected(predicted, sd, limit, y, hidden) -> tuple[np.ndarray, np.ndarray]:
    """Return working outcomes and weights, whose fit solves the equations of the likelihood."""
    at = (limit - predicted) / sd
    hazard = _hazard(at)
    working = predicted - sd / np.maximum(hazard + at, LEAST)
    weight = np.clip(hazard * (hazard + at), LEAST, 1.0)
    return np.where(hidden, working, y), np.where(hidden, weight, 1.0)


def _rest(known: Sample, hider: pd.Series) -> tuple[float, Sample]:
    """Return what one more of the hiding count is worth of the outcome, and the outcome's rest."""
    n = scale(known)
    count = hider.loc[known.index].to_numpy(float)
    names, x, z = design(known)
    per = [count / n]
    fit = linear.fit(
        known["y"].to_numpy() / n,
        chain(per, x),
        effects(known),
        names=("part", *names),
        instruments=chain(per, z),
        weights=n,
    )
    worth = float(fit.coefficients[fit.position("part")])
    return worth, known.assign(y=known["y"] - worth * count)


def _effect(frame: Sample, fits: list, label: str) -> Estimate:
    """Return the sum of fits, each times its worth, influences added cluster by cluster."""
    weights = np.multiply(WEIGHTS[label], (1.0, *frame.reach))
    value, psi = 0.0, {c: np.zeros(frame[c].nunique()) for c in ("uai", "code_departement")}
    for worth, rows, fit in fits:
        w = worth * combination(fit, weights)
        value += w @ fit.coefficients
        for column, total in psi.items():
            mine = rows[column].to_numpy()[fit.keep]
            at = np.searchsorted(np.unique(frame[column]), np.unique(mine))
            total[at] += fit.jackknife(mine) @ w
    return answer(
        frame,
        value,
        *psi.values(),
        estimator="J, effectifs masqués",
        label=label,
        kind=CR3,
        dropped=frame.dropped,
        description=DESCRIPTION,
    )


def _bounds(frame: Sample, hidden: np.ndarray, threshold: int, label: str) -> dict:
    """Return the least and the greatest J of one effect, and its interval at each end."""
    fit = fit_j(frame)
    w = combination(fit, np.multiply(WEIGHTS[label], (1.0, *frame.reach)))
    weight = np.zeros(len(frame))
    weight[fit.keep] = fit.x @ (fit.bread @ w)
    ends = []
    for sign in (-1, 1):
        most = np.where(sign * weight > 0, threshold - 1.0, 0.0)
        rows = frame.assign(y=np.where(hidden, most, frame["y"]))
        ends.append(_effect(rows, [(1.0, rows, fit_j(rows))], label))
    low, high = ends
    points = {"low": low.estimate, "high": high.estimate}
    return {"label": label, **points, "ci_low": low.ci_low, "ci_high": high.ci_high}
