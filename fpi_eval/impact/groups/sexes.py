"""Do extra BTS entrants count as many women as those before them? One regression per sex."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.errors import FpiError
from fpi_eval.impact.few_treated import wild_interval
from fpi_eval.impact.frame import SEATS, sample
from fpi_eval.impact.groups.declared import FEWEST, SEXES
from fpi_eval.impact.j import fit_j
from fpi_eval.impact.uncertainty import CR3, Clusters, answer, error
from fpi_eval.regression import linear, ratio
from fpi_eval.results import Estimate, Headed, heading, within

WOMEN, MEN = COLUMNS = ("entrants_filles", "entrants_garcons")
ALPHA = 0.05
LEVELS = {"uai": "établissement", "code_departement": "département"}
SHARE, BEFORE = "Part des femmes parmi les entrants de plus", "Part des femmes avant l'ouverture"
GAP = "Femmes de plus par place, au-delà de leur part d'avant"
NOTHING_AFTER = "Parcoursup, tel que lu, ne donne d'admis en BTS pour aucune place déjà ouverte."
DESCRIPTION = (
    "Régression J, la même pour les femmes et pour les hommes admis en BTS sur Parcoursup : c'est "
    "le résultat qui est partagé, non les formations, si bien que les deux effets s'ajoutent. Part "
    "des femmes parmi les entrants de plus : rapport de deux effets, intervalle de Fieller (1954). "
    "Part d'avant : celle des mêmes formations avant leur ouverture, chacune comptée pour ses "
    "places ouvertes. Leur égalité est testée sans rapport, par l'effet sur les femmes moins la "
    "part d'avant fois l'effet total, l'erreur de cette part comprise (influences par groupe, Bell "
    "et McCaffrey, 2002)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sexes(Headed):
    """Effect per seat on women and men admitted, and women's share of it beside that of before.

    ``gap`` is the effect on women minus ``before`` times the effect on both: zero if extra
    entrants count as many women as those already there. ``bounds`` are Fieller's for the share,
    ``women_before`` and ``men_before`` the counts behind ``before`` (not for publication),
    ``influence`` that of the gap by level of clusters, and ``freedom`` its degrees of freedom.
    """

    caption = "Effet par sexe"

    women: Estimate
    men: Estimate
    gap: Estimate
    before: float
    bounds: ratio.Interval
    women_before: float
    men_before: float
    seats: float
    n_opened: int
    influence: dict[str, pd.Series] = field(repr=False)
    freedom: dict[str, int] = field(repr=False)
    verdict: str | None = None

    @property
    def share(self) -> float:
        """Women's share of the extra entrants."""
        return self.women.estimate / (self.women.estimate + self.men.estimate)

    def sentence(self, p_value: float | None = None) -> str:
        """Return one French sentence: women per 100 extra entrants; ``p_value`` if adjusted.

        Bounds are cut at 0 and 100: beyond, one sex would have lost entrants.
        """
        p = self.gap.p_value if p_value is None else p_value
        before = text.nombre(100 * self.before)
        more = self.women.estimate > 0 or self.men.estimate > 0
        if not (more and self.bounds.bounded and 0 <= self.share <= 1):
            return (
                "En BTS, l'effet sur le nombre d'admis est trop incertain pour dire combien de "
                f"femmes il y a parmi les entrants de plus ; elles étaient {before} sur 100 dans "
                "les mêmes formations avant l'ouverture."
            )
        low, high = (text.nombre(100 * min(max(b, 0.0), 1.0)) for b in self._ends)
        word = "moins" if self.share < self.before else "plus"
        told = (
            f"les entrants de plus comptent {word} de femmes"
            if p <= ALPHA
            else "cet écart ne se distingue pas du hasard"
        )
        kind = "valeur p" if p_value is None else "valeur p ajustée"
        return (
            f"Sur 100 entrants de plus en BTS (admis sur Parcoursup), "
            f"{text.nombre(100 * self.share)} sont des femmes (de {low} à {high}), contre {before} "
            f"avant l'ouverture dans les mêmes formations : {told} ({kind} : {text.nombre(p, 2)})."
        )

    @property
    def _ends(self) -> tuple[float, float]:
        return (self.bounds.low, self.bounds.high) if self.bounds.bounded else (np.nan, np.nan)

    def summary(self) -> str:
        """Return French sentences: verdict if any, the share, then the effect on each sex."""
        lines = [
            f"{one.label} : {text.signe(one.estimate, 2)} par place "
            f"({within(one.ci_low, one.ci_high, 2)} ; {one.rule})."
            for one in (self.women, self.men)
        ]
        return "\n".join([*heading(self.verdict), self.sentence(), *lines])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per effect, then the gap, the share (its bounds if any), before."""
        parts = [one.to_frame() for one in (self.women, self.men, self.gap)]
        low, high = self._ends
        shares = [
            {"label": SHARE, "estimate": self.share, "ci_low": low, "ci_high": high},
            {"label": BEFORE, "estimate": self.before},
        ]
        return pd.concat([*parts, pd.DataFrame(shares)], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect on each sex and its interval."""
        xlabel = "Admis de plus par place, intervalle à 95 %"
        return plots.estimates(self.to_frame().iloc[:2], ax, xlabel=xlabel)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return f"{DESCRIPTION} Erreurs et intervalle de l'écart : {self.gap.rule}."


