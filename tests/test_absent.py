"""What is absent says why, and never passes for a result."""

import numpy as np
import pytest

from fpi_eval.absent import ABSENT, TOO_FEW, Absent, attempt
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import _nothing_acts

NOTHING = Absent("pas de <registre>.")


def refuse(_):
    raise FpiError("trop peu de places.")


def test_an_absent_result_is_false_and_shows_its_reason_escaped():
    assert not NOTHING
    assert str(NOTHING) == NOTHING.summary() == NOTHING.method() == "pas de <registre>."
    assert NOTHING._repr_mimebundle_()["text/html"] == "<p>pas de &lt;registre&gt;.</p>"
    assert NOTHING.to_frame()["raison"].tolist() == ["pas de <registre>."]
    with pytest.raises(FpiError, match="registre"):
        NOTHING.plot()


def test_an_attempt_returns_the_result_the_reason_or_what_was_already_absent():
    assert attempt(sum, [1, 2]) == 3
    assert "trop peu de places" in str(attempt(refuse, 1))
    assert attempt(refuse, NOTHING) is NOTHING
    assert str(attempt(np.linalg.inv, np.zeros((2, 2)))) == TOO_FEW


def test_a_programming_error_is_not_an_absent_result():
    with pytest.raises(KeyError):
        attempt({}.__getitem__, "x")


@pytest.mark.parametrize("later", [True, False])
def test_who_studies_entrants_is_not_told_to_study_entrants(later):
    rows = np.zeros(2, dtype=bool)
    assert ("entrants" in _nothing_acts(rows, ~rows, rows, later).conseil) == later


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("acting", [True, False])
def test_a_reader_is_not_told_what_an_analyst_would_do(acting, sized):
    rows = np.ones(2, dtype=bool)

    def refuse():
        raise _nothing_acts(rows & acting, rows & sized, rows, True)

    found = attempt(refuse)
    told = found._repr_mimebundle_()
    assert found.conseil
    assert told["text/plain"] == str(found) == f"{found.reason} {found.conseil}"
    assert found.reason.endswith(".")
    assert found.conseil not in told[ABSENT]["reason"] == found.reason
