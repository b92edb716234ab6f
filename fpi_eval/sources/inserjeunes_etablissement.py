"""InserJeunes per establishment, lycées (DEPP-Dares): yearly CSV files and the portal's export.

The yearly files have had five headers over four millésimes, two of them with unnamed columns,
read by position (`Layout`). What the unnamed ones hold is inferred from the neighbouring years.
A lycée has up to three rows: `ensemble`, and its parts `scolaires` and `apprentis`; keep the
first, or the parts, never both. Hidden values are empty until 2020_2021, `nd` afterwards.
"""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import Layout, RowRule, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Provenance, Reading, read_table
from fpi_eval.text import liste

PUBLICS = {
    "ensemble": "ensemble",
    "dont apprentis": "apprentis",
    "dont élèves en voie pro sco": "scolaires",
}
RATES = (
    "taux_poursuite", "taux_emploi_6_mois", "taux_emploi_6_mois_attendu", "valeur_ajoutee",
    "taux_emploi_12_mois", "taux_emploi_18_mois", "taux_emploi_24_mois", "part_poursuite",
    "part_emploi_6_mois", "part_autre", "part_interruption",
)  # fmt: skip
POINT = 0.01 + 1e-9


COLUMNS = (
    column("texte", "annee", "annee", "Année", required=False, nullable=False,
           pattern=r"(cumul )?\d{4}[-_]\d{4}", expected="une année comme « cumul 2021-2022 »"),
    column("uai", "uai", "n°UAI de l'établissement", "UAI", nullable=False),
    column("texte", "etablissement", "Libellé de l'établissement", "Libellé"),
    column("texte", "region", "Région"),
    column("pourcentage", "taux_poursuite", "Taux de poursuite d'études", "taux_poursuite_etudes",
           "Taux poursuite études"),
    column("pourcentage", "taux_emploi_6_mois", "Taux", "taux_emploi_6_mois", "Taux emploi 6 mois"),
    column("pourcentage", "taux_emploi_6_mois_attendu", "Taux attendu",
           "taux_emploi_6_mois_attendu", "Taux emploi 6 mois attendu"),
    column("pourcentage", "valeur_ajoutee", "Valeur ajoutée", "va_emploi_6_mois",
           "VA emploi 6 mois", low=-1.0, expected="un nombre de points entre -100 et 100"),
    *(
        column("pourcentage", f"taux_emploi_{k}_mois", f"Taux emploi {k} mois", required=False)
        for k in (12, 18, 24)
    ),
    column("pourcentage", "part_poursuite", "Part en poursuite d'études",
           "part_en_poursuite_d_etudes", "DEVENIR Part poursuite études", required=False),
    column("pourcentage", "part_emploi_6_mois", "Part en emploi 6 mois après la sortie",
           "part_en_emploi_6_mois_apres_la_sortie", "DEVENIR Part en emploi 6 mois",
           required=False),
    column("pourcentage", "part_autre", "Part des autres situations", "part_des_autres_situations",
           "DEVENIR Part autre situation 6 mois", required=False),
)  # fmt: skip
PUBLIC = column("texte", "public", "Dont apprentis en EPLE", "dont_apprentis_eple", nullable=False,
                choices=tuple(PUBLICS))  # fmt: skip
INTERRUPTION = column("pourcentage", "part_interruption",
                      "Part contrats apprentissage interrompus", required=False)  # fmt: skip
CONSECUTIVE = RowRule(
    ("annee",),
    lambda t: t["annee"].str[-4:].astype("int64") != t["annee"].str[-9:-5].astype("int64") + 1,
    "Les deux années de {annee} ne se suivent pas.",
)
RULES = (
    CONSECUTIVE,
    RowRule(
        ("valeur_ajoutee", "taux_emploi_6_mois", "taux_emploi_6_mois_attendu"),
        lambda t: (
            (t["valeur_ajoutee"] - t["taux_emploi_6_mois"] + t["taux_emploi_6_mois_attendu"]).abs()
            > POINT
        ),
        "La valeur ajoutée {valeur_ajoutee} n'est pas l'écart entre le taux "
        "{taux_emploi_6_mois} et le taux attendu {taux_emploi_6_mois_attendu}, à un point près.",
    ),
    RowRule(
        ("taux_poursuite", "part_poursuite"),
        lambda t: (t["taux_poursuite"] - t["part_poursuite"]).abs() > POINT / 2,
        "Le taux de poursuite {taux_poursuite} diffère de la part en poursuite {part_poursuite}.",
    ),
    RowRule(
        ("part_poursuite", "part_emploi_6_mois", "part_autre"),
        lambda t: (
            (t["part_poursuite"] + t["part_emploi_6_mois"] + t["part_autre"] - 1).abs() > POINT
        ),
        "Les trois parts, {part_poursuite}, {part_emploi_6_mois} et {part_autre}, ne font pas 100.",
    ),
)

