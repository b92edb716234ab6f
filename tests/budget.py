"""Plugin of `make quick`: a test that has not begun in time is left to `make test`, and said so."""

import os
import time

import pytest

#: From the first test on: with what runs before and then, a minute at the most.
SECONDS = float(os.environ.get("FPI_EVAL_QUICK", "30"))
END = pytest.StashKey[float]()


def pytest_collection_finish(session):
    session.config.stash[END] = time.monotonic() + SECONDS


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if time.monotonic() > item.config.stash[END]:
        pytest.skip("laissé à make test, faute de temps")
