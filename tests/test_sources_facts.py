"""Dated facts: half a millésime is half changed, each file has its own date, each its publisher."""

from types import SimpleNamespace

import pandas as pd
import pytest

from fpi_eval.absent import Absent
from fpi_eval.indicators import scope_change
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.facts import EMPLOI_PUBLIC, FACTS, beside, fact


@pytest.mark.parametrize(
    ("source", "millesime", "share"),
    [
        ("inserjeunes_region", "2020_2021", 0), ("inserjeunes_region", "2021_2022", 0.5),
        ("inserjeunes_region", "2022_2023", 1), ("inserjeunes_etablissement", "2021_2022", 0),
        ("inserjeunes_etablissement", "2022_2023", 1),
        ("inserjeunes_formation_fine", "2021_2022", 0.5),
    ],
)  # fmt: skip
def test_public_jobs_begin_at_two_dates_by_file(source, millesime, share):
    assert fact(EMPLOI_PUBLIC, source).share(millesime) == share


def test_a_rate_that_spans_the_break_says_so_and_one_that_does_not_says_nothing():
    assert "sortants de 2022" in beside("inserjeunes_region", ["2020_2021", "2021_2022"])[0]
    assert "sortants de 2022" in beside("inserjeunes_region", ["2021_2022"])[0]  # half of each
    assert beside("inserjeunes_region", ["2022_2023", "2023_2024"]) == []
    assert beside("inserjeunes_region", ["2019_2020", "2020_2021"]) == []
    assert beside("inserjeunes_etablissement", ["2020_2021", "2021_2022"]) == []


def test_every_fact_names_known_sources_and_its_publisher():
    names = {entry.name for entry in catalogue.CATALOGUE}
    assert all(set(one.sources) <= names and one.publisher for one in FACTS)


def files(*years, sortants=100.0, en_emploi=(40.0, 44.0, 50.0)):
    rows = pd.DataFrame({"code_region": "11", "filiere": "numerique", "voie": "scolaire",
                         "millesime": years, "sortants": sortants,
                         "en_emploi_6_mois": en_emploi[: len(years)]})  # fmt: skip
    ici = SimpleNamespace(ici=lambda code: code == "84")
    programme = SimpleNamespace(territoire=ici, codes_filieres=["numerique"])
    return SimpleNamespace(inserjeunes=rows, donnees=SimpleNamespace(programme=programme))


def test_half_of_the_break_is_in_the_files_of_2022():
    half = scope_change.__wrapped__(files("2020_2021", "2021_2022")).iloc[0]
    assert (half["ecart"], half["apres_millesime"]) == (pytest.approx(0.04), "2021_2022")
    whole = scope_change.__wrapped__(files("2020_2021", "2021_2022", "2022_2023")).iloc[0]
    assert (whole["ecart"], whole["avant_millesime"]) == (pytest.approx(0.10), "2020_2021")
    assert isinstance(scope_change.__wrapped__(files("2020_2021")), Absent)


def test_the_break_is_read_elsewhere_and_in_the_programmes_filieres():
    p = files("2020_2021", "2021_2022")
    other = p.inserjeunes.assign(en_emploi_6_mois=0.0)
    p.inserjeunes = pd.concat(
        [p.inserjeunes, other.assign(code_region="84"), other.assign(filiere="autre")]
    )
    assert scope_change.__wrapped__(p)["apres"].tolist() == [pytest.approx(0.44)]
