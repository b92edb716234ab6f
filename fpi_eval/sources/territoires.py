"""Geography of schools: départements, académies and regions."""

from dataclasses import replace
from pathlib import Path

from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.reading import Reading, read_table

CODE_DEPARTEMENT = r"(?:\d{3}|02[AB])"
PREFIXES = {"620": "02A", "720": "02B", "983": "988", "984": "987"}
"""UAI prefixes, and codes of exam files, that are not the département's code: Corse, Pacific."""

DEPARTEMENTS = TableSchema(
    name="departements",
    columns=(
        column("code", "code_departement", "codeDepartement", pattern=CODE_DEPARTEMENT,
               expected="un code département de trois caractères, par exemple 001"),
        column("texte", "departement", "libelleDepartement"),
        column("code", "code_academie", "codeAcademie", nullable=False),
        column("texte", "academie", "libelleAcademie"),
        column("code", "code_region", "codeRegion", nullable=False, pattern=r"\d{2}"),
        column("texte", "region", "libelleRegion"),
    ),
)  # fmt: skip


def departement_code(uai: str) -> str:
    """Return the three-character département that a UAI stands for."""
    # A UAI is a number given département by département: no nomenclature of the folder lists
    # establishments, and this is the one place that cuts it.
    return PREFIXES.get(uai[:3], uai[:3])


def read_departements(path: Path) -> Reading:
    """Return one row per département: its académie and region, with their codes.

    Former académies and residual codes (étranger, non renseigné) have no département: they are
    set aside and counted.
    """
    reading = read_table(path, DEPARTEMENTS)
    known = reading.table["code_departement"].notna()
    origin = replace(
        reading.provenance, lignes_ecartees={"académie sans département": int((~known).sum())}
    )
    return Reading(reading.table[known].reset_index(drop=True), origin)
