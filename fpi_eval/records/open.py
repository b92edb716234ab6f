"""Persons and contracts opened on an engine; what is asked of them is counts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel.secteurs import read_secteurs
from fpi_eval.panel.year import Year
from fpi_eval.programme import Individus
from fpi_eval.records.engine import discreet, engine
from fpi_eval.records.read import scan
from fpi_eval.sources.territoires import PREFIXES

UAI_OF = {code: prefix for prefix, code in PREFIXES.items()}
"""How establishments' codes begin where it is not by their département's."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Records:
    """Lazy tables of persons and contracts, and the small tables that place them.

    ``regions`` has one row per département: ``commune`` (how its communes' codes begin), ``uai``
    (how its establishments' do), ``region`` (whole number). ``secteurs`` gives NAF divisions by
    filière, None for all of industry. ``filieres`` gives the filière of a diploma code.
    """

    persons: Any
    contracts: Any
    individus: Individus
    regions: pd.DataFrame
    secteurs: Mapping[str, list[int]] | None = None
    filieres: pd.DataFrame | None = None
    connection: Any = field(default=None)

    def __repr__(self) -> str:
        """Say what is open, never what it holds."""
        return f"Fichiers individuels ouverts sur {self.individus.moteur}."

    def with_tables(self, persons: Any, contracts: Any) -> "Records":
        """Return the same records with other persons and contracts."""
        return replace(self, persons=persons, contracts=contracts)


def run(expression: Any) -> pd.DataFrame:
    """Return the rows of an expression."""
    with discreet():
        return expression.execute()


@contextmanager
def open_records(
    annee: Year, folder: str | Path = "", individus: Individus | None = None
) -> Iterator[Records]:
    """Open the individual files of a year of a programme; scratch goes when the block ends.

    Parameters
    ----------
    annee : Year
        What `fpi_eval.load` returns.
    folder : path, optional
        Folder of the files; ``[individus] dossier`` of the year's data folder by default.
    individus : Individus, optional
        Names and rules of the files; ``[individus]`` of the programme by default.
    """
    individus = individus or annee.programme.individus
    where = Path(folder) if str(folder) else annee.donnees.dossier / individus.dossier
    if not where.is_dir():
        found = "c'est un fichier" if where.exists() else "ce dossier n'existe pas"
        raise FpiError(
            f"pas de fichiers individuels : {found}. Indiquez leur dossier, ou corrigez "
            "« dossier » dans [individus] de programme.toml.",
            fichier=str(where),
        )
    sectors, courses = None, None
    if individus.industrie == "filieres":
        sectors, courses = divisions_of(annee), filieres_of(annee)
    with open_folder(where, individus, regions_of(annee)) as opened:
        yield replace(opened, secteurs=sectors, filieres=courses)


@contextmanager
def open_folder(
    folder: str | Path, individus: Individus, regions: pd.DataFrame
) -> Iterator[Records]:
    """Open a folder of individual files without the rest of a programme."""
    folder = Path(folder)
    with engine(individus) as (connection, scratch):
        with discreet():
            persons = scan(connection, "personnes", individus, folder, scratch)
            contracts = scan(connection, "contrats", individus, folder, scratch)
        if not individus.emplois_publics and "public" not in contracts.columns:
            raise FpiError(
                "« emplois_publics = false » : rien ne dit quels contrats sont publics. Déclarez "
                "la colonne « public » dans [individus.colonnes_contrats], ou écrivez true.",
                fichier="programme.toml",
            )
        yield Records(persons, contracts, individus, regions, connection=connection)


def regions_of(annee: Year) -> pd.DataFrame:
    """Return how the codes of communes and establishments of each département begin.

    The programme's regions are one: who crosses from one to another still works there.
    """
    table = regions_table(annee.donnees.nomenclatures.departements)
    first, *others = map(int, annee.programme.territoire.codes_regions)
    return table.assign(region=table["region"].replace(others, first))


def regions_table(departements: pd.DataFrame) -> pd.DataFrame:
    """Return ``commune``, ``uai`` and ``region`` from code_departement and code_region."""
    rows = departements[["code_departement", "code_region"]].drop_duplicates("code_departement")
    rows = rows[rows["code_region"].str.fullmatch(r"\d{2}").fillna(False)]
    code = rows["code_departement"]
    short = code.where(~code.str.startswith("0"), code.str[1:])
    return pd.DataFrame(
        {
            "commune": short.to_numpy(dtype=object),
            "uai": code.replace(UAI_OF).to_numpy(dtype=object),
            "region": rows["code_region"].astype("int64").to_numpy(),
        }
    )


def divisions_of(annee: Year) -> dict[str, list[int]]:
    """Return the NAF divisions that each filière feeds, as the programme declares them."""
    table = read_secteurs(annee.programme)
    grouped = table.groupby("filiere")["na88"]
    return {code: sorted({int(d) for v in rows for d in v.split()}) for code, rows in grouped}


def filieres_of(annee: Year) -> pd.DataFrame:
    """Return the filière of each MEFSTAT11 and diploma code: ``code``, ``filiere``."""
    from fpi_eval.panel.from_files import coded

    mef = annee.donnees.nomenclatures.mef["mefstat11"].dropna().unique()
    cfd = annee.donnees.nomenclatures.mef["cfd"].dropna().unique()
    rows = pd.DataFrame(
        {"mefstat11": [*mef, *[None] * len(cfd)], "cfd": [*[None] * len(mef), *cfd]}
    )
    rows = coded(annee, rows.astype(object), common=False)
    code = rows["mefstat11"].where(rows["mefstat11"].notna(), rows["cfd"])
    return pd.DataFrame(
        {"code": code.to_numpy(dtype=object), "filiere": rows["filiere"].to_numpy(dtype=object)}
    )
