"""How far the programme has opened seats: register against targets and against capacity files."""

import numpy as np
import pandas as pd

from fpi_eval.calendar import opened
from fpi_eval.panel.panels import Panels, du_programme
from fpi_eval.panel.regional_panel import territoire

SAME_SITE, ELSEWHERE = "même établissement", "autres établissements du projet"
NOTHING_OPENED = "aucune ouverture cette rentrée"


def avancement(p: Panels) -> pd.DataFrame:
    """Return, for each target, the seats opened so far and the seat-years that they offer.

    A seat opened at rentrée w receives one entrant a year from w on: seat-years up to the
    target's date count at most so many people entered, if every seat is filled every year
    and nothing else moves. A closure pays for an opening: it takes nobody from its seats.
    Columns: code, libelle, cible, echeance, places_ouvertes, realise
    (seat-years up to the rentrée), acquis (seat-years up to the target's date), au_plus (the same,
    seats planned standing for those of which nothing says how many opened), part.
    """
    register, year = du_programme(p), p.donnees.rentree
    rows = []
    for target in p.donnees.programme.cibles:
        kept = register
        if target.niveau != "ensemble":
            kept = register[register["niveau"] == target.niveau]
        until = min(year, target.echeance)
        seats = kept["places_ouvertes"].astype(float).clip(lower=0)
        age = (until - kept["rentree"].astype(float) + 1).clip(lower=0)
        final = (target.echeance - kept["rentree"].astype(float) + 1).clip(lower=0)
        rows.append(
            {
                "code": target.code,
                "libelle": target.libelle,
                "cible": float(target.personnes),
                "echeance": target.echeance,
                "places_ouvertes": seats.sum(),
                "realise": (seats * age).sum(),
                "acquis": (seats * final).sum(),
                "au_plus": (opened(kept).clip(lower=0) * final).sum(),
            }
        )
    table = pd.DataFrame(rows)
    return table.assign(part=table["acquis"] / table["cible"])


def unsaid(register: pd.DataFrame) -> bool:
    """Return whether the register plans openings of which none says how many seats opened."""
    known = register.loc[(register["places_prevues"] > 0).to_numpy(), "places_ouvertes"]
    return len(known) > 0 and bool(known.isna().all())


def manquees(table: pd.DataFrame, rentree: int) -> pd.DataFrame:
    """Return the targets of `avancement` past due that seats, all filled, could not reach."""
    return table[(table["echeance"] <= rentree) & (table["au_plus"] < table["cible"])]


def none_opened(register: pd.DataFrame) -> bool:
    """Return whether a register says of every row that no seat opened, but closures."""
    return bool(register["places_ouvertes"].le(0).all())


def statuts(p: Panels) -> pd.DataFrame:
    """Return openings and seats by outcome of the reconciliation, and why, of what opened some.

    Seats are missing where the register says of none how many opened.
    """
    if p.registre.empty:
        return pd.DataFrame(columns=["statut", "motif", "ouvertures", "places"])
    keep = p.rapprochement["projet"].isin(du_programme(p)["projet"].unique())
    keep &= opened(p.rapprochement) > 0
    table = (
        p.rapprochement[keep]
        .groupby(["statut", "motif"])
        .agg(
            ouvertures=("uai", "size"),
            places=("places_ouvertes", lambda seats: seats.sum(min_count=1)),
        )
    )
    table = table.reset_index()
    whole = table.groupby("statut")["places"].transform("sum")
    table = table.assign(whole=whole).sort_values(
        ["whole", "statut", "places"], ascending=[False, True, False]
    )
    return table.drop(columns="whole").reset_index(drop=True)


def fermetures(p: Panels) -> pd.DataFrame:
    """Return each closure beside the openings that its seats finance, the same rentrée.

    Columns: projet, rentree, uai, fermee (diploma), places_fermees, ouvertes (diplomas that the
    same project opened there that year), places_ouvertes ("" and 0 where there is none), lien:
    where the openings of the project are.
    """
    keys = ["projet", "rentree", "uai"]
    rows = p.registre.assign(places=p.registre["places_ouvertes"].astype(float))
    code = rows["cfd"].fillna(rows["mefstat11"]).astype("str")
    rows = rows.assign(code=code)
    opened = (
        rows[rows["places"] > 0]
        .groupby(keys)
        .agg(
            ouvertes=("code", lambda codes: ", ".join(sorted(codes))),
            places_ouvertes=("places", "sum"),
        )
    )
    closed = rows[rows["places"] < 0].assign(places_fermees=lambda t: -t["places"])
    table = closed[[*keys, "code", "places_fermees"]].rename(columns={"code": "fermee"})
    found = table.join(opened, keys).fillna({"ouvertes": "", "places_ouvertes": 0.0})
    there = pd.MultiIndex.from_frame(found[keys[:2]]).isin(opened.index.droplevel("uai"))
    found["lien"] = np.where(
        found["places_ouvertes"] > 0, SAME_SITE, np.where(there, ELSEWHERE, NOTHING_OPENED)
    )
    return found.sort_values([*keys, "fermee"], ignore_index=True)


def derivees_par_filiere(p: Panels) -> pd.DataFrame:
    """Return seat increases seen in capacity files alone, by territory × filière × rentrée."""
    rows = p.derivees[p.derivees["filiere"].isin(p.donnees.programme.codes_filieres)]
    place = p.donnees.programme.territoire
    rows = rows.assign(territoire=territoire(rows["code_region"], place))
    table = rows.groupby(["territoire", "filiere", "rentree"]).agg(
        cellules=("uai", "size"), places=("places_ouvertes", "sum")
    )
    return table.reset_index()
