"""From opened seats to jobs, link by link: out of 100 opened seats, how many become…."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from fpi_eval import plots, text
from fpi_eval.calendar import employed, first_seen, in_industry, month
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.jobs.cohorts import DRAWS, CohortFit, cohort_frame, fit_cohorts
from fpi_eval.impact.uncertainty import ENOUGH
from fpi_eval.regression.ratio import LEVEL, fieller
from fpi_eval.results import Result

WEAK = 0.25  # METHOD, A3: above this relative error a link's interval is Fieller's


@dataclass(frozen=True, slots=True)
class Link:
    """One link: an outcome, the outcome it is a part of, and the French words for both."""

    outcome: str
    parent: str
    label: str
    people: str


def links(horizon: int = 6, *, industry: bool = False) -> tuple[Link, ...]:
    """Return the links of the chain, employment at ``horizon`` months, in ``industry`` last."""
    work = employed(horizon)
    found = (
        Link("entrants", "", "Remplissage", "entrants"),
        Link("terminale", "entrants", "Maintien", "en dernière année"),
        Link("diplomes", "terminale", "Réussite", "diplômés"),
        Link("sortants", "terminale", "Sortie d'études", "sortants"),
        Link(work, "sortants", f"Emploi à {horizon} mois", f"en emploi à {horizon} mois"),
    )
    last = Link(
        in_industry(horizon),
        work,
        "Industrie de la région",
        f"dans l'industrie de la région à {horizon} mois",
    )
    return (*found, last) if industry else found


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chain(Result):
    """Effects per seat of one set of treated cohorts, as links that multiply exactly.

    ``levels`` has the share of the seats at each level. ``table`` has one row per link: outcome,
    parent, label, link, link_low, link_high (effect per
    student of the parent's effect), before (the same ratio in the opened cells before),
    per_100, low, high (students per 100 seats), net_per_100, net_low, net_high (neighbours'
    losses taken off), rule; ``pending`` the outcomes not observable yet, with their date;
    ``n_openings`` counts the opened establishments followed.
    """

    caption = "De la place ouverte à l'emploi"
    unite = "decimal"

    table: pd.DataFrame
    pending: pd.DataFrame
    fit: CohortFit = field(repr=False)
    definitions: tuple[Link, ...] = field(repr=False)
    levels: pd.Series = field(repr=False)
    n_openings: int = 0

    def told_by(self, gate: Gate) -> "Chain | None":
        """Return the chain if it rests on enough openings."""
        return self if gate.told(self.n_openings) else None

    def summary(self) -> str:
        """Return French sentences: out of 100 seats, the net end, what cannot be seen yet."""
        people = {link.outcome: link.people for link in self.definitions}
        said = [
            f"{text.nombre(r.per_100)} {people[r.outcome]} ({text.intervalle(r.low, r.high, 0)})"
            for r in self.table.itertuples()
        ]
        last = self.table.iloc[-1]
        lines = [
            f"Sur 100 places ouvertes : {text.liste(said)}.",
            "Une fois ôté ce que perdent les formations voisines : "
            f"{text.nombre(last.net_per_100)} "
            f"{people[last.outcome]} ({text.intervalle(last.net_low, last.net_high, 0)}).",
        ]
        for row in self.pending.itertuples():
            lines.append(
                f"« {people[row.outcome].capitalize()} » : pas observé, ou trop peu ; premier "
                f"chiffre selon le calendrier en {month(row.date)}."
            )
        lines.append(
            f"{text.pluriel(self.fit.n_treated_clusters, 'groupe traité', 'groupes traités')} sur "
            f"{text.nombre(self.fit.n_clusters)}, mêmes promotions à chaque maillon ; bootstrap "
            f"par groupe, {len(self.fit.gross_draws)} tirages."
        )
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per link, those not observable yet with their date only.

        ``estimate`` and its interval are students per 100 seats, as ``net_per_100`` and its ends.
        """
        names = {"per_100": "estimate", "low": "ci_low", "high": "ci_high"}
        seen = self.table.rename(columns=names).assign(observable=True)
        return pd.concat([seen, self.pending.assign(observable=False)], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw students per 100 seats at each link, with their interval."""
        rows = self.table.rename(
            columns={"per_100": "estimate", "low": "ci_low", "high": "ci_high"}
        )
        return plots.estimates(rows, ax, xlabel="Pour 100 places ouvertes")

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return (
            "Chaque maillon est le rapport de deux effets par place estimés sur les mêmes "
            "promotions, avec les mêmes poids et les mêmes instruments (régression J), de sorte "
            "que leur produit est exactement l'effet final. Intervalles : percentiles d'un "
            "bootstrap conjoint qui tire les départements (ou les établissements, s'il y a trop "
            "peu de départements), traités et non traités à part (Davison et Hinkley, 1997), "
            "élargis parce que les groupes traités sont peu nombreux (Hesterberg, 2015) ; Fieller "
            "(1954), avec le même élargissement, quand l'effet du maillon précédent est mal connu."
        )


@any_table
def chain(
    panel: pd.DataFrame,
    *,
    horizon: int = 6,
    niveau: str | None = None,
    draws: int = DRAWS,
    proportional: bool = True,
) -> Chain:
    """Return the chain from seats to jobs on cohorts whose whole path is known.

    An outcome seen in fewer than `uncertainty.ENOUGH` treated establishments is pending: it is
    shown with the date of its first figure and never filled in. New cells are left out, as in J.
    Départements are resampled when at least `uncertainty.ENOUGH` of them opened seats, whose shocks
    they allow for, else establishments.

    Parameters
    ----------
    horizon : {6, 12, 18, 24}
        Months after leaving at which employment is read.
    """
    steps = links(horizon, industry=in_industry(horizon) in panel)
    frame = cohort_frame(panel, tuple(s.outcome for s in steps), niveau=niveau)
    kept = _observable(frame, steps)
    if not kept:
        raise FpiError(
            "aucune promotion entrée dans une place ouverte n'est encore observée dans au moins "
            f"{ENOUGH} établissements : premier chiffre, selon le calendrier, en "
            f"{month(first_seen(panel, 'entrants'))}."
        )
    names = tuple(s.outcome for s in kept)
    used = frame.dropna(subset=list(names))
    opened = used.loc[used["dose"] != 0, "code_departement"].nunique()
    resampled = "code_departement" if opened >= ENOUGH else "uai"
    fit = fit_cohorts(frame, names, cluster=resampled, draws=draws, proportional=proportional)
    pending = pd.DataFrame(
        [(s.outcome, s.label, first_seen(panel, s.outcome)) for s in steps if s not in kept],
        columns=["outcome", "label", "date"],
    )
    levels = used["niveau"] if "niveau" in used else pd.Series("", used.index)
    seats = used["dose"].groupby(levels).sum()
    made = _table(kept, fit, used)
    openings = used.loc[used["dose"] != 0, "uai"].nunique()
    return Chain(made, pending, fit, steps, seats / seats.sum(), openings)


def _observable(frame: pd.DataFrame, steps: tuple[Link, ...]) -> list[Link]:
    """Return the links whose cohorts are complete in enough treated establishments."""
    kept: list[Link] = []
    known = (frame["dose"] != 0).to_numpy()
    for link in steps:
        if link.parent and link.parent not in {s.outcome for s in kept}:
            continue
        also = known & frame[link.outcome].notna().to_numpy()
        if frame.loc[also, "uai"].nunique() >= ENOUGH:
            kept.append(link)
            known = also
    return kept


def _table(steps: list[Link], fit: CohortFit, used: pd.DataFrame) -> pd.DataFrame:
    at = {name: j for j, name in enumerate(fit.outcomes)}
    calm = used[used["cell"].isin(used.loc[used["dose"] != 0, "cell"]) & (used["dose"] == 0)]
    rows = []
    for link in steps:
        j, parent = at[link.outcome], at.get(link.parent)
        value, low, high, rule = _link(fit, j, parent)
        before = calm[link.outcome].sum() / calm[link.parent].sum() if link.parent else np.nan
        bounds, net = ends(fit, fit.gross_draws[:, j]), ends(fit, fit.net_draws[:, j])
        people = 100 * np.array([fit.gross[j], *bounds, fit.net[j], *net])
        rows.append(
            (link.outcome, link.parent, link.label, value, low, high, before, *people, rule)
        )
    columns = [
        "outcome", "parent", "label", "link", "link_low", "link_high", "before", "per_100", "low",
        "high", "net_per_100", "net_low", "net_high", "rule",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _link(fit: CohortFit, j: int, parent: int | None) -> tuple[float, float, float, str]:
    """Return a link and its interval: percentiles, or Fieller when the parent is ill known."""
    if parent is None:
        return fit.gross[j], *ends(fit, fit.gross_draws[:, j]), "bootstrap"
    value = fit.gross[j] / fit.gross[parent]
    above, below = fit.gross_draws[:, j], fit.gross_draws[:, parent]
    if below.std(ddof=1) > WEAK * abs(fit.gross[parent]):
        g = fit.groups  # as in `ends`
        cov = np.cov(above, below) * g / (g - 1)
        both = fit.gross[j], fit.gross[parent]
        found = fieller(*both, cov[0, 0], cov[1, 1], cov[0, 1], df=g - 1)
        bounds = (found.low, found.high) if found.bounded else (-np.inf, np.inf)
        return value, *bounds, "Fieller"
    return value, *ends(fit, above / below), "bootstrap"


def ends(fit: CohortFit, drawn: np.ndarray) -> np.ndarray:
    r"""Return the ends of the 95 % interval of resampled values, by expanded percentiles.

    Resampling G clusters, treated ones or those they are compared with if there are fewer,
    understates the spread by :math:`\sqrt{(G-1)/G}` and ignores that it is itself estimated:
    percentiles are those of
    :math:`\Phi(\pm t_{.975, G-1} \sqrt{G/(G-1)})` (Hesterberg, 2015).
    """
    g = fit.groups
    far = stats.t.ppf((1 + LEVEL) / 2, g - 1) * np.sqrt(g / (g - 1))
    tail = 100 * stats.norm.cdf(-far)
    return np.percentile(drawn, [tail, 100 - tail])
