"""Closures of the register beside the openings that they finance."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from fpi_eval.indicators import deploiement as d
from fpi_eval.indicators import suivi_ami_cma
from fpi_eval.indicators.filieres import places_sur_la_carte
from fpi_eval.programme import load_programme


def test_a_closed_seat_is_linked_to_what_it_opens_at_the_same_site_first():
    rows = [
        ("FPI", 2024, "A", "1", 12), ("FPI", 2024, "A", "2", -10), ("FPI", 2024, "B", "3", -5),
        ("FPI", 2025, "A", "2", -3), ("ATCF", 2024, "A", "4", 8),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["projet", "rentree", "uai", "cfd", "places_ouvertes"])
    found = d.fermetures(SimpleNamespace(registre=table.assign(mefstat11=None)))
    columns = ["fermee", "places_fermees", "ouvertes", "places_ouvertes", "lien"]
    assert found[columns].to_numpy().tolist() == [
        ["2", 10.0, "1", 12.0, d.SAME_SITE],  # not the other project's
        ["3", 5.0, "", 0.0, d.ELSEWHERE],
        ["2", 3.0, "", 0.0, d.NOTHING_OPENED],
    ]
    assert d.fermetures(SimpleNamespace(registre=table.head(1).assign(mefstat11=None))).empty


def test_a_closure_takes_no_seat_from_the_opening_that_it_pays_for(monkeypatch):
    """Twenty seats opened and twelve closed elsewhere: twenty people a year can enter."""
    register = pd.DataFrame(
        {"projet": "FPI AURA", "filiere": "numerique", "niveau": "superieur", "rentree": 2024,
         "uai": ["A", "B"], "cfd": ["1", "2"], "code_departement": ["001", "003"],
         "places_prevues": [20.0, -12.0], "places_ouvertes": [20.0, -12.0], "cout": 1.0,
         "subvention": 1.0, "statut": "confirmée", "motif": "même formation aux deux rentrées"}
    )  # fmt: skip
    donnees = SimpleNamespace(programme=load_programme("fpi_aura"), rentree=2026)
    year = SimpleNamespace(registre=register, rapprochement=register, donnees=donnees)
    target = d.avancement(year).set_index("code").loc["superieur"]
    names = ["places_ouvertes", "realise", "acquis", "au_plus"]
    assert target[names].tolist() == [20.0, 60.0, 60.0, 60.0]
    assert d.statuts(year)[["ouvertures", "places"]].to_numpy().tolist() == [[1, 20.0]]
    year.rapprochement = register.assign(places_ouvertes=0.0)
    assert d.statuts(year).empty  # what opened no seat is no opening that files confirm
    year.rapprochement = register.assign(places_ouvertes=np.nan)
    assert d.statuts(year)["places"].isna().all()  # unanswered, and not none
    year.rapprochement = pd.concat([register.head(1)] * 4).assign(
        statut=list("abab"), motif=list("wxyz"), places_ouvertes=[2.0, 8.0, 10.0, 4.0]
    )
    assert "".join(d.statuts(year)["motif"]) == "ywxz"  # reasons of a finding stand together
    row = suivi_ami_cma(register).iloc[0]
    assert row[["prevu", "realise", "taux_realisation", "cout"]].tolist() == [20.0, 20.0, 1.0, 2.0]
    places = pd.DataFrame({"departement": ["Ain", "Allier"], "Total": [1.0, 1.0]})
    monkeypatch.setattr(f"{places_sur_la_carte.__module__}.places_par_departement",
                        lambda _: places)  # fmt: skip
    assert places_sur_la_carte(year)["ouvertes"].head(2).tolist() == [20.0, 0.0]
