"""All that two reports show of entrants, attacked together by an adversary written apart."""

from pathlib import Path

import adversary
import numpy as np
import pandas as pd

from fpi_eval.programme import load_programme
from fpi_eval.report.published import counts

ROOT = Path(__file__).parents[1]
PROGRAMME = load_programme(ROOT / "data" / "fpi_aura")


def test_two_reports_of_a_twin_held_together_give_no_hidden_count_back(tmp_path):
    p, folders = adversary.publish(tmp_path, PROGRAMME, (2025, 2026))
    hidden, narrow = adversary.attack(folders, p)
    assert hidden > 20
    assert narrow == []
    assert all(len(safe.known) == 2 for safe in (counts.entrants(p), counts.formes(p)))


def test_the_same_adversary_recovers_people_trained_where_tables_are_protected_apart(
    tmp_path, monkeypatch
):
    apart, together = [], counts.protected

    def one_by_one(p, wanted, rows, dims, *, fine, links=()):
        found = {}
        for one in wanted:
            own = rows[rows[one.counts[0]].notna()] if len(wanted) > 1 else rows
            found |= together(p, [one], own, dims, fine=fine)
        apart.append(len(wanted))
        return found

    monkeypatch.setattr(counts, "protected", one_by_one)
    p, folders = adversary.publish(tmp_path, PROGRAMME, (2026,))
    assert 2 in apart
    assert adversary.attack(folders, p)[1]


def test_the_adversary_reads_a_small_report_as_worked_out_by_hand():
    # Two cells of 20 places, 10 and 20 of them the programme's. Together 12 people trained, and
    # 18 entrants: x / 2 + y = 12 and x + y = 18 give 12 and 6, to the rounding of x / 2 (11 to 13).
    public = pd.DataFrame({"seats": [10.0, 20.0], "places": [20.0, 20.0]})
    first, both = np.array([True, False]), np.array([True, True])
    sums = [
        adversary.Sum("t", 2026, "ensemble", "entrants", both, 18.0),
        adversary.Sum("t", 2026, "ensemble", "formes", both, 12.0),
        adversary.Sum("t", 2026, "première", "entrants", first, None),
    ]
    [(_, low, high)] = adversary.Adversary(public, sums).ends()
    assert (low, high) == (11, 13)
    assert len(adversary.narrow([(sums[2], low, high)])) == 0  # narrow, but it cannot be small
    assert len(adversary.narrow([(sums[2], 2, 4)])) == 1
