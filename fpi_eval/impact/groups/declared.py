"""The groups that effects are compared between, decided before looking at any result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError

TIGHT = 1.0  # first wishes per place: above it, not everyone who asked could enter
FEWEST = 5  # opened establishments under which a group is not told apart: nothing to average
MISSING = "non renseigné"
SEXES = {"filles": "Femmes", "garcons": "Hommes"}
NO_SEX = "les fichiers lus ne le donnent pas par établissement et formation."
NO_TENSION = (
    "il faut le fichier des tensions par métier de la Dares ([sources.tensions] de programme.toml) "
    "et la carte des formations vers les métiers (metiers.csv, dans le dossier du programme)."
)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to split the programme, decided before looking: French name, group of each cell."""

    label: str
    groups: Callable[[pd.DataFrame], pd.Series]


def _column(
    name: str, words: Mapping[str, str], why: str = ""
) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the groups of a column of the panel, by cell; ``why`` it may not be there."""

    def groups(panel: pd.DataFrame) -> pd.Series:
        if name not in panel:
            raise FpiError(why or f"colonne « {name} » absente du panel.")
        of = panel.drop_duplicates("cell").set_index("cell")[name]
        return of.map(lambda v: words.get(v, v)).astype(object).fillna(MISSING)

    return groups


def dimension(name: str, panel: pd.DataFrame) -> Dimension:
    """Return a declared way to split, or that of a column that each cell has one value of.

    Raises
    ------
    FpiError
        Neither; or a column that changes within a cell.
    """
    if name in DIMENSIONS:
        return DIMENSIONS[name]
    if name not in panel:
        known = text.liste(DIMENSIONS)
        raise FpiError(f"découpage « {name} » inconnu : {known}, ou une colonne du tableau.")
    if panel[["cell", name]].drop_duplicates()["cell"].duplicated().any():
        raise FpiError(
            "elle change d'une année à l'autre dans une même cellule : un groupe se décide avant.",
            colonne=name,
        )
    return Dimension(name, _column(name, {}))


def label_of(name: str) -> str:
    """Return the French name of a way to split, a column's own name otherwise."""
    return DIMENSIONS[name].label if name in DIMENSIONS else name


def pressure(panel: pd.DataFrame) -> pd.Series:
    """Return whether more first wishes than places came to each cell before the programme."""
    if not {"voeux_1", "places"} <= set(panel):
        raise FpiError("la source ne donne pas les premiers vœux par formation.")
    opened = panel.loc[panel["seats"] != 0, "rentree"]
    before = panel[panel["rentree"] < opened.min()] if len(opened) else panel
    known = before.dropna(subset=["voeux_1", "places"])
    sums = known.groupby("cell")[["voeux_1", "places"]].sum()
    tight = (sums["voeux_1"] > TIGHT * sums["places"]).where(sums["places"] > 0)
    words = tight.map({True: "plus de vœux que de places", False: "autant ou moins de vœux"})
    return words.reindex(panel["cell"].unique()).fillna(MISSING)


DIMENSIONS: dict[str, Dimension] = {
    "niveau": Dimension("Niveau", _column("niveau", text.NIVEAUX)),
    "voie": Dimension("Voie", _column("voie", text.VOIES)),
    "filiere": Dimension("Filière", _column("filiere", {})),
    "sexe": Dimension("Sexe", _column("sexe", SEXES, NO_SEX)),
    "pression": Dimension("Demande avant le programme", pressure),
    "tension": Dimension("Tension du métier visé", _column("tension", {}, NO_TENSION)),
}
