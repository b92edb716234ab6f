"""Programme totals by level, filière, voie, académie and département, gross and net."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import GROSS, NET, level, reach, sample
from fpi_eval.impact.groups.territories import Territories, territories
from fpi_eval.impact.j import fit_j, report
from fpi_eval.panel import align
from fpi_eval.regression.choice import RULES
from fpi_eval.results import Headed, heading, within

ALL = "Ensemble"
OWN = {"niveau": text.NIVEAUX, "filiere": {}, "voie": text.VOIES}
PLACES = {"academie": "code_academie", "departement": "code_departement"}
DIMENSIONS = {
    "niveau": "Niveau",
    "filiere": "Filière",
    "voie": "Voie",
    "academie": "Académie",
    "departement": "Département",
}
SHOWN_ALONE = 3  # opened establishments under which a territory joins the others
OTHERS = "Autres"
TOO_FEW = "trop peu d'établissements ouverts ou de comparaisons."
COLUMNS = [
    "dimension", "group", "seats", "n_etab", "gross", "gross_low", "gross_high", "estimate",
    "ci_low", "ci_high",
]  # fmt: skip
METHOD = (
    "Effet par place multiplié par les places × sessions déjà observées. Par niveau, filière et "
    "voie : une régression J par groupe ; ce que perdent les voisines est compté dans le groupe "
    "qui les perd. Par territoire : moyenne de l'effet propre au département et de celui de tout "
    "le programme. À mi-chemin, l'erreur est la moitié de la différence entre le bruit et l'écart "
    "vrai du département : sa variance est le quart de celle que montrent les données, quelle que "
    "soit la part de chacun (variance entre départements : Paule et Mandel, 1982). Déplacement : "
    "celui, par place, de tout le programme, compté là où sont les voisines. Intervalles "
    "par territoire : loi t. Intervalles par groupe : ceux de J (effet brut : bootstrap sauvage ou "
    f"permutation sous {RULES[0].minimum} établissements ouverts)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Totals(Headed):
    """What the programme added, in people × sessions, by group.

    ``table`` has one row per group, the whole first: dimension, group (French), seats (seat-years
    that can move the outcome), n_etab (opened establishments), gross, gross_low, gross_high, then
    net: estimate, ci_low, ci_high. ``absent`` says why a dimension or a group has no row.
    """

    caption = "Effet en tout, par groupe"
    methode = METHOD

    outcome: str
    table: pd.DataFrame
    absent: Mapping[str, str] = field(default_factory=dict)
    verdict: str | None = None

    def told_by(self, gate: Gate) -> "Totals":
        """Return all rows, of `SHOWN_ALONE` sites or more: told to the ten, they give none back."""
        return self

    def summary(self) -> str:
        """Return one French line per group: net total and its interval."""
        lines = [
            f"{', '.join(dict.fromkeys((r.dimension, r.group)))} : {text.signe(r.estimate)} net "
            f"({within(r.ci_low, r.ci_high, 0)}), {text.signe(r.gross)} brut."
            for r in self.table.itertuples()
        ]
        lines += [f"{name} : {why}" for name, why in self.absent.items()]
        return "\n".join([*heading(self.verdict), f"Totaux, « {self.outcome} ».", *lines])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per group; estimate, ci_low and ci_high are net."""
        return self.table.assign(outcome=self.outcome)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw every group's net total and its interval."""
        rows = self.table.assign(label=self.table["dimension"] + " : " + self.table["group"])
        return plots.estimates(rows, ax, xlabel="Effet net en tout, intervalle à 95 %")


@any_table
def totals(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> Totals:
    """Return programme totals of one outcome, in all and by group.

    Parameters
    ----------
    names : mapping, optional
        By dimension (``filiere``, ``academie``, ``departement``), the French name of each code.

    Notes
    -----
    Courses created by the programme have no past: their seats get their group's effect per seat.
    """
    frame, whole = sample(panel, y), align(panel, y)
    rows = [_row(ALL, ALL, frame, whole)]
    absent: dict[str, str] = {}
    for name in (name for name in OWN if name in whole):
        words = {**OWN[name], **(names or {}).get(name, {})}
        keys = sorted(whole.loc[whole["dose"] != 0, name].dropna().unique())
        for key in keys if len(keys) > 1 else ():  # alone, it is the whole
            inside, of = frame[frame[name] == key], whole[whole[name] == key]
            group = str(words.get(key, key))
            try:
                rows.append(_row(DIMENSIONS[name], group, inside, of))
            except (FpiError, np.linalg.LinAlgError):
                absent[f"{DIMENSIONS[name]}, {group.lower()}"] = TOO_FEW
    try:
        found = territories(panel, y)
    except FpiError as why:
        absent["Territoires"] = str(why)
    else:
        rows += _places(found, panel, names or {})
    return Totals(y, pd.DataFrame(rows, columns=COLUMNS), absent)


def _row(dimension: str, group: str, frame: pd.DataFrame, whole: pd.DataFrame) -> tuple:
    """Return the totals of one group, from its own regression J, if enough sites are in it."""
    read = whole.index.isin(frame.index)
    frame = replace(frame, reach=reach(whole, read, level(whole, read)))
    sites, compared = (rows.loc[rows["dose"] != 0, "uai"].nunique() for rows in (whole, frame))
    if compared < SHOWN_ALONE:
        raise FpiError(TOO_FEW)
    found = report(frame, fit_j(frame))
    n, parts = float(whole["dose"].sum()), []
    times = n or np.nan  # as many seats closed as opened: nothing of their sum can be told
    for one in (found[GROSS].of_seats(times), found[NET].of_seats(times)):
        parts += [one.estimate, one.ci_low, one.ci_high]
    return (dimension, group, n, sites, *parts)


def _places(found: Territories, panel: pd.DataFrame, names: Mapping) -> list[tuple]:
    """Return the totals of académies, then of départements, the small ones together."""
    table, rows = found.table, []
    area = panel.drop_duplicates("code_departement").set_index("code_departement").rename(index=str)
    for name, column in PLACES.items():
        if column not in panel:
            continue
        code = table["code_departement"].map(area[column] if name == "academie" else str)
        called = code.replace(dict(names.get(name, {})))
        called = called.where(~small(table["n_etab"].groupby(code.to_numpy()), code), OTHERS)
        groups = sorted(called.unique(), key=lambda g: (g == OTHERS, g))
        for group in groups if len(groups) > 1 else ():  # alone, it is the whole
            kept = (called == group).to_numpy()
            n, sites = table.loc[kept, ["seats", "n_etab"]].sum()
            rows.append(
                (
                    DIMENSIONS[name],
                    group,
                    float(n),
                    int(sites),
                    *found.interval(kept, net=False),
                    *found.interval(kept),
                )
            )
    return rows


def small(sites, code: pd.Series) -> pd.Series:
    """Return which rows belong to territories to be shown together: `SHOWN_ALONE` sites or more.

    The smallest are put together until their sum reaches the threshold, so that the rest itself
    is never one small territory.
    """
    counts = sites.sum().sort_values(kind="stable")
    few = int((counts < SHOWN_ALONE).sum())
    if few:
        few = max(few, int((counts.cumsum() < SHOWN_ALONE).sum()) + 1)
    return code.isin(counts.index[:few])
