"""The catalogue names a reader for every file, and says which files it does not know."""

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.programme import Source
from fpi_eval.sources.known_sources import CATALOGUE, discover, entries, source

BTS = "orion/BTS_attractivite_capacite_2023.csv"
#: What the publishers' folders also hold, and no figure of the report comes from.
UNUSED = (
    "dares/fap225_rome", "effectifs/fr-en-ips", "effectifs/fr-en-lycee_pro", "geographie/dep",
    "geographie/regions", "insersup/fr-esr-insertion", "nomenclatures/actions",
    "nomenclatures/chomage", "nomenclatures/diplomesPro", "nomenclatures/n_categorie",
    "nomenclatures/n_domaine", "nomenclatures/naf2008/int_", "nomenclatures/naf2008/naf2008_5",
    "nomenclatures/naf2008/niv_agreg", "nomenclatures/regroupements", "parcoursup/column_map",
)  # fmt: skip
LYCEES = "inserjeunes/depp-2022-etablissements-2021_2022-pro.csv"


@pytest.fixture
def folder(tmp_path):
    for name in (BTS, LYCEES, "orion/notes.txt", "orion/.verrou", "constat/enquete_2024.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


class Programme:
    """As much of a programme as the catalogue reads."""

    sources = {"constat": Source(fichier="constat/enquete_{rentree}.csv"),  # noqa: RUF012
               "inconnue": Source(fichier="x.csv")}  # fmt: skip


def test_the_year_comes_from_the_name_of_the_file(folder):
    found = {f.source: f.year for f in discover(folder).files}
    assert found == {"parcoursup_bts": "2023", "inserjeunes_etablissement": "2021_2022"}


def test_a_file_that_no_pattern_explains_is_listed_and_hidden_files_are_not(folder):
    names = [path.relative_to(folder).as_posix() for path in discover(folder).unexplained]
    assert names == ["constat/enquete_2024.csv", "orion/notes.txt"]


def test_a_path_declared_by_the_programme_goes_first(folder):
    found = discover(folder, Programme())
    assert ("constat", "2024") in [(f.source, f.year) for f in found.files]
    assert entries(Programme())[0].pattern == "constat/enquete_{rentree}.csv"


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda e: f"{e.name}:{e.pattern}")
def test_every_reader_can_be_imported_and_every_entry_is_filled(entry):
    assert callable(entry.load())
    assert entry.label
    assert entry.publisher
    assert entry.licence
    assert not (entry.year_argument and not entry.year)
    assert (f"{{{entry.year}}}" in entry.pattern) == bool(entry.year)


def test_an_unknown_source_or_folder_is_refused(tmp_path):
    with pytest.raises(FpiError, match="affelnet"):
        source("affelnett")
    with pytest.raises(FpiError, match="dossier de données absent"):
        discover(tmp_path / "rien")


def test_a_year_that_the_reader_needs_must_be_in_the_name(tmp_path):
    with pytest.raises(FpiError, match="rentree"):
        source("affelnet").read(tmp_path / "x.csv")


def test_every_real_file_is_explained_and_read_without_an_unexplained_row(donnees_reelles):
    found = discover(donnees_reelles)
    left = {path.relative_to(donnees_reelles).as_posix() for path in found.unexplained}
    assert {name for name in left if not name.startswith(UNUSED)} == set()
    assert len(found.files) == 57 - len(left)
    for file in found.files:
        reading = next(e for e in CATALOGUE if e.name == file.source).read(file.path, file.year)
        origin = reading.provenance
        kept = origin.lignes - sum(origin.lignes_ecartees.values())
        assert len(reading.table) == kept, file.path.name
