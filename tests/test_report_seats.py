"""Seats of the register beside those that capacity files show."""

import numpy as np
import pandas as pd
import pytest

from fpi_eval.disclosure import TOTAL
from fpi_eval.language import speaking
from fpi_eval.panel.regional_panel import HERE
from fpi_eval.programme import Academie, Departement, Territoire
from fpi_eval.report.published import counts, seats
from fpi_eval.report.published.make import repeated
from fpi_eval.report.runner import translated
from fpi_eval.sources.naf import industry
from fpi_eval.text import arrondi


class Kept:
    """A year with a register of three openings: one seen in part, one lost, one untold."""

    rapprochement = pd.DataFrame(
        {
            "projet": "P",
            "niveau": "secondaire",
            "filiere": "bois",
            "voie": "scolaire",
            "rentree": 2024,
            "places_prevues": [12.0, 12.0, 15.0],
            "places_ouvertes": [12.0, 12.0, 15.0],
            "variation": [8.0, float("nan"), 3.0],
            "statut": ["inférieure", "introuvable", "non vérifiable"],
        }
    )


def test_the_gap_is_that_of_the_columns_beside_it(monkeypatch):
    monkeypatch.setattr(seats, "du_programme", lambda p: p.rapprochement)
    row = seats._seats(Kept(), ["niveau", "filiere"]).iloc[-1]
    assert row["places_verifiables"] == 12
    assert row["places_observees"] - row["places_verifiables"] == row["ecart_places"] == -4


def test_what_files_show_is_said_in_words_even_where_they_show_nothing():
    assert seats._seen(1, 0, 4, 0) == "1 ouverture vue en entier sur 4"
    assert seats._seen(11, 3, 14, 0) == "11 ouvertures vues en entier sur 14, 3 en partie"
    assert seats._seen(0, 0, 4, 3) == "0 ouverture vue en entier sur 4, 3 introuvables"
    assert seats._seen(0, 0, 0, 1) == "aucune ouverture vérifiable, 1 introuvable"


def test_a_filiere_whose_sectors_the_file_lacks_has_no_jobs_and_stops_nothing(annee_simulee):
    """Nor does a département without a job of its sectors: there are none, which is known."""

    class Alone:
        emplois = annee_simulee.emplois[industry(annee_simulee.emplois["secteur"])]

        def __getattr__(self, name):
            return getattr(annee_simulee, name)

    whole, found = (seats.emplois_industriels(p) for p in (annee_simulee, Alone()))
    assert set(whole.frame["filiere"]) - set(found.frame["filiere"]) == {"Numérique"}
    assert found.note.endswith("déclarés ou dans le fichier : Numérique.")
    assert found.frame["emplois_industriels"].gt(0).all()
    with speaking("en"):
        assert "declared or in the file: Numérique" in translated.said(found.note)
    Alone.emplois = annee_simulee.emplois
    Alone.secteurs = annee_simulee.secteurs.query("filiere != 'numerique'")
    assert seats.emplois_industriels(Alone()).note == found.note  # feeds no declared sector
    Alone.emplois = annee_simulee.emplois[~industry(annee_simulee.emplois["secteur"])]
    assert seats.emplois_industriels(Alone()) is None
    Alone.secteurs = annee_simulee.secteurs
    Alone.emplois = annee_simulee.emplois[industry(annee_simulee.emplois["secteur"])]
    here = Alone.emplois["code_departement"] == "026"
    Alone.emplois = Alone.emplois[~(here & Alone.emplois["secteur"].isin(["CJ", "DZ", "EZ"]))]
    row = seats.emplois_industriels(Alone()).frame.query("departement == 'Drôme'")
    row = row.set_index("filiere").loc["Énergie décarbonée et industrie verte"]
    assert (row["places_ouvertes"], row["emplois_industriels"]) == (24, 0)
    assert np.isnan(row["places_pour_1000_emplois"])


@pytest.mark.parametrize("name", ["pression", "demande", "remplissage"])
def test_the_gap_to_the_year_before_is_that_of_the_two_numbers_shown(annee_simulee, name):
    sheet = getattr(seats, name)(annee_simulee)  # of the workbook, as of the page made of it
    value = sheet.columns[[c.name for c in sheet.columns].index("avant") - 1]
    digits = value.decimals + 2 * (value.unit == "taux")
    both = sheet.frame.dropna(subset=["avant", value.name])
    apart = [
        arrondi(after, digits) - arrondi(before, digits)
        for after, before in both[[value.name, "avant"]].astype(float).to_numpy()
    ]
    assert both["ecart"].tolist() == pytest.approx(apart, abs=1e-12)
    assert len(apart) > 10


def test_places_are_told_for_the_last_two_rentrees_of_a_file_that_is_late():
    years = [("secondaire", 2020), ("secondaire", 2021), ("secondaire", 2022),
             ("superieur", 2022), ("superieur", 2023), ("superieur", 2024)]  # fmt: skip
    rows = pd.DataFrame(years, columns=["niveau", "rentree"]).assign(territoire=HERE)
    rows = rows.assign(code_academie="10", code_departement="069")
    told = counts._located(rows)["code_academie"].eq("10")
    assert told.tolist() == [False, True, True, False, True, True]


WIDE = ["code_academie", "code_departement"]
CELLS = [(TOTAL, TOTAL), ("10", TOTAL), ("10", "001"), ("10", "042")]


def territoire(academies, departements):
    return Territoire(
        code_region="84",
        region="R",
        academies=tuple(Academie(code=c, nom=f"A{c}") for c in academies),
        departements=tuple(Departement(code=d, nom=f"D{d}", academie="10") for d in departements),
    )


def test_the_only_academie_of_a_region_does_not_repeat_it():
    rows = pd.DataFrame(CELLS, columns=WIDE)
    several = territoire(["10", "08"], ["001", "042"])
    assert repeated(rows, several).tolist() == [False] * 4
    assert repeated(rows, territoire(["10"], ["001", "042"])).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_the_only_departement_of_a_region_does_not_repeat_it_and_its_sites_stay():
    one = territoire(["10"], ["001"])
    rows = pd.DataFrame(CELLS[:3], columns=WIDE)
    assert repeated(rows, one).tolist() == [False, True, True]
    sites = [(TOTAL, TOTAL, TOTAL), ("10", "001", TOTAL), ("10", "001", "0010001W")]
    assert repeated(pd.DataFrame(sites, columns=[*WIDE, "uai"]), one).tolist() == [
        False,
        True,
        False,
    ]
