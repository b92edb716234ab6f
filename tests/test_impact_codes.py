"""Codes are codes: what a column may hold is read right, or refused by its name."""

import datetime

import numpy as np
import pandas as pd
import pytest

from fpi_eval import impact
from fpi_eval.errors import FpiError
from fpi_eval.impact import callaway_santanna, sun_abraham, synthetic
from fpi_eval.panel import coding

EXACT = 1e-9
BOTH = pytest.mark.parametrize("estimator", [callaway_santanna, sun_abraham])


def panel(seed=0, treated=10, later=10, never=20, effect=5.0):
    """Cohorts 2019 and 2022, never opened: effect 5 from the opening on."""
    rng = np.random.default_rng(seed)
    n, years = treated + later + never, np.arange(2016, 2024)
    cohort = np.r_[np.full(treated, 2019.0), np.full(later, 2022.0), np.full(never, np.nan)]
    y = rng.normal(size=(n, 1)) * 4 + rng.normal(size=8) * 2 + rng.normal(size=(n, 8)) * 0.3
    y += effect * (years >= cohort[:, None])
    table = pd.DataFrame({"cell": np.repeat(np.arange(n), 8), "time": np.tile(years, n)})
    return table.assign(cohort=np.repeat(cohort, 8), y=y.ravel())


def school_year(year):
    return f"{year}-{int(year) + 1}"


def overall(found):
    return found.aggregate("simple").overall


@BOTH
@pytest.mark.parametrize("code", [0, -1, np.inf])
def test_never_treated_may_be_0_minus_1_or_infinity(estimator, code):
    table = panel()
    coded = table.assign(cohort=table["cohort"].fillna(code))
    assert overall(estimator(coded)) == pytest.approx(overall(estimator(table)), abs=EXACT)
    assert estimator(coded).notes == ()


@BOTH
@pytest.mark.parametrize(
    "as_date",
    [
        lambda v: pd.to_datetime(v.map("{:.0f}-09-01".format, na_action="ignore")),
        lambda v: pd.PeriodIndex(v.astype("Int64").astype("string"), freq="Y").to_series(v.index),
        lambda v: v.map(lambda a: datetime.date(int(a), 9, 1), na_action="ignore"),
        lambda v: v.map("{:.0f}".format, na_action="ignore"),
        lambda v: v.map("{:.0f}-09-01".format, na_action="ignore"),
        lambda v: v.astype("Int64").astype("category"),
        lambda v: v.astype("Float64"),
    ],
)
def test_years_may_be_dates_periods_texts_or_categories(estimator, as_date):
    table = panel()
    dated = table.assign(time=as_date(table["time"]), cohort=as_date(table["cohort"]))
    found, wanted = estimator(dated), estimator(table)
    np.testing.assert_allclose(found.att, wanted.att, atol=EXACT)
    np.testing.assert_array_equal(found.time, wanted.time)


