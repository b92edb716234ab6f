"""Where the real files are, if they are there at all, and the years that many tests read."""

import gc
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

import fpi_eval as fpi
import fpi_eval.openpyxl_alone  # before openpyxl, which several tests import
import fpi_eval.report  # before nbformat: it spares a second of what nothing uses

gc.disable()  # until tests are collected: a third of what collecting took was looking for garbage
ROOT = Path(__file__).parents[1]
DONNEES = Path(os.environ.get("FPI_EVAL_DONNEES", ROOT.parent / "shared" / "data"))
#: Files that last longest, longest first: they begin first, so that none is waited for at the end.
#: `report_book` is apart from `report_attack`, whose two reports it reads: it would wait for them.
LONGEST = (
    "site", "report_attack", "any_programme", "absent_sources", "benchmarks", "report_run",
    "hostile_run", "vue_trajectoire", "records_study", "secret_declared", "disclosure_attack",
    "known_agreement", "records", "results", "mutations", "cli_faults", "twin",
    "vue_diplomes", "told_tables", "whole_report", "twin_fine",
)  # fmt: skip


#: One day for all tests: two reports compared byte for byte may be made on both sides of midnight.
os.environ.setdefault("SOURCE_DATE_EPOCH", str(int(time.time())))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files by how long they last; a file goes whole to a worker (``--dist loadfile``)."""
    order = {f"test_{name}": rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Leave what is imported and collected out of the garbage to look for, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def donnees_reelles() -> Path:
    """Folder of the real open-data files; they are never part of the project."""
    if not (DONNEES / "orion").is_dir():
        pytest.skip("données réelles absentes : indiquez leur dossier dans FPI_EVAL_DONNEES")
    return DONNEES


@pytest.fixture(scope="session")
def annee_simulee() -> fpi.Year:
    """The delivered set at its last rentrée; no test changes it."""
    return fpi.load("fpi_aura", 2026)


@pytest.fixture(scope="session")
def annee_reelle(donnees_reelles) -> fpi.Year:
    """The real files at rentrée 2022; no test changes it."""
    return fpi.load("fpi_aura", 2022, donnees_reelles)


@pytest.fixture(scope="session")
def formes():
    """Lines of every file that a source reads, each with its reader and what its cells say."""
    import mutations

    return mutations.files()


@pytest.fixture(scope="session")
def partage(tmp_path_factory) -> Path:
    """Folder of what is made once for all workers: no test changes it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_once(made: Path, make: Callable[[Path], object]) -> Path:
    """Make a folder that all workers read, whole or not at all: a worker may be killed."""
    part = made.with_name(f"{made.name}.part")
    with FileLock(f"{made}.lock"):
        if not made.exists():
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(made)
    return made


@pytest.fixture(scope="session")
def deux_rapports(partage) -> tuple[fpi.Year, dict[int, Path]]:
    """The panels of the last year, and the folders of two successive reports of the twin."""
    import adversary

    made, asked = partage / "deux_rapports", (fpi.load_programme("fpi_aura"), (2025, 2026))
    made_once(made, lambda part: adversary.publish(part, *asked))
    return adversary.published(made, *asked)


@pytest.fixture(scope="session")
def petit_jumeau_ecrit(partage) -> Callable[[int, range], Path]:
    """Write the files of the small twin of a seed, for some rentrées; return their folder."""
    from fpi_eval import twin

    def written(seed: int, years: range) -> Path:
        made = partage / f"jumeau_{seed}_{years[0]}_{years[-1]}"
        drawn = partial(twin.draw, twin.SMALL, seed)
        return made_once(made, lambda part: twin.write_files(drawn(), part, years=years))

    return written
