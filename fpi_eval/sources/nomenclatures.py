"""All nomenclatures of one folder, read and checked at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources import formations as f
from fpi_eval.sources import territoires as t
from fpi_eval.sources.reading.reading import Provenance, Reading, read_table

FICHIERS = {
    "mef": ("nMef.csv", f.MEF),
    "diplomes": ("nFormationDiplome_.csv", f.DIPLOMES),
    "diplomes_ensemble": ("vFormationDiplome_.csv", f.DIPLOMES_ENSEMBLE),
    "niveaux": ("nNiveauFormationDiplome_.csv", f.NIVEAUX),
    "groupes_nsf": ("n_groupe_specialite_.csv", f.GROUPES_NSF),
    "familles": ("familleMetiers.csv", f.FAMILLES),
    "options_bts": ("optionsBTS.csv", f.OPTIONS_BTS),
    "intitules": ("diplomesProfessionnels.csv", f.INTITULES),
    "departements": ("departements_academies_regions.csv", t.DEPARTEMENTS),
}
INDISPENSABLES = ("mef", "diplomes", "groupes_nsf", "familles", "options_bts", "departements")


@dataclass(frozen=True, slots=True)
class Nomenclatures:
    """Tables of codes; a file that is absent and not indispensable gives an empty table."""

    mef: pd.DataFrame
    diplomes: pd.DataFrame
    diplomes_ensemble: pd.DataFrame
    niveaux: pd.DataFrame
    groupes_nsf: pd.DataFrame
    familles: pd.DataFrame
    options_bts: pd.DataFrame
    intitules: pd.DataFrame
    departements: pd.DataFrame
    provenances: dict[str, Provenance] = field(default_factory=dict)

    @property
    def tous_diplomes(self) -> pd.DataFrame:
        """Diplomas of both lists, as the first declares them: the second adds the titles."""
        shared = [
            column.name for column in f.DIPLOMES_ENSEMBLE.columns if column.name in self.diplomes
        ]
        both = pd.concat([self.diplomes[shared], self.diplomes_ensemble[shared]])
        return both.drop_duplicates("cfd", ignore_index=True)


def read_nomenclature(path: Path, name: str) -> Reading:
    """Return the nomenclature of that name (a key of `FICHIERS`) from its file."""
    if name == "departements":
        return t.read_departements(path)
    return read_table(path, FICHIERS[name][1])


def read_nomenclatures(
    folder: Path, *, through: Callable[..., Reading] | None = None
) -> Nomenclatures:
    """Return every nomenclature found in the folder, under the publishers' file names.

    ``through``: `cache.cached`, to keep the parsed tables. Raises `FpiError`: folder absent, an
    indispensable file absent, or a file at fault.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FpiError(
            "dossier des nomenclatures absent. Déposez-le, ou corrigez « fichier » dans "
            "[sources.nomenclatures] de programme.toml.",
            fichier=str(folder),
        )
    tables, provenances = {}, {}
    for name, (fichier, table) in FICHIERS.items():
        if not (folder / fichier).exists() and name not in INDISPENSABLES:
            tables[name] = pd.DataFrame(columns=[column.name for column in table.columns])
            continue
        path = folder / fichier
        reading = (
            through(read_nomenclature, path, name) if through else read_nomenclature(path, name)
        )
        tables[name], provenances[name] = reading.table, reading.provenance
    tables["mef"] = f.with_usual_years(tables["mef"])
    return Nomenclatures(**tables, provenances=provenances)