@BOTH
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"time": lambda d: d["time"].astype(float).mask(d.index == 5)},
            "« time » : année manq.*6",
        ),
        ({"time": lambda d: d["time"] + 0.5}, "« time » : année qui n'est pas entière"),
        ({"cohort": lambda d: d["cohort"].astype(object).fillna("jamais")}, "« jamais »"),
        ({"cohort": lambda d: d["cohort"].fillna(-7)}, "« cohort » : année d'ouverture impossible"),
        ({"cohort": lambda d: d["cohort"].fillna(1)}, "« cohort » : année d'ouverture impossible"),
        ({"cohort": lambda d: d["cohort"] + 0.5}, "« cohort »"),
        ({"y": lambda d: d["y"].mask(d.index == 3, np.inf)}, "« y » : valeur infinie à la ligne 4"),
        ({"y": lambda d: d["y"].astype(str) + " €"}, "« y » : .* ne sont pas des nombres"),
        ({"y": lambda d: pd.Timestamp("2020-01-01")}, "« y » : dates trouvées"),
        ({"cell": lambda d: d["cell"].astype(object).mask(d.index == 0)}, "« cell » : identifiant"),
        ({"time": lambda d: pd.date_range("2020-01-01", periods=len(d))}, "plusieurs dates"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(estimator, change, message):
    with pytest.raises(FpiError, match=message):
        estimator(panel().assign(**change))


def test_a_year_0_that_may_also_mean_never_is_refused():
    table = panel().assign(time=lambda d: d["time"] - 2016)
    table["cohort"] = (table["cohort"] - 2016).fillna(0)
    with pytest.raises(FpiError, match="peut aussi vouloir dire"):
        callaway_santanna(table)


@BOTH
@pytest.mark.parametrize("options", [{}, {"anticipation": 1, "base": "universal"}])
def test_units_and_years_of_which_nothing_is_known_are_not_in_the_panel(estimator, options):
    if estimator is sun_abraham:
        options = {k: v for k, v in options.items() if k != "base"}
    table = panel()
    blank = table[table["cell"] == 0].assign(cell=99, y=np.nan)
    for hidden in (table["time"] == 2018, table["time"] >= 2022):
        rows = pd.concat([table.assign(y=table["y"].mask(hidden)), blank])
        found, wanted = estimator(rows, **options), estimator(table[~hidden], **options)
        pd.testing.assert_frame_equal(found.to_frame(), wanted.to_frame())
        assert overall(found) == pytest.approx(overall(wanted), abs=EXACT)
        assert found.notes == wanted.notes


@BOTH
def test_a_single_cluster_is_refused(estimator):
    with pytest.raises(FpiError, match="« g » : un seul groupe"):
        estimator(panel().assign(g=1), cluster="g")


@BOTH
def test_repeated_indexes_order_and_labels_do_not_matter(estimator):
    table = panel()
    mixed = table.sample(frac=1, random_state=1).assign(
        cell=lambda d: pd.Categorical("c" + d["cell"].astype(str))
    )
    mixed.index = np.zeros(len(mixed), dtype=int)
    assert overall(estimator(mixed)) == pytest.approx(overall(estimator(table)), abs=EXACT)


def test_a_covariate_counts_the_same_in_any_unit():
    table = panel()
    rng = np.random.default_rng(4)
    table["x"] = rng.normal(size=40)[table["cell"]]
    table["y"] += 0.3 * table["x"] * (table["time"] - 2016)
    table = table.assign(decale=table["x"] + 20_000, euros=1e9 * table["x"])
    without = overall(callaway_santanna(table))
    found = [overall(callaway_santanna(table, covariates=[c])) for c in ("x", "decale", "euros")]
    assert abs(found[0] - without) > 0.01
    np.testing.assert_allclose(found, found[0], atol=1e-6)


@pytest.mark.parametrize("covariates", [["one"], ["x", "twice"]])
def test_a_covariate_that_says_nothing_more_is_refused(covariates):
    table = panel()
    table["x"] = np.random.default_rng(4).normal(size=40)[table["cell"]]
    table = table.assign(one=7.0, twice=2 * table["x"] + 1)
    with pytest.raises(FpiError, match=f"« {covariates[-1]} » : covariable constante"):
        callaway_santanna(table, covariates=covariates)


@pytest.mark.parametrize("base", ["varying", "universal"])
def test_the_base_year_is_before_the_declared_anticipation(base):
    table = panel(later=0)
    table["cohort"] += 1
    table["y"] = 5.0 * (table["time"] >= table["cohort"]) + table["cell"] + table["time"] % 3
    window = (table["time"] >= table["cohort"] - 2) & (table["time"] < table["cohort"])
    table["y"] += 1.0 * window + 0.01 * np.random.default_rng(0).normal(size=len(table))
    effects = callaway_santanna(table, anticipation=2, base=base)
    found = effects.aggregate("dynamic")
    by_age = dict(zip(found.label.astype(int), found.att, strict=True))
    assert by_age[-2] == pytest.approx(1.0, abs=0.05)
    assert by_age[-1] == pytest.approx(1.0, abs=0.05)
    assert by_age[0] == pytest.approx(5.0, abs=0.05)


def test_an_option_that_does_not_exist_is_refused_with_its_neighbour():
    with pytest.raises(FpiError, match="« clutser » inconnue : vouliez-vous dire « cluster »"):
        callaway_santanna(panel(), clutser="g")
    with pytest.raises(FpiError, match="« methode » inconnue"):
        synthetic(panel(), methode="sc")


def test_the_cell_panel_has_the_default_names_and_openings_are_dated_when_they_can_show():
    table = panel().rename(columns={"time": "rentree", "y": "diplomes"}).assign(duree=3)
    shifted = panel().assign(cohort=lambda d: d["cohort"] + 2)
    assert overall(callaway_santanna(table)) == pytest.approx(overall(callaway_santanna(shifted)))
    same = overall(callaway_santanna(table, lag=0))
    assert same == pytest.approx(overall(callaway_santanna(panel())))


def treated_panel():
    table = panel(later=0, treated=3).rename(columns={"cell": "unit"})
    return table.assign(treated=table["time"] >= table["cohort"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[d["time"] >= 2018], "une seule année avant"),
        (lambda d: d.drop(columns="treated"), "« treated » : colonne absente"),
        (lambda d: d.assign(y=d["y"].mask(d.index == 3, np.inf)), "valeur infinie à la ligne 4"),
        (lambda d: d.assign(unit=d["unit"].astype(float).mask(d.index == 2)), "identifiant manq"),
        (lambda d: d.iloc[1:], "panel incomplet"),
        (lambda d: pd.concat([d, d]), "deux lignes ou plus"),
    ],
)
def test_a_synthetic_control_refuses_what_it_cannot_weigh(change, message):
    with pytest.raises(FpiError, match=message):
        synthetic(change(treated_panel()))


