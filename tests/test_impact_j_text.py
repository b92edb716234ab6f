"""J's and BJS2-T's printed texts are enough to find their numbers again, without the library."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from invented import invented_panel

from fpi_eval import impact
from fpi_eval.impact.bjs2_t import DESCRIPTION, bjs2_t
from fpi_eval.impact.displacement.rings import ETABLISSEMENT, VOIES
from fpi_eval.impact.frame import DISPLACEMENT, GROSS, NET
from fpi_eval.impact.j import J_TEXT, j
from fpi_eval.impact.j_and_bjs2_t import j_and_bjs2_t
from fpi_eval.plan import SPECIFICATION

SAME = 1e-7  # dense least squares on a few hundred dummies


def read_by_the_text(
    panel: pd.DataFrame, outcome: str = "diplomes", *, covariates=(), proportional=True
) -> SimpleNamespace:
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

    def grid_of(column: str) -> pd.DataFrame:
        grid = t.pivot_table(index="cell", columns="rentree", values=column, aggfunc="sum")
        return grid.reindex(columns=seats.columns).fillna(0.0)

    t["S"], t["autres"] = at_entry(seats), at_entry(grid_of("autres_places"))
    # What the programme declares in place of the département.
    area = "voisinage" if "voisinage" in t else "code_departement"
    for name, keys in (("Xe", ["uai"]), ("Xd", [area, "famille"])):
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
    n = rows["n"].to_numpy() if proportional else np.ones(len(rows))
    x = rows[["S", "Xe", "Xd"]].to_numpy() / n[:, None]
    z = np.column_stack(
        [np.sign(rows["S"])]
        + [np.where(rows[c] != 0, _furthest(rows, c), 0.0) / n for c in ("Xe", "Xd")]
    )
    # Other budgets are their own instrument; covariates have a slope of their own every session.
    budgets = [rows["autres"].to_numpy() / n] if rows["autres"].any() else []
    own, acts = [], rows.loc[rows["S"] != 0, "rentree"].min()
    for c in covariates:
        mean = rows["cell"].map(t[t["rentree"] < acts].groupby("cell")[c].mean())
        own += [mean * (rows["rentree"] == y) for y in sorted(set(rows["rentree"]))[1:]]
    x, z = np.column_stack([x, *budgets, *own]), np.column_stack([z, *budgets, *own])
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
    slopes = np.linalg.lstsq(second, y, rcond=None)[0]
    return SimpleNamespace(
        rows=rows,
        n=n,
        y=rows[outcome].to_numpy() / n,
        elsewhere=x[:, 1 : 3 + len(budgets)] @ slopes[1 : 3 + len(budgets)],
        effects=np.column_stack([d, *own]),
        slopes=slopes[:3],
        reach=reach,
    )


def by_the_text(panel: pd.DataFrame, outcome: str = "diplomes", **options) -> dict[str, float]:
    """Return J's effects."""
    found = read_by_the_text(panel, outcome, **options)
    theta, *kappa = found.slopes
    moved = float(np.dot(kappa, found.reach))
    return {GROSS: theta, DISPLACEMENT: moved, NET: theta + moved}


def second_by_the_text(panel: pd.DataFrame, *, proportional=True, **options) -> float:
    """Return BJS2-T as a referee would compute it from its text, J's being read already."""
    found = read_by_the_text(panel, proportional=proportional, **options)
    seats = found.rows["S"].to_numpy()
    most = _furthest(found.rows, "S")
    slope = (np.sign(most) if proportional else most) * (found.rows["rentree"].to_numpy() - 2000)
    columns, base = np.column_stack([found.effects, slope]), seats == 0
    root = np.sqrt(found.n[base])
    y = found.y - found.elsewhere
    inside = columns[base] * root[:, None]
    gap = y - columns @ np.linalg.lstsq(inside, y[base] * root, rcond=None)[0]
    known = np.linalg.pinv(columns[base], rcond=1e-10) @ columns[base]
    there = np.abs(columns @ known - columns)
    on = ~base & (there.max(axis=1) < SAME * np.abs(columns).max())
    return (found.n * gap * np.sign(seats))[on].sum() / np.abs(seats[on]).sum()


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


def _furthest(rows: pd.DataFrame, exposure: str) -> np.ndarray:
    """Return the largest value that a cell reaches, or the lowest if it never rises above 0."""
    cells = rows.groupby("cell")[exposure]
    most = cells.transform("max")
    return np.where(most > 0, most, cells.transform("min"))


