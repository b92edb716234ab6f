import hashlib
import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from small_files import LYCEES, MEFS, REGION

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.pinned import pinned
from fpi_eval.programme import load_programme
from fpi_eval.sources.inserjeunes_etablissement import read_inserjeunes_etablissement
from fpi_eval.sources.inserjeunes_region import read_inserjeunes_region
from fpi_eval.sources.nomenclatures import read_nomenclature
from fpi_eval.sources.reading import cache as module
from fpi_eval.sources.reading.cache import cached
from fpi_eval.sources.reading.raw import read_bytes
from fpi_eval.store import kept
from fpi_eval.text import pluriel

SEEN = (
    "from pathlib import Path; from fpi_eval.sources.reading.raw import read_bytes; "
    "read_bytes(Path('{path}'))"
)


@pytest.fixture
def counted(monkeypatch):
    """A reader that says how often it was called."""
    calls = []

    def reader(path, *args, **options):
        calls.append(path)
        return read_inserjeunes_region(path, *args, **options)

    return reader, calls


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ij_region_data.csv"
    path.write_text(REGION.text, encoding="utf-8")
    return path


def test_a_second_read_gives_the_same_reading_without_reading_again(tmp_path, file, counted):
    reader, calls = counted
    first = cached(reader, file, cache=tmp_path / "c")
    second = cached(reader, file, cache=tmp_path / "c")
    assert len(calls) == 1
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.provenance == second.provenance


@pytest.mark.parametrize("small", [LYCEES, MEFS], ids=lambda s: s.name)
def test_types_survive_dates_and_integers_too(tmp_path, small):
    path = tmp_path / small.fichier
    path.write_text(small.text, encoding="utf-8")
    call = (
        (read_nomenclature, path, "mef")
        if small is MEFS
        else (read_inserjeunes_etablissement, path, "2021_2022")
    )
    once = cached(*call, cache=tmp_path / "c")
    again = cached(*call, cache=tmp_path / "c")
    pd.testing.assert_frame_equal(once.table, again.table)


def test_a_changed_file_is_read_again_and_its_old_entry_never_served(tmp_path, file, counted):
    reader, calls = counted
    cached(reader, file, cache=tmp_path / "c")
    stamp = file.stat()
    other = REGION.text.replace(";120;31;33;34;28;70;50;62;66;68;56;58", ";121;;;;;70;51;;;;;58")
    file.write_text(other, encoding="utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    changed = cached(reader, file, cache=tmp_path / "c")
    assert len(calls) == 2
    assert changed.table["terminale"].iloc[0] == 121


def test_another_argument_or_another_reading_code_is_another_entry(tmp_path, file, monkeypatch):
    cached(read_inserjeunes_region, file, cache=tmp_path)
    cached(read_inserjeunes_region, file, renaming=None, cache=tmp_path)
    assert len(list(tmp_path.glob("tables/*.parquet"))) == 2
    monkeypatch.setattr(module, "reader_version", lambda: "autre")
    cached(read_inserjeunes_region, file, cache=tmp_path)
    assert len(list(tmp_path.glob("tables/*.parquet"))) == 3


@pytest.mark.parametrize("kind", ["parquet", "json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "absent"])
def test_a_damaged_entry_is_made_again(tmp_path, file, counted, kind, damage):
    reader, calls = counted
    whole = cached(reader, file, cache=tmp_path / "c")
    entry = next((tmp_path / "c" / "tables").glob(f"*.{kind}"))
    content = entry.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    if damage == "absent":
        entry.unlink()
    else:
        entry.write_bytes({"flip": flipped, "cut": content[:middle], "empty": b""}[damage])
    again = cached(reader, file, cache=tmp_path / "c")
    assert len(calls) == 2
    pd.testing.assert_frame_equal(whole.table, again.table)
    cached(reader, file, cache=tmp_path / "c")
    assert len(calls) == 2


def test_the_provenance_is_kept_beside_the_table(tmp_path, file):
    reading = cached(read_inserjeunes_region, file, cache=tmp_path / "c")
    note = json.loads(next((tmp_path / "c" / "tables").glob("*.json")).read_text("utf-8"))
    assert note["provenance"]["sha256"] == reading.provenance.sha256
    assert note["provenance"]["fichier"] == "ij_region_data.csv"


def test_a_refused_file_leaves_nothing_and_a_folder_that_cannot_be_written_is_no_fault(
    tmp_path, file
):
    blocked = tmp_path / "fichier"
    blocked.write_text("un fichier, pas un dossier")
    assert len(cached(read_inserjeunes_region, file, cache=blocked).table) == 5
    file.write_text("n'importe quoi", encoding="utf-8")
    with pytest.raises(FpiError):
        cached(read_inserjeunes_region, file, cache=tmp_path / "c")
    assert not list(tmp_path.glob("c/**/*.parquet"))


def test_the_folder_is_the_one_of_the_environment(tmp_path, file, monkeypatch):
    monkeypatch.setenv("FPI_EVAL_CACHE", str(tmp_path / "ici"))
    cached(read_inserjeunes_region, file)
    assert len(list((tmp_path / "ici").glob("tables/*"))) == 2


def test_what_is_kept_unprotected_is_for_its_owner_alone(tmp_path, file, monkeypatch):
    monkeypatch.setenv("FPI_EVAL_CACHE", str(tmp_path / "ici"))
    cached(read_inserjeunes_region, file)
    kept(pluriel, 3, "place", "places")
    folders = {path.parent for path in (tmp_path / "ici").rglob("*") if path.is_file()}
    assert len(folders) == 2
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_within_a_run_a_file_is_read_with_the_content_it_began_with_or_not_at_all(tmp_path):
    path, digest = tmp_path / "a.csv", hashlib.sha256(b"x").hexdigest()
    path.write_bytes(b"x")
    with pinned({path: digest}):
        assert read_bytes(path) == b"x"
        path.write_bytes(b"y")  # put back later, it would have been in the pages
        with pytest.raises(FpiError, match=r"a\.csv : ce fichier a changé pendant le calcul"):
            read_bytes(path)
        said = [sys.executable, "-c", SEEN.format(path=str(path))]
        assert "a changé" in subprocess.run(said, capture_output=True, text=True).stderr
    assert read_bytes(path) == b"y"


def test_a_simulated_set_that_is_no_longer_as_it_was_written_is_written_again(
    tmp_path, monkeypatch
):
    drawn = []
    monkeypatch.setenv("FPI_EVAL_CACHE", str(tmp_path))
    monkeypatch.setattr(twin, "draw", lambda *_, **__: drawn.append("one"))
    monkeypatch.setattr(
        twin, "write_files", lambda _, folder, **__: (folder / "a.csv").write_text("a\n1\n")
    )
    programme = load_programme("fpi_aura")
    folder = simulated_folder(programme, 2026)
    assert simulated_folder(programme, 2026) == folder
    assert len(drawn) == 1
    (folder / "a.csv").write_text("a\n2\n")
    assert simulated_folder(programme, 2026) == folder
    assert (folder / "a.csv").read_text() == "a\n1\n"
    (folder / "b.csv").write_text("b\n")
    simulated_folder(programme, 2026)
    assert not (folder / "b.csv").exists()
    assert len(drawn) == 3