def test_one_year_before_is_enough_for_plain_differences():
    table = treated_panel()
    found = synthetic(table[table["time"] >= 2018], method="did")
    assert found.estimate == pytest.approx(5.0, abs=0.5)


def seats_panel(closing):
    """Half of the openings close after four years; an open seat adds half a graduate."""
    rng = np.random.default_rng(2)
    years, n = np.arange(2012, 2024), 60
    opened = np.arange(n) < 14
    closes = opened & (np.arange(n) % 2 == 0) & closing
    seats = np.where(opened[:, None] & (years >= 2016), 12.0, 0.0)
    seats[closes] *= years < 2020
    y = 30 + 0.5 * seats + rng.normal(size=(n, 1)) + rng.normal(size=(n, len(years))) * 0.1
    return pd.DataFrame({
        "cell": np.repeat(np.arange(n), len(years)), "rentree": np.tile(years, n),
        "seats": seats.ravel(), "entrants": 30.0, "reussis": y.ravel(),
    })  # fmt: skip


def test_closed_years_are_not_averaged_as_treated_ones():
    absent = dict.fromkeys(("course", "region", "cluster", "departement"))
    found = impact.opening_study(seats_panel(True), "reussis", **absent)
    whole = impact.opening_study(seats_panel(False), "reussis", **absent)
    assert dict(found.dropped)["cellule ayant perdu des places"] == 7
    assert found.overall.estimate == pytest.approx(6.0, abs=0.2)
    assert whole.overall.estimate == pytest.approx(6.0, abs=0.2)


def test_a_column_named_twice_is_refused():
    table = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(FpiError, match="deux colonnes"):
        coding.numbers(table, "a")


@pytest.mark.parametrize("kind", [np.int32, np.uint64, np.float64, str])
def test_labels_already_in_order_are_coded_as_any_others(kind):
    table = panel().assign(cell=lambda d: (d["cell"] + 7).astype(kind))
    mixed = table.sample(frac=1, random_state=1)
    integers, names = coding.codes(table, "cell")
    for found, label in (((integers, names), table), (coding.codes(mixed, "cell"), mixed)):
        np.testing.assert_array_equal(found[1][found[0]], label["cell"])
    np.testing.assert_array_equal(names, coding.codes(mixed, "cell")[1])
    for twice in (table.iloc[[0, 1, 1, 2]], mixed.iloc[[4, 2, 4]]):
        with pytest.raises(FpiError, match="deux lignes ou plus"):
            coding.once(twice, "cell", "time")
    coding.once(table, "cell", "time")
    coding.once(mixed, "cell", "time")


@pytest.mark.parametrize("column", ["cell", "time"])  # 84 and « 84 », 2023 and « 2023-2024 »
def test_what_is_written_in_two_ways_is_there_twice(column):
    table = panel().assign(time=lambda d: d["time"].map(str))
    other = {"cell": lambda d: d["cell"].map(str), "time": lambda d: d["time"].map(school_year)}
    again = pd.concat([table, table[:1].assign(**{column: other[column]})])
    with pytest.raises(FpiError, match="deux lignes ou plus"):
        callaway_santanna(again, "y")
