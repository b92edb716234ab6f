"""J's printed text is enough to find its numbers again, with nothing of the library's code."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval.impact.frame import DISPLACEMENT, GROSS, NET
from fpi_eval.impact.j import J_TEXT, j
from fpi_eval.plan import SPECIFICATION

SAME = 1e-7  # dense least squares on a few hundred dummies


def by_the_text(panel: pd.DataFrame, outcome: str = "diplomes") -> dict[str, float]:
    """Return J as a referee would compute it from its text: pandas, dummies, two dense stages."""
    t = panel.sort_values(["cell", "rentree"]).reset_index(drop=True)
    # The cell's size: yearly entrants, on average, before the first opening of all.
    start = t.loc[t["seats"] != 0, "rentree"].min()
    size = t[t["rentree"] < start].groupby("cell")["entrants"].mean()
    t["n"] = t["cell"].map(size).fillna(0.0)
    # Seats in force when the class entered; exposure to the seats of the group.
    t["entree"] = t["rentree"] - t["duree"] + 1
    opens = t.groupby("cell")["seats"].transform(lambda s: (s != 0).any())
    free = t.assign(n=t["n"].where(~opens, 0.0)).drop_duplicates("cell").set_index("cell")
    seats = t.pivot_table(index="cell", columns="rentree", values="seats", aggfunc="sum")
    seats = seats.reindex(columns=range(t["entree"].min(), t["rentree"].max() + 1)).fillna(0.0)

    def at_entry(grid: pd.DataFrame) -> np.ndarray:
        return np.array([grid.loc[c, y] for c, y in zip(t["cell"], t["entree"], strict=True)])

    t["S"] = at_entry(seats)
    for name, keys in (("Xe", ["uai"]), ("Xd", ["code_departement", "famille"])):
        group = free[keys].astype(str).agg("|".join, axis=1)
        total = seats.groupby(group).transform("sum")
        mass = free["n"].groupby(group).transform("sum")
        share = (free["n"] / mass).where(mass > 0, 0.0)
        t[name] = at_entry(total.mul(share, axis=0))
    known = t[t[outcome].notna()]
    read = (known["filiere"] != "autre") & (known["n"] > 0) & ~known["nouvelle"]
    reach = [
        (known[x] * _worth(known, read, x, outcome)).sum() / known["S"].sum() for x in ("Xe", "Xd")
    ]
    rows = known[read]
    n = rows["n"].to_numpy()
    x = rows[["S", "Xe", "Xd"]].to_numpy() / n[:, None]
    z = np.column_stack(
        [np.sign(rows["S"])]
        + [
            np.where(rows[c] != 0, rows.groupby("cell")[c].transform("max"), 0.0) / n
            for c in ("Xe", "Xd")
        ]
    )
    dummies = [
        pd.get_dummies(rows["cell"].astype(str)),
        pd.get_dummies(rows["course"] + "|" + rows["rentree"].astype(str)),
        pd.get_dummies(rows["code_region"] + "|" + rows["rentree"].astype(str)),
    ]
    d, root = np.hstack(dummies).astype(float), np.sqrt(n)[:, None]
    first = np.column_stack([z, d]) * root
    fitted = first @ np.linalg.lstsq(first, x * root, rcond=None)[0]
    second = np.column_stack([fitted, d * root])
    y = rows[outcome].to_numpy() / n * root[:, 0]
    theta, ke, kd = np.linalg.lstsq(second, y, rcond=None)[0][:3]
    moved = ke * reach[0] + kd * reach[1]
    return {GROSS: theta, DISPLACEMENT: moved, NET: theta + moved}


def _worth(t: pd.DataFrame, read: pd.Series, exposure: str, outcome: str) -> np.ndarray:
    """Return 1 for rows that J reads, for the others what a student was worth there over here."""
    if outcome == "diplomes":
        return np.ones(len(t))
    calm = t[(t["S"] == 0) & (t["Xe"] == 0) & (t["Xd"] == 0)]
    each = (calm[outcome] / calm["n"]).groupby(calm["cell"]).mean()
    near = t.groupby("cell")[exposure].sum()
    inside = read.groupby(t["cell"]).any()
    mean = {
        here: np.average(each[near.index[(inside == here) & (near > 0)]],
                         weights=near[(inside == here) & (near > 0)])
        for here in (True, False)
    }  # fmt: skip
    return np.where(read, 1.0, mean[False] / mean[True])


@pytest.mark.parametrize("seed", [61, 62])
def test_an_independent_reading_of_the_text_finds_the_same_numbers(seed):
    panel = invented_panel(
        seed, regions=4, etabs=8, years=range(2016, 2027), opened=10, noise=1.0, new=1, start=2020
    )
    expected = by_the_text(panel)
    found = j(panel, "diplomes")
    for label, value in expected.items():
        assert found[label].estimate == pytest.approx(value, abs=SAME)


def test_the_text_is_enough_for_an_outcome_after_school_too():
    panel = invented_panel(
        64, regions=4, etabs=8, years=range(2016, 2027), opened=10, noise=1.0, start=2020
    )
    closed = ~panel["cell"].isin(panel.loc[panel["seats"] > 0, "cell"])
    other = closed & (panel["cell"] % 3 == 0)
    panel["filiere"] = panel["filiere"].mask(other, "autre")
    panel["au_travail"] = panel["diplomes"] * np.where(other, 0.1, 0.6)
    found = j(panel, "au_travail")
    for label, value in by_the_text(panel, "au_travail").items():
        assert found[label].estimate == pytest.approx(value, abs=SAME)


def test_plan_and_method_print_the_same_text():
    panel = invented_panel(63, noise=1.0)
    assert J_TEXT in j(panel, "diplomes").method()
    assert SPECIFICATION["principal"] == J_TEXT
    for said in ("divisés par la taille", "pèse cette taille", "instrumentées par leur signe",
                 "instrumentée, dès qu'elle n'est plus nulle"):  # fmt: skip
        assert said in J_TEXT
    (first, *_) = SPECIFICATION["inference"]
    assert "CR3" in first
    assert "département" in first
    assert not any("CR1" in line for line in SPECIFICATION["inference"])
