"""Dares: labour-market tension by occupation family (FAP) and territory.

Tension is a standardised index (0 is the mean of all occupations over 2011-2019), its category
goes from 1 (low) to 5. Headers and levels carry trailing blanks, regions read `84.0`. The families
are those of FAP-2009: FAP-2021 codes do not join. Publisher: Dares, Licence Ouverte.
"""

from pathlib import Path

from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

NIVEAUX_GEO = ("nat", "reg", "dep")

TENSIONS = TableSchema(
    name="tensions",
    columns=(
        column("code", "fap", "fap", nullable=False, pattern=r"[A-Z]\d[0-9A-Z]\d{0,2}"),
        column("code", "niveau_fap", "niveau_fap", nullable=False, choices=("fap 225", "fap 87")),
        column("code", "niveau_geo", "niveau_geo", nullable=False, choices=NIVEAUX_GEO),
        column("entier", "region", "reg", low=1, high=99),
        column("code", "departement", "dep", pattern=r"\d{2,3}|2[AB]"),
        column("entier", "annee", "Année", nullable=False, low=2000, high=2099),
        column("effectif", "emploi_moyen", "Emploi moyen"),
        column("nombre", "tension", "Tension", low=-20, high=20),
        column("entier", "categorie_tension", "Catégorie Tension", low=1, high=5,
               expected="une note de 1 à 5"),
    ),
    key=("annee", "niveau_fap", "fap", "niveau_geo", "region", "departement"),
)  # fmt: skip


def read_tensions(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return tension by occupation family, at national, regional and departmental level.

    Returns
    -------
    Reading
        Table: fap, niveau_fap, niveau_geo, code_region ("84"), code_departement ("001"), annee,
        emploi_moyen (jobs, rounded to 100), tension and categorie_tension (1 to 5). Levels overlap:
        keep one `niveau_geo` and one `niveau_fap`.
    """
    reading = read_table(path, TENSIONS, renaming)
    table = reading.table.rename(
        columns={"region": "code_region", "departement": "code_departement"}
    )
    table["code_region"] = table["code_region"].map("{:02.0f}".format, na_action="ignore")
    table["code_departement"] = table["code_departement"].str.zfill(3)
    return Reading(table.astype({"annee": "int64"}), reading.provenance)
