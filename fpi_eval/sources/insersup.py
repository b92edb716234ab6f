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

from fpi_eval.sources.reading import UAI, ColumnSchema, RowRule, TableSchema
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


def _at_most_leavers(count: str) -> RowRule:
    """Return the rule that no more leavers are employed than there are."""
    return RowRule(
        (count, "sortants"),
        lambda t: t[count] > t["sortants"],
        f"{{{count}}} sortants en emploi parmi {{sortants}}.",
    )


INSERSUP = TableSchema(
    name="insersup",
    columns=(
        ColumnSchema(
            "promo",
            "promo",
            "code",
            nullable=False,
            pattern=r"\d{4}(,\d{4})*",
            expected="une promotion comme 2024, ou 2023,2024",
        ),
        ColumnSchema("uai", "etablissement", "code", pattern=UAI),
        ColumnSchema("libelle_etablissement", "uo_lib"),
        ColumnSchema("code_region_publiee", "reg_id", "code"),
        ColumnSchema("code_academie_publiee", "aca_id", "code"),
        ColumnSchema("type_diplome", "type_diplome", nullable=False),
        ColumnSchema("domaine", "dom", "code"),
        ColumnSchema("discipline", "discipli", "code"),
        ColumnSchema("secteur_disciplinaire", "sectdis", "code"),
        ColumnSchema("code_diplome", "diplome", "code"),
        ColumnSchema("libelle_diplome", "libelle_diplome"),
        *(ColumnSchema(name, name, "code") for name in ENSEMBLE),
        ColumnSchema("sortants", "nb_sortants", "effectif"),
        ColumnSchema("poursuivants", "nb_poursuivants", "effectif"),
        *(
            ColumnSchema(f"en_emploi_{k}_mois", f"nb_sortants_en_emploi_sal_fr_{k}", "effectif")
            for k in MOIS
        ),
        *(
            ColumnSchema(
                f"taux_emploi_{k}_mois", f"tx_sortants_en_emploi_sal_fr_{k}", "pourcentage"
            )
            for k in MOIS
        ),
        *(
            ColumnSchema(
                f"taux_stable_{k}_mois", f"tx_sortants_en_emploi_stable_{k}", "pourcentage"
            )
            for k in MOIS
        ),
        *(ColumnSchema(f"salaire_median_{k}_mois", f"salaire_q2_{k}", "effectif") for k in MOIS),
    ),
    rules=tuple(_at_most_leavers(f"en_emploi_{k}_mois") for k in MOIS),
)


def read_insersup(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return graduates' employment per promotion, establishment and diploma.

    Returns
    -------
    Reading
        Table: millesime ("2024" or "2023_2024"), promotions (1 or 2), uai (missing for national
        and regional rows), libelle_etablissement, type_diplome, domaine, discipline,
        secteur_disciplinaire, code_diplome (SISE), libelle_diplome, sortants, poursuivants, and
        for 6, 12, 18, 24, 30 months: en_emploi (count), taux_emploi, taux_stable (0..1 over
        leavers), salaire_median (euros a month). Diplomas, disciplines and domains overlap.
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
