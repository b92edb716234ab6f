"""Is the occupation a course leads to more in tension? Declared map course → FAP, Dares' index.

No open table links a course to an occupation, so the programme declares it in ``metiers.csv``: one
line per filière, NSF group and occupation family (FAP-2009, 225 families), with its reason. The
index is that of Dares by family and region (Dares and Pôle emploi, tensions in 2019, published in
September 2020): standardised, 0 is the mean of all occupations over 2011-2019.

A group is « plus en tension » when its index reaches the mean of all declared occupations of the
region, both weighted by jobs. Dares' own classes, from 1 to 5, cannot split a programme aimed at
occupations that lack people: in Auvergne-Rhône-Alpes, 21 of the 23 declared groups are above
0.51, where class 5 begins. The rule reads no outcome.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme
from fpi_eval.sources.declared_filieres import filiere, read_declared
from fpi_eval.sources.reading import TableSchema, column

FILE = "metiers.csv"
KEYS = ["filiere", "groupe_nsf"]
MORE, LESS = "plus en tension", "moins en tension"
LEVEL = "fap 225"


@dataclass(frozen=True, slots=True, eq=False)
class Tension:
    """Tension of the occupations each NSF group leads to, in one region.

    ``table`` has one row per filière × NSF group: ``tension`` (index), ``emplois`` (jobs of its
    families), ``mot`` (`MORE` or `LESS`, missing where no family has an index). ``seuil`` is the
    index of all declared families together, ``annee`` the year Dares observed.
    """

    table: pd.DataFrame
    seuil: float
    annee: int

    def note(self, *, simulees: bool = False) -> str:
        """Return the French sentences that say where the groups come from and what they mean."""
        known = self.table["tension"].dropna()
        origin = f"Dares {self.annee}" + (" (valeurs simulées)" if simulees else "")
        return (
            "Tension : carte déclarée groupe NSF → famille professionnelle "
            f"({FILE}), {origin} ; « {MORE} » à partir de l'indice moyen des métiers "
            f"déclarés dans la région ({text.nombre(self.seuil, 2)}), pondéré par l'emploi. "
            f"« {LESS.capitalize()} » n'est pas sans tension : {(known > 0).sum()} groupes sur "
            f"{len(known)} dépassent 0, moyenne nationale de tous les métiers de 2011 à 2019."
        )


def read_metiers(programme: Programme, groupes: Iterable[str]) -> pd.DataFrame:
    """Return the declared map filière × NSF group → occupation family.

    Parameters
    ----------
    groupes : iterable of str
        NSF groups (or diplomas, whose NSF group is read) that `filieres.csv` declares.

    Raises
    ------
    FpiError
        File or column absent, unknown filière or group, malformed family, pair written twice,
        reason empty: with its line.
    """
    known = {code if len(code) == 3 else code[3:6] for code in groupes}
    schema = TableSchema(
        FILE.removesuffix(".csv"),
        (
            filiere(*programme.codes_filieres),
            column("code", "groupe_nsf", "groupe_nsf", nullable=False,
                   choices=tuple(sorted(known)),
                   expected="les trois chiffres d'un groupe, ou de celui d'un diplôme, qui est "
                   "dans filieres.csv"),
            column("code", "fap", "fap", nullable=False, pattern=r"[A-Z]\d[0-9A-Z]\d{2}",
                   expected="une famille professionnelle en cinq caractères, comme D1Z41"),
            column("texte", "libelle", "libelle"),
            column("texte", "motif", "motif", nullable=False,
                   expected="pourquoi ce groupe mène à cette famille"),
        ),
        key=(*KEYS, "fap"),
    )  # fmt: skip
    return read_declared(
        programme,
        schema,
        "il dit à quelles familles professionnelles (FAP) mène chaque groupe de spécialités (NSF). "
        "Écrivez-le sur le modèle d'un programme fourni (dossier data).",
    )


def tension_of(metiers: pd.DataFrame, tensions: pd.DataFrame, regions: Sequence[str]) -> Tension:
    """Return the tension of each declared group in the region, and the threshold.

    Parameters
    ----------
    metiers : DataFrame
        filiere, groupe_nsf, fap: what `read_metiers` returns.
    tensions : DataFrame
        What `sources.dares.read_tensions` returns; its last year is used.
    regions : sequence of str
        Codes of the programme's regions; several count by their jobs.

    Raises
    ------
    FpiError
        A declared family that Dares' file does not have at all. One that it has without an index
        in the region is left out of the means.
    """
    rows = tensions[tensions["niveau_fap"] == LEVEL]
    rows = rows[rows["annee"] == rows["annee"].max()]
    if lost := sorted(set(metiers["fap"]).difference(rows["fap"])):
        raise FpiError(
            "absente du fichier de la Dares, qui suit la nomenclature FAP-2009 en 225 familles : "
            f"{text.liste(lost)}. Corrigez le code.",
            fichier=FILE,
            colonne="fap",
        )
    here = rows[(rows["niveau_geo"] == "reg") & rows["code_region"].isin(regions)]
    here = here.set_index("fap")[["tension", "emploi_moyen", "code_region"]]
    each = metiers[[*KEYS, "fap"]].join(here, on="fap")
    each["emplois"] = each["emploi_moyen"].where(each["tension"].notna(), 0.0).fillna(0.0)
    each["points"] = each["tension"].fillna(0.0) * each["emplois"]
    table = each.groupby(KEYS)[["points", "emplois"]].sum()
    table["tension"] = table["points"] / table["emplois"].where(table["emplois"] > 0)
    once = each.drop_duplicates(["fap", "code_region"])[["points", "emplois"]].sum()
    mean = once["points"] / once["emplois"] if once["emplois"] else np.nan
    word = pd.Series(np.where(table["tension"] >= mean, MORE, LESS), table.index, dtype="str")
    table["mot"] = word.where(table["tension"].notna())
    year = int(rows["annee"].max())
    return Tension(table.reset_index()[[*KEYS, "tension", "emplois", "mot"]], mean, year)


def with_tension(panel: pd.DataFrame, found: Tension | None) -> pd.DataFrame:
    """Return the cell panel with ``tension`` last (missing where no group says), or as it came.

    A group has the word of the programme's region everywhere: courses are compared across regions.
    """
    if found is None:
        return panel
    words = found.table.set_index(KEYS)["mot"]
    at = pd.MultiIndex.from_frame(panel[["filiere", "famille"]])
    return panel.assign(tension=words.reindex(at).to_numpy())
