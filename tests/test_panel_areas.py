"""Where neighbours are looked for: as declared, from the communes of establishments."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.panel.areas import with_area
from fpi_eval.panel.run_files import files_of
from fpi_eval.programme import Resultats, load_programme
from fpi_eval.report.pages.diplomes import REACH

COMMUNES = """TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT
COM,01001,84,01,,,,A,A,A,,
COM,69002,84,69,,,,B,B,B,,
COMA,01009,,,,,,C,C,C,,01001
"""
ZONES = """CODGEO,LIBGEO,DEP,REG,ZE2020
01001,A,01,84,8401
69002,B,69,84,8402
"""
CELLS = pd.DataFrame(
    {
        "uai": ["0010001A", "0010002B", "0690003C", "0690004D"],
        "code_departement": ["001", "001", "069", "069"],
        "code_academie": ["10", "10", "10", "10"],
        "code_region": ["84", "84", "84", "84"],
    }
)
RESULTS = pd.DataFrame(
    {
        "uai": ["0010001A", "0010001A", "0010002B", "0690003C"],
        "rentree": [2022, 2023, 2023, 2023],
        "code_commune": ["69002", "01009", "01001", "69002"],
    }
)


@dataclass
class Folder:
    """What `with_area` reads of a run's files."""

    dossier: Path
    voisinage: str
    sources: dict = field(default_factory=lambda: {"resultats_lycees": RESULTS})
    changements_uai: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["ancien_uai", "nouveau_uai", "rentree"])
    )

    @property
    def programme(self):
        return SimpleNamespace(resultats=SimpleNamespace(voisinage=self.voisinage), sources={})

    def a(self, source: str) -> bool:
        return source in self.sources

    def table(self, source: str) -> pd.DataFrame:
        return self.sources[source]


def areas(folder: Folder) -> list[str]:
    return with_area(CELLS, SimpleNamespace(donnees=folder))["voisinage"].tolist()


@pytest.fixture
def geographic(tmp_path) -> Path:
    where = tmp_path / "geographie"
    where.mkdir()
    (where / "communes.csv").write_text(COMMUNES)
    (where / "table_supracom_2020.csv").write_text(ZONES)
    return tmp_path


def test_a_zone_is_that_of_the_latest_commune_and_the_departement_where_none_is_known(geographic):
    assert areas(Folder(geographic, "zone_emploi")) == ["8401", "8401", "8402", "069"]


def test_other_areas_need_no_file(tmp_path):
    assert areas(Folder(tmp_path, "academie")) == ["10"] * 4
    assert areas(Folder(tmp_path, "region")) == ["84"] * 4
    plain = with_area(CELLS, SimpleNamespace(donnees=Folder(tmp_path, "departement")))
    assert "voisinage" not in plain


def test_a_zone_without_its_files_says_which_one_is_missing(geographic):
    with pytest.raises(FpiError, match="resultats_lycees"):
        areas(Folder(geographic, "zone_emploi", sources={}))
    (geographic / "geographie" / "communes.csv").unlink()
    with pytest.raises(FpiError, match=r"communes.*programme\.toml|programme\.toml.*communes"):
        areas(Folder(geographic, "zone_emploi"))


def test_the_files_that_place_establishments_are_inputs_of_the_run(geographic):
    """Else a result that is kept would outlive a change of theirs."""
    asked = {"geographie/communes.csv", "geographie/table_supracom_2020.csv"}
    plain = load_programme("fpi_aura")
    zoned = plain.resultats.model_copy(update={"voisinage": "zone_emploi"})
    zoned = plain.model_copy(update={"resultats": zoned})
    assert not asked & set(files_of(plain, 2023, geographic))
    assert asked <= set(files_of(zoned, 2023, geographic))


def test_the_page_says_where_neighbours_are_whatever_is_declared():
    assert set(REACH) == set(get_args(Resultats.model_fields["voisinage"].annotation))