def other_budgets(panel: pd.DataFrame) -> pd.DataFrame:
    chosen = (panel["cell"] % 5 == 0) & (
        panel["seats"].groupby(panel["cell"]).transform("max") == 0
    )
    return panel.assign(autres_places=8.0 * (chosen & (panel["rentree"] >= 2021)))


def closed_elsewhere(panel: pd.DataFrame) -> pd.DataFrame:
    chosen = (panel["cell"] % 7 == 0) & (
        panel["seats"].groupby(panel["cell"]).transform("max") == 0
    )
    return panel.assign(seats=panel["seats"] - 6.0 * (chosen & (panel["rentree"] >= 2022)))


def back_to_none(panel: pd.DataFrame) -> pd.DataFrame:
    gone = (panel["cell"] % 2 == 0) & (panel["rentree"] >= 2024)
    return panel.assign(seats=panel["seats"].mask(gone, 0.0))


VARIANTS = {
    "other budgets": (other_budgets, {}),
    "closures": (closed_elsewhere, {}),
    "seats taken back": (back_to_none, {}),
    "neighbours declared": (lambda d: d.assign(voisinage=d["code_academie"]), {}),
    "covariates": (lambda d: d.assign(part=(d["cell"] * 37 % 11) / 11), {"covariates": ["part"]}),
    "without sizes": (lambda d: d, {"proportional": False}),
    "all of them": (
        lambda d: other_budgets(closed_elsewhere(back_to_none(d))).assign(
            voisinage=d["code_academie"], part=(d["cell"] * 37 % 11) / 11
        ),
        {"covariates": ["part"]},
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_found_again_from_what_its_method_prints(name):
    change, options = VARIANTS[name]
    panel = change(invented_panel(
        65, regions=4, etabs=8, years=range(2016, 2027), opened=10, noise=1.0, start=2020
    ))  # fmt: skip
    found = j(panel, "diplomes", **options)
    for label, value in by_the_text(panel, **options).items():
        assert found[label].estimate == pytest.approx(value, abs=SAME)
    second = bjs2_t(panel, "diplomes", **options)
    assert second.estimate == pytest.approx(second_by_the_text(panel, **options), abs=SAME)
    assert ("Covariables (part)" in second.method()) == ("covariates" in options)
    assert ("pèse cette taille" in second.method()) == options.get("proportional", True)
    assert ("la même pour toutes" in second.method()) == options.get("proportional", True)
    plain, said = j(panel, "diplomes").method(), found.method()
    assert ("Covariables (part)" in said) == ("covariates" in options)
    assert ("pèse cette taille" in said) == options.get("proportional", True)
    assert (plain == said) == (not options)


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
    assert DESCRIPTION in bjs2_t(panel, "diplomes").method()
    assert SPECIFICATION["second"] == DESCRIPTION
    for said in ("divisés par la taille", "pèse cette taille", "instrumentées par leur signe",
                 "instrumentée, dès qu'elle n'est plus nulle"):  # fmt: skip
        assert said in J_TEXT
    (first, *_) = SPECIFICATION["inference"]
    assert "CR3" in first
    assert "département" in first
    assert not any("CR1" in line for line in SPECIFICATION["inference"])


@pytest.fixture(scope="module")
def small():
    return invented_panel(63, noise=1.0, regions=3, etabs=8).assign(places=20.0)


def test_side_by_side_without_sizes_no_method_speaks_of_them(small):
    found = j_and_bjs2_t(small, proportional=False)
    assert all("ni division ni pondération" in one.method() for one in found)
    assert all("pèse cette taille" not in one.method() for one in found)
    lone = impact.displacement(small, "diplomes", proportional=False)
    assert "ni division ni pondération" in lone.method()


def test_a_method_names_the_neighbours_that_were_read(small):
    usual = impact.displacement(small, "diplomes").method()
    assert J_TEXT in usual
    voies = small.assign(voie=np.where(small["course"] < "c3", "scolaire", "apprentissage"))
    for made, names in (
        (impact.displacement(small, "diplomes", rings=(ETABLISSEMENT,)), [ETABLISSEMENT.name]),
        (impact.substitution(voies, "diplomes"), [ring.name for ring in VOIES]),
    ):
        said = made.method()
        assert all(f"« {name} »" in said for name in names)
        assert "puis dans la même famille" not in said
        assert "somme des deux autres" not in said
    said = impact.by_fill(small, "diplomes")[0].method()
    assert "voisines" in said.partition("un groupe de cellules après l'autre")[2]
    assert "de toutes les cellules" not in said


def test_imputation_says_the_effects_that_it_was_asked_for(small):
    asked, usual = (impact.imputation(small, region_effects=on).method() for on in (True, False))
    assert "région × session" in asked
    assert "région × session" not in usual
