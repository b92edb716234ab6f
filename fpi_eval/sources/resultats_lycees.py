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

from fpi_eval.sources.reading import ColumnOptions, RowRule, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading, read_table
from fpi_eval.sources.reading.tidy import choose, set_aside, strict, verify

_ANNEE: ColumnOptions = {
    "nullable": False,
    "pattern": r"20\d\d(-\d\d-\d\d.*)?",
    "expected": "une année comme 2017, ou une date",
}

IVAL = TableSchema(
    name="resultats_lycees",
    columns=(
        column("uai", "uai", "Code établissement", nullable=False),
        column("code", "annee", "Année", **_ANNEE),
        column("code", "secteur", "Secteur Public/Privé", choices=("PU", "PR")),
        column("code", "code_commune", "Code commune/arrondissement", pattern=r"[0-9AB]{4,5}"),
        column("code", "code_region", "code région", pattern=r"\d{1,2}"),
        column("effectif", "presents", "Effectifs présents Total secteurs"),
        column("effectif", "presents_production", "Effectifs présents Production"),
        column("effectif", "presents_services", "Effectifs présents Services"),
        column("pourcentage", "taux_reussite", "Taux Brut de Réussite Total secteurs"),
        column("pourcentage", "taux_reussite_production", "Taux Brut de Reussite Production"),
        column("pourcentage", "taux_reussite_services", "Taux Brut de Réussite Services"),
        column("pourcentage", "taux_attendu", "Taux Réussite Attendu France"),
        column("pourcentage", "taux_attendu_production", "Taux Reussite Attendu France Production"),
        column("pourcentage", "taux_attendu_services", "Taux Réussite Attendu France Services"),
    ),
    rules=(
        RowRule(
            ("presents_production", "presents_services", "presents"),
            lambda t: (t["presents_production"] + t["presents_services"] - t["presents"]).abs() > 0,
            "{presents_production} et {presents_services} présents ne font pas {presents}.",
        ),
    ),
)  # fmt: skip
IVAL_V2 = TableSchema(
    name="resultats_lycees",
    columns=(
        column("uai", "uai", "uai", nullable=False),
        column("code", "annee", "annee", **_ANNEE),
        column("code", "secteur", "secteur"),
        column("code", "code_commune", "code_commune", pattern=r"[0-9AB]{4,5}"),
        column("effectif", "presents", "presents_total"),
        column("pourcentage", "taux_reussite", "taux_reu_total"),
        column("nombre", "valeur_ajoutee", "va_reu_total", low=-100, high=100),
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
        difference in 0..1); and, from the file of 2012-2017 only, code_region and the same rates
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
