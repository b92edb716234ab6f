"""Where the real files are, if they are there at all."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DONNEES = Path(os.environ.get("FPI_EVAL_DONNEES", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def donnees_reelles() -> Path:
    """Folder of the real open-data files; they are never part of the project."""
    if not (DONNEES / "orion").is_dir():
        pytest.skip("données réelles absentes : indiquez leur dossier dans FPI_EVAL_DONNEES")
    return DONNEES
