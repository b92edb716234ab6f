"""Does a large opening bring as much per seat as a small one? By size class, then increasing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from fpi_eval import text
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import final, sample
from fpi_eval.impact.groups.heterogeneity import large, split
from fpi_eval.impact.uncertainty import Clusters
from fpi_eval.results import Headed, heading, within

CLASSES = 3
METHOD = (
    "Une régression J où chaque classe de taille d'ouverture (tiers des formations ouvertes) a son "
    "effet par place. Comparer une classe à rien demande que, sans places, ses formations auraient "
    "évolué comme les autres ; comparer deux classes demande en plus que l'effet d'une taille "
    "donnée soit le même pour toutes (Callaway, Goodman-Bacon et Sant'Anna, 2024). Effet d'une "
    "ouverture entière : régression isotonique pondérée par la précision, une ouverture plus "
    "grande n'apportant jamais moins (Barlow et al., 1972)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DoseResponse(Headed):
    """Gross effect by size of the opening.

    ``table`` has one row per class, the smallest first: label, seats (mean of its openings),
    n_cells, estimate, std_error, ci_low, ci_high, p_value (per seat), whole (pupils a year for an
    opening of that mean size), increasing (the same, never less for a larger one). ``p_value`` is
    that of equal effects per seat in all classes.
    """

    caption = "Effet selon la taille de l'ouverture"
    xlabel = "Effet par place, intervalle à 95 %"
    methode = METHOD

    outcome: str
    table: pd.DataFrame
    p_value: float
    verdict: str | None = None

    def told_by(self, gate: Gate) -> "DoseResponse | None":
        """Return the classes if each rests on enough openings: the others would tell that one."""
        return self if gate.rows(self.table).all() else None

    def summary(self) -> str:
        """Return one French line per class, then whether they differ."""
        lines = [
            f"Ouvertures de {r.label} : {text.signe(r.estimate, 2)} par place "
            f"({within(r.ci_low, r.ci_high, 2)})."
            for r in self.table.itertuples()
        ]
        return "\n".join([*heading(self.verdict), *lines, self.sentence()])

    def sentence(self) -> str:
        """Return whether the classes differ, in one sentence."""
        p = text.p_egale(self.p_value)
        if self.p_value < 0.05:
            return f"L'effet par place dépend de la taille de l'ouverture ({p})."
        return f"On ne distingue pas l'effet par place des petites et des grandes ouvertures ({p})."

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per class."""
        return self.table.assign(outcome=self.outcome, p_equal=self.p_value)


@any_table
def dose_response(panel: pd.DataFrame, y: str = "diplomes") -> DoseResponse:
    """Return the gross effect per seat of small, middle and large openings.

    Closures are left out, and classes with too few opened establishments, as in `heterogeneity`.
    """
    frame = sample(panel, y)
    size = pd.Series(final(frame["cell"], frame["dose"].to_numpy()), frame.index)
    frame, size = frame[size >= 0], size[size >= 0]
    opened = size.groupby(frame["cell"]).first().loc[lambda s: s > 0]
    if opened.empty:
        raise FpiError("aucune ouverture dont l'effet puisse se voir : que des fermetures.")
    shares = np.arange(1, CLASSES) / CLASSES
    cuts = np.unique(np.quantile(opened, shares, method="lower"))  # sizes seen, as words tell them
    rank = np.searchsorted(cuts, size.to_numpy())
    if len(np.unique(rank[size > 0])) < 2:
        raise FpiError("toutes les ouvertures ont la même taille, ou presque.")
    edges = [0.0, *cuts, opened.max()]
    names = [_name(edges[k], edges[k + 1]) for k in range(len(cuts) + 1)]
    groups = pd.Series(np.array(names)[rank], frame.index)
    kept, _ = large(frame, groups)
    found = split(kept, groups.loc[kept.index], "", Clusters.of(frame).wide)
    rows = pd.DataFrame(found.rows).drop(columns="label").rename(columns={"group": "label"})
    seats = opened.groupby(groups.groupby(frame["cell"]).first().reindex(opened.index)).mean()
    rows = rows.assign(seats=rows["label"].map(seats)).sort_values(
        "seats", ignore_index=True, kind="stable"
    )
    whole, error = (rows[c] * rows["seats"] for c in ("estimate", "std_error"))
    increasing = isotonic_regression(whole, weights=1 / error**2).x
    columns = ["label", "seats", "n_cells", "estimate", "std_error", "ci_low", "ci_high", "p_value"]
    table = rows[columns].assign(whole=whole, increasing=increasing)
    return DoseResponse(y, table, float(found.f[2]))


def _name(low: float, high: float) -> str:
    """Return a class of sizes in words: more than ``low``, ``high`` at most."""
    if low == 0:
        return f"{text.pluriel(high, 'place')} au plus"
    return f"plus de {text.nombre(low)} à {text.nombre(high)} places"
