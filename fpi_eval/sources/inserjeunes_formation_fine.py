"""InserJeunes by establishment and course: lycées professionnels, lycées agricoles, CFA (portal).

Three files of one shape: `…-lycee_pro-formation-fine`, its sister of the ministry of agriculture,
and `…-cfa-formation_fine`, whose courses are diplomas rather than years of study.

Rates only, rounded to the percent and empty under 20 pupils: empty is not zero. A millésime pools
two cohorts of leavers and shares one with the next. Two bases, never to be mixed: the three parts
are over all final-year pupils and sum to 100, the employment rates are over those who left
education. Jobs in the public sector count from the leavers of 2022 on. Publishers: DEPP and Dares,
Licence Ouverte.
"""

from dataclasses import replace
from pathlib import Path

from fpi_eval.calendar import HORIZONS
from fpi_eval.sources.inserjeunes_etablissement import CONSECUTIVE
from fpi_eval.sources.reading import CFD, MEFSTAT11, RowRule, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

ROUNDING = 0.015 + 1e-9
"""Three parts rounded to the percent may miss their sum by 1.5 points."""

FORMATION_FINE = TableSchema(
    name="inserjeunes_formation_fine",
    columns=(
        column("code", "annee", "Année", nullable=False, pattern=r"cumul \d{4}-\d{4}",
               expected="un cumul comme « cumul 2023-2024 »"),
        column("uai", "uai", "UAI", nullable=False),
        column("texte", "libelle", "Libellé"),
        column("texte", "region", "Région"),
        column("texte", "type_diplome", "Type diplome", "Type de diplôme", nullable=False),
        column("code", "mefstat11", "Code formation mefstat11", "code_formation_mefstat11",
               nullable=False, pattern=MEFSTAT11),
        column("texte", "libelle_formation", "Libellé formation"),
        column("pourcentage", "part_poursuite", "DEVENIR Part poursuite études",
               "part_en_poursuite_d_etudes"),
        column("pourcentage", "part_emploi_6_mois", "DEVENIR Part en emploi 6 mois",
               "part_en_emploi_6_mois_apres_la_sortie"),
        column("pourcentage", "part_autre", "DEVENIR Part autre situation 6 mois",
               "DEVENIR Part autre situation", "part_des_autres_situations"),
        column("pourcentage", "taux_poursuite", "Taux poursuite études", "taux_poursuite_etudes"),
        *(
            column("pourcentage", f"taux_emploi_{k}_mois", f"Taux emploi {k} mois")
            for k in HORIZONS
        ),
    ),
    key=("annee", "uai", "mefstat11"),
    rules=(
        CONSECUTIVE,
        RowRule(
            ("part_poursuite", "part_emploi_6_mois", "part_autre"),
            lambda t: (
                (t["part_poursuite"] + t["part_emploi_6_mois"] + t["part_autre"] - 1).abs()
                > ROUNDING
            ),
            "Les trois parts, {part_poursuite}, {part_emploi_6_mois} et {part_autre}, ne font pas "
            "100.",
        ),
    ),
)  # fmt: skip


#: Lycées under the ministry of agriculture: the same columns, no head count in any open file.
AGRICOLE = replace(FORMATION_FINE, name="inserjeunes_agricole")
#: CFA: a row may stand for one of the lengths of a diploma.
CFA = replace(
    FORMATION_FINE,
    name="inserjeunes_cfa_formation",
    columns=(
        *(
            column("code", "code_formation", "Code formation", "code_formation",
                   "Code formation cfd", "code_formation_cfd", *code.aliases,
                   fallbacks=(code.header,), nullable=False, pattern=f"{CFD}|{MEFSTAT11}",
                   expected="un code formation-diplôme (8 caractères), ou un code MEFSTAT11 (11)")
            if code.name == "mefstat11"
            else code
            for code in FORMATION_FINE.columns
        ),
        column("texte", "duree_formation", "Durée formation", required=False),
    ),
    key=("annee", "uai", "code_formation", "duree_formation"),
)  # fmt: skip


def read_inserjeunes_formation_fine(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return rates per millésime, lycée and course.

    Returns
    -------
    Reading
        Table: millesime ("2023_2024"), uai, libelle, region, type_diplome, mefstat11 (final
        year), libelle_formation, part_poursuite, part_emploi_6_mois, part_autre (over final-year
        pupils), taux_poursuite, taux_emploi_6_mois to 24 (over leavers); rates in 0..1.

    Raises
    ------
    FpiError
        When three parts given do not sum to 100 within rounding.
    """
    return _read(path, FORMATION_FINE, renaming)


def read_inserjeunes_agricole(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return rates per millésime, lycée agricole and course, in the same columns."""
    return _read(path, AGRICOLE, renaming)


def read_inserjeunes_cfa_formation(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return rates per millésime, CFA and course, under ``code_formation`` (diploma or MEF)."""
    return _read(path, CFA, renaming)


def _read(path: Path, schema: TableSchema, renaming: Renaming | None) -> Reading:
    reading = read_table(path, schema, renaming)
    table = reading.table.drop(columns="annee")
    millesime = reading.table["annee"].str.removeprefix("cumul ").str.replace("-", "_")
    table.insert(0, "millesime", millesime)
    return Reading(table, reading.provenance)
