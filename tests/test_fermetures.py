"""Closures of the register beside the openings that they finance."""

from types import SimpleNamespace

import pandas as pd

from fpi_eval.indicators import deploiement as d


def test_a_closed_seat_is_linked_to_what_it_opens_at_the_same_site_first():
    rows = [
        ("FPI", 2024, "A", "1", 12), ("FPI", 2024, "A", "2", -10), ("FPI", 2024, "B", "3", -5),
        ("FPI", 2025, "A", "2", -3), ("ATCF", 2024, "A", "4", 8),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["projet", "rentree", "uai", "cfd", "places_ouvertes"])
    found = d.fermetures(SimpleNamespace(registre=table.assign(mefstat11=None)))
    columns = ["fermee", "places_fermees", "ouvertes", "places_ouvertes", "lien"]
    assert found[columns].to_numpy().tolist() == [
        ["2", 10.0, "1", 12.0, d.SAME_SITE],  # not the other project's
        ["3", 5.0, "", 0.0, d.ELSEWHERE],
        ["2", 3.0, "", 0.0, d.NOTHING_OPENED],
    ]
    assert d.fermetures(SimpleNamespace(registre=table.head(1).assign(mefstat11=None))).empty
