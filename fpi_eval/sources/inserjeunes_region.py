"""InserJeunes per region × course × voie: counts and rates at 6 to 24 months (DEPP-Dares, Orion).

A millésime such as `2021_2022` pools the leavers of two years; consecutive ones share a cohort.
Scolaire courses carry a final-year MEFSTAT11, apprenticeship courses a CFD. Rates whose
denominator is under 20 are hidden by the publisher, counts may be too: missing, never zero.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.calendar import HORIZONS
from fpi_eval.sources.reading import CFD, MEFSTAT11, RowRule, TableSchema, at_most, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table

VOIES = ("scolaire", "apprentissage")
ROUNDING = 0.005 + 1e-9


def rate_rule(rate: str, count: str, total: str) -> RowRule:
    """Return the rule that a published whole percentage is the ratio of the two counts."""
    return RowRule(
        (rate, count, total),
        lambda t: (t[rate] - t[count] / t[total].where(t[total] > 0)).abs() > ROUNDING,
        f"Le taux {{{rate}}} n'est pas le rapport de {{{count}}} à {{{total}}}, à l'arrondi près.",
    )


def _codes_misplaced(table: pd.DataFrame) -> pd.Series:
    scolaire = table["voie"] == "scolaire"
    own = table["mefstat11"].where(scolaire, table["cfd"])
    other = table["cfd"].where(scolaire, table["mefstat11"])
    return own.isna() | other.notna()


def _not_consecutive(table: pd.DataFrame) -> pd.Series:
    years = table["millesime"].str.split("_", expand=True).astype("int64")
    return years[1] != years[0] + 1


def _other_identifier(table: pd.DataFrame) -> pd.Series:
    code = table["mefstat11"].fillna("") + table["cfd"].fillna("")
    own = table["millesime"] + "_" + table["code_region_ij"] + "_" + table["voie"] + "_" + code
    return table["identifiant"].notna() & (table["identifiant"] != own)


RATES = [f"taux_emploi_{k}_mois" for k in HORIZONS]
INSERJEUNES_REGION = TableSchema(
    name="inserjeunes_region",
    columns=(
        column("texte", "identifiant", "id", required=False),
        column("code", "millesime", "millesime", nullable=False, pattern=r"\d{4}_\d{4}",
               expected="deux années qui se suivent, par exemple 2021_2022"),
        column("code", "code_region_ij", "code_region_ij", required=False, pattern=r"\d{2}"),
        column("code", "code_region", "code_region", nullable=False, pattern=r"\d{2}",
               expected="un code région de l'INSEE (deux chiffres, par exemple 11)"),
        column("code", "voie", "voie", nullable=False, choices=VOIES),
        column("code", "mefstat11", "mefstat11", pattern=MEFSTAT11),
        column("code", "cfd", "cfd", pattern=CFD),
        column("effectif", "terminale", "nb_annee_term"),
        column("effectif", "poursuite", "nb_poursuite_etudes"),
        column("effectif", "sortants", "nb_sortant"),
        *(column("effectif", f"en_emploi_{k}_mois", f"nb_en_emploi_{k}_mois") for k in HORIZONS),
        column("pourcentage", "taux_poursuite", "taux_poursuite_etudes"),
        *(column("pourcentage", rate, rate) for rate in RATES),
    ),
    key=("millesime", "code_region", "voie", "mefstat11", "cfd"),
    rules=(
        RowRule(
            ("millesime",), _not_consecutive, "Les deux années de {millesime} ne se suivent pas."
        ),
        RowRule(
            ("voie", "mefstat11", "cfd"),
            _codes_misplaced,
            "Voie {voie} : attendu un mefstat11 seul en voie scolaire, un cfd seul en "
            "apprentissage ; trouvé mefstat11 {mefstat11}, cfd {cfd}.",
        ),
        RowRule(
            ("identifiant", "millesime", "code_region_ij", "voie", "mefstat11", "cfd"),
            _other_identifier,
            "L'identifiant {identifiant} ne dit pas ce que disent les "
            "colonnes : {millesime}, {code_region_ij}, {voie}, {mefstat11}, {cfd}.",
        ),
        RowRule(
            ("sortants", "poursuite", "terminale"),
            lambda t: (t["sortants"] + t["poursuite"] - t["terminale"]).abs() > 0,
            "{sortants} sortants et {poursuite} en poursuite d'études ne font pas {terminale} "
            "élèves en année terminale.",
        ),
        *(
            at_most(
                f"en_emploi_{k}_mois",
                "sortants",
                f"{{en_emploi_{k}_mois}} en emploi pour {{sortants}} sortants.",
            )
            for k in HORIZONS
        ),
        rate_rule("taux_poursuite", "poursuite", "terminale"),
        *(rate_rule(f"taux_emploi_{k}_mois", f"en_emploi_{k}_mois", "sortants") for k in HORIZONS),
    ),
)  # fmt: skip


def read_inserjeunes_region(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return counts and rates per millésime × region × course × voie.

    Returns
    -------
    Reading
        Table: millesime, code_region, voie, mefstat11 (scolaire) or cfd (apprentissage),
        terminale, poursuite, sortants, en_emploi_{6,12,18,24}_mois (counts, NaN when hidden),
        taux_poursuite, taux_emploi_{6,12,18,24}_mois (0 to 1, NaN when hidden); every row of
        the file.
    """
    reading = read_table(path, INSERJEUNES_REGION, renaming)
    known = [c.name for c in INSERJEUNES_REGION.columns if c.name in reading.table.columns]
    kept = [name for name in known if name not in ("identifiant", "code_region_ij")]
    return Reading(reading.table[kept], reading.provenance)
