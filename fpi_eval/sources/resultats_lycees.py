"""Exam results and value added of lycées professionnels (IVAL).

Two files: the one of 2012 to 2017, with 95 labelled columns, and the portal's
`fr-en-indicateurs-de-resultat-des-lycees-pro_v2`, whose year is a date and which gives the value
added itself. Rates are rounded to the percent, so that a number of graduates cannot be had from
them. Value added = observed − expected (France) success rate. Guadeloupe stands twice in the old
file, under region codes 01 and 0: the second is set aside. Commune codes have lost their first
zero there: it is put back. Publisher: DEPP, Licence Ouverte.
"""

from pathlib import Path

import pandas as pd

from fpi_eval.sources.reading import ColumnOptions, ColumnSchema, RowRule, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import choose, set_aside, strict, verify

_ND: ColumnOptions = {"kind": "pourcentage", "missing": ("ND",)}
_ANNEE: ColumnOptions = {
    "kind": "code",
    "nullable": False,
    "pattern": r"20\d\d(-\d\d-\d\d.*)?",
    "expected": "une année comme 2017, ou une date",
}

IVAL = TableSchema(
    name="resultats_lycees",
    columns=(
        ColumnSchema("uai", "Code établissement", "uai", nullable=False),
        ColumnSchema("annee", "Année", **_ANNEE),
        ColumnSchema("secteur", "Secteur Public/Privé", "code", choices=("PU", "PR")),
        ColumnSchema(
            "code_commune", "Code commune/arrondissement", "code", pattern=r"[0-9AB]{4,5}"
        ),
        ColumnSchema("code_region", "code région", "code", pattern=r"\d{1,2}"),
        ColumnSchema("presents", "Effectifs présents Total secteurs", "effectif"),
        ColumnSchema("presents_production", "Effectifs présents Production", "effectif"),
        ColumnSchema("presents_services", "Effectifs présents Services", "effectif"),
        ColumnSchema("taux_reussite", "Taux Brut de Réussite Total secteurs", **_ND),
        ColumnSchema("taux_reussite_production", "Taux Brut de Reussite Production", **_ND),
        ColumnSchema("taux_reussite_services", "Taux Brut de Réussite Services", **_ND),
        ColumnSchema("taux_attendu", "Taux Réussite Attendu France", **_ND),
        ColumnSchema("taux_attendu_production", "Taux Reussite Attendu France Production", **_ND),
        ColumnSchema("taux_attendu_services", "Taux Réussite Attendu France Services", **_ND),
        ColumnSchema("taux_acces_2nde", "Taux accès Brut seconde BAC", **_ND),
        ColumnSchema("taux_mentions", "Taux_Brut_de_mentions_Total_secteurs", **_ND),
        ColumnSchema("effectif_2nde", "Effectif de seconde", "effectif"),
        ColumnSchema("effectif_1re", "Effectif de première", "effectif"),
        ColumnSchema("effectif_terminale", "Effectif de terminale", "effectif"),
    ),
    rules=(
        RowRule(
            ("presents_production", "presents_services", "presents"),
            lambda t: (t["presents_production"] + t["presents_services"] - t["presents"]).abs() > 0,
            "{presents_production} et {presents_services} présents ne font pas {presents}.",
        ),
    ),
)
IVAL_V2 = TableSchema(
    name="resultats_lycees",
    columns=(
        ColumnSchema("uai", "uai", "uai", nullable=False),
        ColumnSchema("annee", "annee", **_ANNEE),
        ColumnSchema("secteur", "secteur", "code"),
        ColumnSchema("code_commune", "code_commune", "code", pattern=r"[0-9AB]{4,5}"),
        ColumnSchema("presents", "presents_total", "effectif"),
        ColumnSchema("taux_reussite", "taux_reu_total", **_ND),
        ColumnSchema(
            "valeur_ajoutee", "va_reu_total", "nombre", missing=("ND",), low=-100, high=100
        ),
        ColumnSchema("taux_acces_2nde", "taux_acces_2nde", **_ND),
        ColumnSchema("taux_mentions", "taux_men_total", **_ND),
        ColumnSchema("effectif_2nde", "eff_2nde", "effectif"),
        ColumnSchema("effectif_1re", "eff_1ere", "effectif"),
        ColumnSchema("effectif_terminale", "eff_term", "effectif"),
    ),
)
SECTEURS = {"PU": "public", "PR": "prive"}


def read_resultats_lycees(path: Path, *, renaming: Renaming | None = None) -> Reading:
    """Return exam results per lycée professionnel and session.

    Returns
    -------
    Reading
        Table: uai, session, rentree (session − 1), secteur, code_commune, presents (candidates
        who sat the exam), taux_reussite, taux_attendu, valeur_ajoutee (both rates and their
        difference in 0..1), taux_acces_2nde, taux_mentions, effectif_2nde, effectif_1re,
        effectif_terminale; and, from the file of 2012-2017 only, code_region and the same rates
        for `_production` and `_services`.
    """
    schema = choose(path, (IVAL, IVAL_V2))
    reading = read_table(path, schema, renaming)
    table = _without_second_region(reading)
    checked = verify(table, strict(schema, key=("uai", "annee")))
    return Reading(_tidy(checked.table), checked.provenance)


def _without_second_region(reading: Reading) -> Reading:
    """Set aside a lycée's row under region code 0 when it has one under a real region."""
    table = reading.table
    if "code_region" not in table.columns:
        return reading
    outside = table["code_region"] == "0"
    real = table[~outside].set_index(["uai", "annee"]).index
    twice = outside & table.set_index(["uai", "annee"]).index.isin(real)
    return set_aside(reading, ~twice, "même lycée et même année sous le code région 0")


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    tidy = table.drop(columns="annee")
    tidy.insert(1, "session", table["annee"].str[:4].astype("int64"))
    tidy.insert(2, "rentree", tidy["session"] - 1)
    tidy["code_commune"] = tidy["code_commune"].str.zfill(5)
    tidy["secteur"] = tidy["secteur"].replace(SECTEURS)
    if "valeur_ajoutee" in tidy.columns:
        tidy["valeur_ajoutee"] /= 100
        tidy["taux_attendu"] = tidy["taux_reussite"] - tidy["valeur_ajoutee"]
    else:
        tidy["valeur_ajoutee"] = tidy["taux_reussite"] - tidy["taux_attendu"]
    return tidy
