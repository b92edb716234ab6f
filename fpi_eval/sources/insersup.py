"""InserSup: graduates of higher education at work, from social declarations (portal export).

The export of `fr-esr-insersup` crosses everything (about a million rows): only the totals of sex,
nationality and enrolment regime are read, for graduates. A promotion is one year ("2024") or two
pooled ("2023,2024"; a list in Parquet): single and pooled rows overlap, keep one kind. Salaried
jobs in France are looked at in December; `nd` is hidden, never zero. Not comparable with the older
surveys.
Publisher: MESR-SIES, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import UAI, TableSchema, at_most, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.large import read_filtered
from fpi_eval.sources.reading.reading import Reading

MOIS = (6, 12, 18, 24, 30)
ENSEMBLE = {
    "genre": ("ensemble",),
    "nationalite": ("ensemble",),
    "regime_inscription": ("ensemble",),
    "obtention_diplome": ("diplômé",),
}


INSERSUP = TableSchema(
    name="insersup",
    columns=(
        column("code", "promo", "promo", nullable=False, pattern=r"\d{4}(,\d{4})*",
               expected="une promotion comme 2024, ou 2023,2024"),
        column("code", "uai", "etablissement", pattern=UAI),
        column("code", "code_region_publiee", "reg_id"),
        column("code", "code_academie_publiee", "aca_id"),
        column("texte", "type_diplome", "type_diplome", nullable=False),
        column("code", "domaine", "dom"),
        column("code", "discipline", "discipli"),
        column("code", "secteur_disciplinaire", "sectdis"),
        column("code", "code_diplome", "diplome"),
        *(column("code", name, name) for name in ENSEMBLE),
        column("effectif", "sortants", "nb_sortants"),
        *(
            column("effectif", f"en_emploi_{k}_mois", f"nb_sortants_en_emploi_sal_fr_{k}")
            for k in MOIS
        ),
    ),
    rules=tuple(
        at_most(name, "sortants", f"{{{name}}} sortants en emploi parmi {{sortants}}.")
        for name in (f"en_emploi_{k}_mois" for k in MOIS)
    ),
)  # fmt: skip


def read_insersup(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return graduates' employment per promotion, establishment and diploma.

    Returns
    -------
    Reading
        Table: millesime ("2024" or "2023_2024"), promotions (1 or 2), uai (missing for national
        and regional rows), type_diplome, domaine, discipline, secteur_disciplinaire, code_diplome
        (SISE), sortants, en_emploi_{6,12,18,24,30}_mois (counts). Diplomas, disciplines and
        domains overlap.
    """
    reading = read_filtered(
        path,
        INSERSUP,
        ENSEMBLE,
        raison="croisement (sexe, nationalité, régime ou non-diplômés)",
        renaming=renaming,
    )
    return Reading(_tidy(reading.table), reading.provenance)


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    years = table["promo"].str.split(",").map(sorted)
    tidy = table.drop(columns=["promo", *ENSEMBLE])
    tidy.insert(0, "promotions", years.map(len).astype("int64"))
    tidy.insert(0, "millesime", years.map("_".join))
    return tidy