_START = ("n°UAI de l'établissement", "Libellé de l'établissement", "Région")
_RATES = ("Taux", "Taux attendu", "Valeur ajoutée")
_NAMED = ("taux_emploi_6_mois", "taux_emploi_6_mois_attendu", "valeur_ajoutee")
_LATER = ("taux_emploi_12_mois", "taux_emploi_18_mois", "taux_emploi_24_mois")
_ID = ("uai", "etablissement", "region")

LYCEES = TableSchema(
    name="inserjeunes_etablissement",
    columns=(*COLUMNS, PUBLIC),
    key=("annee", "uai", "public"),
    layouts=(
        Layout(
            (*_START, "", "", *_RATES, "", "", ""),
            (*_ID, "public", "taux_poursuite", *_NAMED, *_LATER),
        ),
        Layout(
            (*_START, PUBLIC.header, "", *_RATES, ""),
            (*_ID, "public", "taux_poursuite", *_NAMED, _LATER[0]),
        ),
    ),
    rules=RULES,
)
APPRENTISSAGE = TableSchema(
    name="inserjeunes_apprentissage",
    columns=(*COLUMNS, INTERRUPTION),
    key=("annee", "uai"),
    layouts=(
        Layout(
            (*_START, "", "", *_RATES, "", "", ""),
            (*_ID, "part_interruption", "taux_poursuite", *_NAMED, *_LATER),
        ),
        Layout(
            (*_START, "", "", *_RATES, ""),
            (*_ID, "part_interruption", "taux_poursuite", *_NAMED, _LATER[0]),
        ),
    ),
    rules=RULES,
)


def read_inserjeunes_etablissement(
    path: Path, millesime: str | None = None, *, renaming: Renaming | None = None
) -> Reading:
    """Return rates per lycée × public, from a yearly `…-pro.csv` or the portal's export.

    Parameters
    ----------
    millesime : str, optional
        `2021_2022`: needed where the file does not say it (yearly files); where it does, only
        the rows of that millésime are kept.

    Returns
    -------
    Reading
        Table: millesime, uai, public (`ensemble`, `apprentis`, `scolaires`), etablissement,
        region, then `RATES` (0 to 1, NaN when hidden or not in the file; `valeur_ajoutee` is a
        difference of rates).
    """
    return read_rates(path, LYCEES, millesime, renaming)


def read_inserjeunes_apprentissage(
    path: Path, millesime: str | None = None, *, renaming: Renaming | None = None
) -> Reading:
    """Return rates per CFA from a yearly `…-apprentissage.csv`; columns as for lycées."""
    return read_rates(path, APPRENTISSAGE, millesime, renaming)


def parse_millesime(text: str) -> str:
    """Return `2021_2022` from `cumul 2021-2022`, `2021-2022` or `2021_2022`."""
    match = re.fullmatch(r"(?:cumul )?(\d{4})[-_](\d{4})", text.strip())
    if not match or int(match[2]) != int(match[1]) + 1:
        raise FpiError(
            f"« {text} » n'est pas un millésime. Écrivez deux années qui se suivent, par exemple "
            "« 2021_2022 »."
        )
    return f"{match[1]}_{match[2]}"


def read_rates(
    path: Path, schema: TableSchema, millesime: str | None, renaming: Renaming | None
) -> Reading:
    """Return the rates of any InserJeunes file per establishment, in the common columns."""
    reading = read_table(path, schema, renaming)
    table, origin = reading.table, reading.provenance
    wanted = parse_millesime(millesime) if millesime else None
    if "annee" in table:
        table["millesime"] = table["annee"].str[-9:].str.replace("-", "_")
    elif wanted:
        table["millesime"] = wanted
    else:
        raise FpiError(
            "le fichier ne dit pas son millésime. Indiquez-le, par exemple « 2021_2022 ».",
            fichier=origin.fichier,
            colonne="annee",
        )
    table["public"] = table["public"].map(PUBLICS) if "public" in table else "apprentis"
    tidy = table.reindex(columns=["millesime", "uai", "public", "etablissement", "region", *RATES])
    tidy[list(RATES)] = tidy[list(RATES)].astype("float64")
    if wanted and "annee" in table:
        tidy, origin = _only(tidy, wanted, origin)
    return Reading(tidy, origin)


def _only(
    table: pd.DataFrame, millesime: str, origin: Provenance
) -> tuple[pd.DataFrame, Provenance]:
    """Keep one millésime and count the rows of the others."""
    kept = table["millesime"] == millesime
    if not kept.any():
        raise FpiError(
            f"millésime {millesime} absent ; trouvé : "
            f"{liste(sorted(table['millesime'].unique()))}. Changez le millésime ou le fichier.",
            fichier=origin.fichier,
            colonne="annee",
        )
    set_aside = {"autre millésime": int((~kept).sum())}
    return table[kept].reset_index(drop=True), replace(origin, lignes_ecartees=set_aside)
