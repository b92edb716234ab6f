"""Nothing is read before it could have been published, the twin's own files included."""

import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval.panel.publication import published
from fpi_eval.sources.reading.reading import Provenance, Reading

LAST = {6: 1, 12: 2, 18: 2, 24: 3}  # months → years between the last leavers and the rentrée


def reading(**columns):
    return Reading(pd.DataFrame(columns), Provenance("s", "f.csv", "", 0, 0, "", ""))


@pytest.mark.parametrize("rentree", [2022, 2026])
def test_no_figure_of_the_twin_is_older_than_its_publication(rentree):
    annee = fpi.load("fpi_aura", rentree)
    seen = 0
    for reads in annee.donnees.lectures.values():
        for table in (one.table for one in reads.values()):
            if "millesime" in table:
                leavers = table["millesime"].str[-4:].astype(int)
                for months, years in LAST.items():
                    for name in table.filter(regex=rf"_{months}_mois"):
                        told = leavers[table[name].notna()]
                        assert (told <= rentree - years).all(), name
                        seen += len(told)
            if "session" in table:
                assert (table["session"] <= rentree - 1).all()
    assert seen > 1000
    assert annee.jobs["annee"].max() == rentree - 1


def test_values_to_come_are_blank_and_rows_to_come_are_counted_as_set_aside():
    found = published(
        reading(
            millesime=["2021_2022", "2023_2024", "2024_2025", "2025_2026"],
            taux_emploi_6_mois=[0.5, 0.5, 0.5, 0.5],
            taux_emploi_24_mois=[0.6, 0.6, 0.6, 0.6],
        ),
        2026,
    )
    assert found.table["millesime"].tolist() == ["2021_2022", "2023_2024", "2024_2025"]
    assert found.table["taux_emploi_24_mois"].notna().tolist() == [True, False, False]
    assert found.provenance.lignes_ecartees == {"pas encore publié": 1}


def test_a_session_of_exams_and_a_year_of_jobs_come_out_the_year_after():
    assert published(reading(session=[2025, 2026]), 2026).table["session"].tolist() == [2025]
    assert published(reading(annee=[2025, 2026]), 2026).table["annee"].tolist() == [2025]


def test_a_session_of_parcoursup_after_the_rentree_is_set_aside():
    assert published(reading(rentree=[2025, 2026]), 2025).table["rentree"].tolist() == [2025]
