"""Entrants beside places, and final-year pupils beside entrants, from constats de rentrée."""

import pandas as pd

from fpi_eval.panel.donnees import _files
from fpi_eval.panel.panels import FILIERES, Panels
from fpi_eval.panel.regional import with_course
from fpi_eval.sources import catalogue

COUNTS = ["course", "niveau", "annee", "n", "k"]


def constat(p: Panels) -> pd.DataFrame:
    """Return pupils per uai × class level × rentrée up to the rentrée; empty without files."""
    donnees = p.donnees
    if donnees.a("constat"):
        return donnees.table("constat")
    if "constat" not in donnees.programme.sources:
        return pd.DataFrame(columns=["uai", "mefstat11", "rentree", "effectif"])
    paths = _files(donnees.dossier, donnees.programme.source("constat"))
    read = catalogue.source("constat").load()
    tables = [read(path).table for year, path in paths.items() if int(year) <= donnees.rentree]
    if not tables:
        return pd.DataFrame(columns=["uai", "mefstat11", "rentree", "effectif"])
    return pd.concat(tables, ignore_index=True)


def entrees(p: Panels, seen: pd.DataFrame) -> pd.DataFrame:
    """Return entry places with the pupils seen there the same rentrée: the region's filières."""
    seats = p.capacites.table
    here = seats["code_region"] == p.donnees.programme.territoire.code_region
    kept = seats[here & seats["filiere"].isin(FILIERES) & (seats["voie"] == "scolaire")]
    known = kept.dropna(subset=["places"])
    return known.merge(seen, on=["uai", "mefstat11", "rentree"])


def remplissage(p: Panels) -> pd.DataFrame:
    """Return places (n) and entrants (k) by course × level × rentrée (annee), school route."""
    rows = entrees(p, constat(p)).dropna(subset=["effectif"])
    table = rows.groupby(["course", "niveau", "rentree"])[["places", "effectif"]].sum()
    return table.reset_index().set_axis(COUNTS, axis=1)


def retention(p: Panels) -> pd.DataFrame:
    """Return entrants (n) and, duree − 1 rentrées later, final-year pupils (k) of the same course.

    Pupils of a course at an establishment are followed under its old and new codes; ``annee`` is
    the rentrée of the final year.
    """
    seen = constat(p)
    rows = entrees(p, seen).dropna(subset=["effectif", "duree"])
    codes = p.donnees.nomenclatures.mef
    ends = set(codes.loc[codes["annee"] == codes["duree"], "mefstat11"])
    last = seen[seen["mefstat11"].isin(ends)].assign(cfd=None)
    last = with_course(last, codes, p.identity, p.filieres)
    keys = ["uai", "course", "rentree"]
    final = last.groupby(keys)["effectif"].sum(min_count=1).rename("k").reset_index()
    start = rows.assign(rentree=(rows["rentree"] + rows["duree"] - 1).astype("int64"))
    begun = start.groupby([*keys, "niveau"])["effectif"].sum().rename("n").reset_index()
    begun = begun[begun["n"] > 0]
    both = begun.merge(final, on=keys).dropna(subset=["k"])
    table = both.groupby(["course", "niveau", "rentree"])[["n", "k"]].sum()
    return table.reset_index().set_axis(COUNTS, axis=1)


def passage(p: Panels) -> pd.DataFrame:
    """Return places at entry (n) and final-year students (k) by course × level × millésime.

    Both cohorts' places must be known; ``annee`` is the session of the second one. Consecutive
    millésimes share a cohort.
    """
    rows = p.regional
    here = rows["code_region"] == p.donnees.programme.territoire.code_region
    kept = rows[here & rows["observe"] & (rows["cohortes_places"] == 2)]
    kept = kept[kept["filiere"].isin(FILIERES) & (kept["voie"] == "scolaire")]
    kept = kept.dropna(subset=["niveau"]).assign(annee=kept["millesime"].str[-4:].astype("int64"))
    table = kept.groupby(["course", "niveau", "annee"])[["places_entree", "terminale"]].sum()
    return table.reset_index().set_axis(COUNTS, axis=1)
