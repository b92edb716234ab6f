"""Plugin of `make quick`: a test that has not begun in time is left to `make test`, and said so."""

import os
import time

import pytest

SECONDS = 40  # with ruff, mypy and what is running then, a minute at the most
START = float(os.environ.setdefault("FPI_EVAL_QUICK", str(time.time())))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if time.time() - START > SECONDS:
        pytest.skip("laissé à make test, faute de temps")
