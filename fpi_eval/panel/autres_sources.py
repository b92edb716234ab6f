"""The region in files without head counts by cell: lycées, CFA, InserSup, Parcoursup."""

import pandas as pd

from fpi_eval.panel.examens import diplomes_par_lycee, located
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.regional_panel import with_course

FORMATIONS = {
    "inserjeunes_cfa_formation": "Apprentis, par CFA",
    "inserjeunes_agricole": "Élèves des lycées agricoles",
}
FINE = ["millesime", "uai", "type_diplome", "mefstat11", "code_formation", "taux_emploi_6_mois"]
CFD_LENGTH = 8
CFA = ("inserjeunes_cfa", "inserjeunes_apprentissage")  # the portal's file first


def ensemble(p: Panels) -> pd.DataFrame:
    """Return all final-year students of the region, every course, by millésime × voie."""
    rows = p.inserjeunes[p.donnees.programme.territoire.ici(p.inserjeunes["code_region"])]
    sums = rows.groupby(["millesime", "voie"])["terminale"].sum().reset_index()
    return sums.rename(columns={"terminale": "eleves"})


def lycees(p: Panels) -> pd.DataFrame:
    """Return, by session, the region's lycées, candidates, and the success rate they make.

    ``valeur_ajoutee`` is that of the middle lycée, each counting once.
    """
    rows = diplomes_par_lycee(p)
    rows = rows[p.donnees.programme.territoire.ici(rows["code_region"])]
    rows = rows.dropna(subset=["presents", "taux_reussite"])
    made = (
        rows.groupby("session")
        .agg(
            lycees=("uai", "nunique"),
            presents=("presents", "sum"),
            bas=("admis_bas", "sum"),
            haut=("admis_haut", "sum"),
            valeur_ajoutee=("valeur_ajoutee", "median"),
        )
        .reset_index()
    )
    return made.assign(
        taux_bas=made["bas"] / made["presents"], taux_haut=made["haut"] / made["presents"]
    )


def cfa(p: Panels) -> pd.DataFrame:
    """Return, by millésime, the region's CFA: how many, how many with a rate, and the middle one.

    A median of published rates, CFA counted once each: the file gives no head count. Millésimes
    that the portal's file lacks come from the yearly ones.
    """
    both = [p.donnees.table(name) for name in CFA if p.donnees.a(name)]
    if not both:
        return pd.DataFrame(columns=["millesime", "cfa", "avec_taux", "emploi_median"])
    more = [t[~t["millesime"].isin(both[0]["millesime"])] for t in both[1:]]
    rows = located(p, pd.concat([both[0], *more], ignore_index=True))
    rows = rows[p.donnees.programme.territoire.ici(rows["code_region"])]
    return (
        rows.groupby("millesime")
        .agg(
            cfa=("uai", "nunique"),
            avec_taux=("taux_emploi_6_mois", "count"),
            emploi_median=("taux_emploi_6_mois", "median"),
        )
        .reset_index()
    )


def formations(p: Panels) -> pd.DataFrame:
    """Return the region's CFA and lycées agricoles, course by course: the middle published rate.

    By ``public`` × millésime × filière × diploma: courses (establishment × diploma), those with a
    rate, and the median, one course counting for one: these files give no head count.
    """
    keys = ["public", "millesime", "filiere", "type_diplome"]
    parts = [
        p.donnees.table(name).assign(public=public)
        for name, public in FORMATIONS.items()
        if p.donnees.a(name)
    ]
    if not parts:
        return pd.DataFrame(columns=[*keys, "formations", "avec_taux", "emploi_median"])
    rows = pd.concat(parts, ignore_index=True).reindex(columns=[*FINE, "public"])
    code = rows["code_formation"].fillna(rows["mefstat11"])
    rows = rows.assign(mefstat11=code, cfd=code.where(code.str.len() == CFD_LENGTH))
    codes = p.donnees.nomenclatures
    rows = with_course(located(p, rows), codes.mef, p.identity, p.filieres)
    rows = rows[p.donnees.programme.territoire.ici(rows["code_region"])]
    made = rows.groupby(keys).agg(
        formations=("uai", "size"),
        avec_taux=("taux_emploi_6_mois", "count"),
        emploi_median=("taux_emploi_6_mois", "median"),
    )
    return made.reset_index()


def insersup(p: Panels) -> pd.DataFrame:
    """Return, by promotion × type of diploma, the region's leavers and how many work at 12 months.

    Single promotions, rows of one diploma at one establishment: pooled promotions, disciplines
    and domains repeat them.
    """
    columns = ["millesime", "type_diplome", "leavers", "employed"]
    if not p.donnees.a("insersup"):
        return pd.DataFrame(columns=columns)
    rows = p.donnees.table("insersup")
    rows = rows[(rows["promotions"] == 1) & rows["uai"].notna() & rows["code_diplome"].notna()]
    rows = located(p, rows.dropna(subset=["sortants", "en_emploi_12_mois"]))
    rows = rows[p.donnees.programme.territoire.ici(rows["code_region"])]
    sums = rows.groupby(["millesime", "type_diplome"])[["sortants", "en_emploi_12_mois"]].sum()
    return sums.reset_index().set_axis(columns, axis=1)


def apprentissage(p: Panels) -> pd.DataFrame:
    """Return, by session, the region's courses in apprenticeship on Parcoursup and their places."""
    if not p.donnees.a("parcoursup_apprentissage"):
        return pd.DataFrame(columns=["rentree", "formations", "places", "avec_places"])
    rows = located(p, p.donnees.table("parcoursup_apprentissage").dropna(subset=["uai"]))
    rows = rows[p.donnees.programme.territoire.ici(rows["code_region"])]
    return (
        rows.groupby("rentree")
        .agg(
            formations=("cod_aff_form", "nunique"),
            avec_places=("places", "count"),
            places=("places", "sum"),
        )
        .reset_index()
    )