def given(panel: pd.DataFrame) -> bool:
    """Return whether the panel holds admissions by sex."""
    return set(COLUMNS) <= set(panel)


def sexes(panel: pd.DataFrame) -> Sexes:
    r"""Return the effect per seat on women and on men admitted in BTS, and women's share of both.

    With :math:`\theta_f, \theta_m` the gross effects of J on the same rows and :math:`s` the share
    of women before, the test is of :math:`\theta_f - s (\theta_f + \theta_m) = 0`. The share
    :math:`s = \sum_i |S_i| s_i / \sum_i |S_i|` weighs each opened cell as J does, by its
    seat-years; :math:`s_i` is its share before its own opening.

    Raises
    ------
    FpiError
        No admission after an opening, fewer than `FEWEST` opened establishments, one département.
    """
    known = panel[WOMEN].notna() & panel[MEN].notna()
    if not (known & (panel["seats"] != 0)).any():
        raise FpiError(NOTHING_AFTER)
    frame = sample(panel.assign(**{WOMEN: panel[WOMEN].where(known)}), WOMEN)
    frame = replace(frame, outcome="admis en BTS (Parcoursup)")
    men = panel.loc[frame.index, MEN].astype(float)
    fits = [fit_j(frame), fit_j(frame.assign(y=men))]
    used = frame[fits[0].keep]
    clusters = Clusters.of(used)
    if clusters.n_treated_etab < FEWEST or clusters.n_treated_dep < 2:
        raise FpiError(
            f"moins de {FEWEST} établissements ouverts en BTS, ou un seul département, où "
            "Parcoursup donne les admis."
        )
    return _result(used, men[used.index], fits, clusters)


def _result(
    used: pd.DataFrame, men: pd.Series, fits: list[linear.LinearFit], clusters: Clusters
) -> Sexes:
    """Return both effects, their ratio and the gap, from influences stacked by cluster."""
    at = fits[0].position(SEATS)
    theta = np.array([fit.coefficients[at] for fit in fits])
    counts = _before(used, men)
    share, weight = counts["women"] / counts["all"], counts["weight"] / counts["weight"].sum()
    before = float(weight @ share)
    psi, moved = {}, {}
    for column in LEVELS:
        psi[column] = np.column_stack(
            [fit.jackknife(used[column].to_numpy())[:, at] for fit in fits]
        )
        names = np.unique(used[column])
        own = _mean_influence(share - before, weight, counts[column]).reindex(names).fillna(0.0)
        gap = psi[column] @ [1 - before, -before] - theta.sum() * own.to_numpy()
        moved[column] = pd.Series(gap, index=names)
    facts: dict[str, Any] = {"estimator": "J", "kind": CR3, "description": DESCRIPTION}
    women, men_too = (
        answer(
            used,
            theta[k],
            psi["uai"][:, k],
            psi["code_departement"][:, k],
            label=label,
            instead=wild_interval(fits[k], at, clusters, error(psi["uai"][:, k])),
            **facts,
        )
        for k, label in enumerate(SEXES.values())
    )
    gap = answer(
        used,
        theta[0] - before * theta.sum(),
        *(moved[c].to_numpy() for c in LEVELS),
        label=GAP,
        **facts,
    )
    freedom = {"uai": clusters.df_etab, "code_departement": clusters.df_dep}
    level = "code_departement" if clusters.wide else "uai"
    both = psi[level] @ [[1.0, 1.0], [0.0, 1.0]]  # on women, on all
    v = both.T @ both
    bounds = ratio.fieller(theta[0], theta.sum(), v[0, 0], v[1, 1], v[0, 1], df=freedom[level])
    return Sexes(
        women,
        men_too,
        gap,
        before,
        bounds,
        float(counts["women"].sum()),
        float((counts["all"] - counts["women"]).sum()),
        float(used["dose"].sum()),
        used.loc[used["dose"] != 0, "cell"].nunique(),
        moved,
        freedom,
    )


def _before(used: pd.DataFrame, men: pd.Series) -> pd.DataFrame:
    """Return, per opened cell, women and all admitted before its opening, and its seat-years."""
    opened = used["time"].where(used["dose"] != 0).groupby(used["cell"]).transform("min")
    prior = used["time"] < opened
    table = used.assign(women=used["y"].where(prior), all=(used["y"] + men).where(prior))
    table = table[opened.notna()].assign(weight=used["dose"].abs())
    sums = table.groupby("cell")[["women", "all", "weight"]].sum()
    sums = sums.join(table.drop_duplicates("cell").set_index("cell")[list(LEVELS)])
    sums = sums[sums["all"] > 0]
    if sums.empty:
        raise FpiError("Parcoursup, tel que lu, ne donne aucun admis en BTS avant une ouverture.")
    return sums


def _mean_influence(deviation: pd.Series, weight: pd.Series, cluster: pd.Series) -> pd.Series:
    """Return the jackknife influence of each cluster on a mean: minus its move without it."""
    share = weight.groupby(cluster).sum()
    moved = (weight * deviation).groupby(cluster).sum() / (1 - share).where(share < 1)
    n = len(share)
    return np.sqrt((n - 1) / n) * moved.fillna(0.0)
