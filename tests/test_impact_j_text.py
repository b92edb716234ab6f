"""J's printed text is enough to find its numbers again, with nothing of the library's code."""

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval.impact.frame import DISPLACEMENT, GROSS, NET
from fpi_eval.impact.j import J_TEXT, j
from fpi_eval.plan import SPECIFICATION

SAME = 1e-7  # dense least squares on a few hundred dummies


def by_the_text(panel: pd.DataFrame) -> dict[str, float]:
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
    known = t[t["diplomes"].notna()]
    reach = [known[x].sum() / known["S"].sum() for x in ("Xe", "Xd")]
    rows = known[(known["filiere"] != "autre") & (known["n"] > 0) & ~known["nouvelle"]]
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
    y = rows["diplomes"].to_numpy() / n * root[:, 0]
    theta, ke, kd = np.linalg.lstsq(second, y, rcond=None)[0][:3]
    moved = ke * reach[0] + kd * reach[1]
    return {GROSS: theta, DISPLACEMENT: moved, NET: theta + moved}


@pytest.mark.parametrize("seed", [61, 62])
def test_an_independent_reading_of_the_text_finds_the_same_numbers(seed):
    panel = invented_panel(
        seed, regions=4, etabs=8, years=range(2016, 2027), opened=10, noise=1.0, new=1, start=2020
    )
    expected = by_the_text(panel)
    found = j(panel, "diplomes")
    for label, value in expected.items():
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
