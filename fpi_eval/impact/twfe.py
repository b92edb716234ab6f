"""Two-way fixed effects, the answer not to trust, with the decomposition that says why."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import alone, sample
from fpi_eval.impact.uncertainty import Clusters, answer, influence
from fpi_eval.regression import linear
from fpi_eval.results import Estimate, Result

DESCRIPTION = (
    "Régression à effets fixes de cellule et de session sur l'indicatrice d'ouverture. Quand les "
    "ouvertures s'échelonnent, elle compare aussi des cellules déjà ouvertes entre elles "
    "(Goodman-Bacon, 2021) : elle n'est donnée qu'avec sa décomposition."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Decomposition(Result):
    """Two-by-two comparisons behind a two-way estimate: their weights add up to 1.

    ``table`` has columns treated, control (cohorts; NaN for never), kind, estimate, weight.
    """

    caption = "Poids de la double différence à effets fixes"

    estimate: Estimate
    table: pd.DataFrame

    def summary(self) -> str:
        """Return French sentences: the estimate, and the weight of forbidden comparisons."""
        late = self.table.loc[self.table["kind"] == "déjà traité", "weight"].sum()
        return (
            f"{self.estimate.summary()}\nPoids des comparaisons avec des cellules déjà ouvertes : "
            f"{text.pourcent(late)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per comparison, after the whole estimate and its interval."""
        whole = self.estimate.to_frame()[["label", "estimate", "std_error", "ci_low", "ci_high"]]
        named = [_compared(row.treated, row.control) for row in self.table.itertuples()]
        parts = self.table.assign(label=named, std_error=np.nan, ci_low=np.nan, ci_high=np.nan)
        return pd.concat([whole.assign(kind="ensemble", weight=1.0), parts], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every comparison by its weight, those with already opened cells apart."""
        return plots.comparisons(self.table, self.estimate.estimate, ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return (
            f"{self.estimate.method()} Chaque comparaison deux à deux et son poids : "
            "Goodman-Bacon (2021), théorème 1, sur les cellules suivies toutes les sessions."
        )


def _compared(treated: float, control: float) -> str:
    """Return in words which openings a comparison sets side by side."""
    beside = "jamais ouvertes" if np.isnan(control) else f"ouvertes en {control:.0f}"
    return f"Ouvertes en {treated:.0f}, face aux cellules {beside}"


def goodman_bacon(y: np.ndarray, cohort: np.ndarray) -> pd.DataFrame:
    """Return the comparisons of a balanced panel (Goodman-Bacon, 2021, theorem 1).

    Parameters
    ----------
    y : array (n_cells, n_years)
        Outcomes.
    cohort : array (n_cells,)
        First treated column, ``n_years`` or more if never.
    """
    n_years = y.shape[1]
    start = np.minimum(np.asarray(cohort), n_years)
    groups = np.unique(start)
    share = {g: np.mean(start == g) for g in groups}
    path = {g: y[start == g].mean(axis=0) for g in groups}
    rows = []
    for early, late in combinations(groups, 2):
        n, m = share[early], share[late]
        d_early, d_late = 1 - early / n_years, 1 - late / n_years
        if early > 0:  # early treated against later treated or never treated
            gain = path[early] - path[late]
            gap = gain[early:late].mean() - gain[:early].mean()
            weight = n * m * (d_early - d_late) * (1 - d_early)
            kind = "jamais traité" if late == n_years else "pas encore traité"
            rows.append((early, late, kind, gap, weight))
        if late < n_years:  # late treated against already treated
            gain = path[late] - path[early]
            gap = gain[late:].mean() - gain[early:late].mean()
            rows.append((late, early, "déjà traité", gap, n * m * d_late * (d_early - d_late)))
    table = pd.DataFrame(rows, columns=["treated", "control", "kind", "estimate", "weight"])
    table["weight"] /= table["weight"].sum()
    return table


@any_table
def twfe(panel: pd.DataFrame, y: str = "diplomes", *, niveau: str | None = None) -> Decomposition:
    """Return the two-way estimate on cells seen every session, and its decomposition.

    Closures are left out: the decomposition is that of a yes-or-no treatment that stays.
    """
    frame = alone(sample(panel, y, niveau=niveau))
    years = np.sort(frame["time"].unique())
    full = frame.groupby("cell")["time"].transform("size") == len(years)
    closed = (frame["dose"] < 0).groupby(frame["cell"]).transform("any")
    back = (frame["time"] >= frame["cohort"]) & ~frame["opened"]
    back = back.groupby(frame["cell"]).transform("any")
    steady = ~closed & ~back
    keep = (full & steady).to_numpy()
    used = frame.of(frame.frame[keep].sort_values(["cell", "time"]))
    if not used["opened"].any():
        raise FpiError("aucune cellule ouverte n'est suivie toutes les sessions.")
    lost = (
        ("observation de cellule où des places ferment", int((~steady).sum())),
        ("observation de cellule incomplète", int((steady & ~full).sum())),
    )
    opened = used["opened"].to_numpy(float)
    fit = linear.fit(
        used["y"].to_numpy(),
        opened[:, None],
        [used["cell"].to_numpy(), used["time"].to_numpy()],
        names=("ouverture",),
    )
    fit.position("ouverture")
    estimate = answer(
        used,
        fit.coefficients[0],
        influence(fit, 0, used["uai"]),
        influence(fit, 0, used["code_departement"]),
        description=DESCRIPTION,
        estimator="Double différence à effets fixes",
        label="Effet par ouverture",
        dropped=frame.dropped + lost,
        clusters=Clusters.of(used.assign(course="")),  # its effects have none
    )
    seen = used["y"].to_numpy().reshape(-1, len(years))
    first = used["cohort"].to_numpy().reshape(-1, len(years))[:, 0]
    start = np.where(np.isnan(first), len(years), np.searchsorted(years, np.nan_to_num(first)))
    table = goodman_bacon(seen, start)
    named = np.append(years.astype(float), np.nan)
    table[["treated", "control"]] = named[table[["treated", "control"]].to_numpy(int)]
    return Decomposition(estimate, table)
