"""Tables of benchmarks: made by known code, and made again by running one seed."""

import re
import shutil
import sys
from pathlib import Path

import detectability
import exams
import family
import intervals
import lights
import mutations
import numpy as np
import pandas as pd
import planted
import planted_real
import projection
import provenance
import pytest
import records_effects
import remedies
import scoreboard
import selection
import totals
from scipy import stats

from fpi_eval.impact.jobs.exams import NOTE

RESULTS = provenance.RESULTS
NEAR = 1e-6  # sums taken in another order


#: Fingerprints of code that no commit has; each leaves with its table, made again.
OF_NO_COMMIT: dict[str, str] = {}
#: Tables without a fingerprint; the first ones draw nothing.
WITHOUT_CODE = {
    "ailleurs": "le même rapport fait deux fois ; empreinte de tout le paquet, octet pour octet",
    "coupures": "des commandes tuées ; empreinte de tout le paquet, octet pour octet",
    "grappe": "des ouvriers tués ; empreinte de tout le paquet, octet pour octet",
    "hostile": "les contrôles de test_hostile_run, tous notebooks ; empreinte de tout le paquet",
    "intervals": "relu des lignes des autres tableaux, test ci-dessous",
    "regions": "un rapport de fichiers réels par région : rien n'est tiré",
}
#: Tables whose rows are not kept.
WITHOUT_ROWS = {
    "mutations": "chaque mutation se refait de son numéro, test ci-dessous",
    "selection": "fichiers réels : le tableau entier est refait, test ci-dessous",
}
ROWS_OF = {"planted": "planted_runs", "records": "records_runs"}


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.parquet")), ids=str)
def test_rows_kept_say_their_seed_and_a_known_fingerprint(path):
    rows = pd.read_parquet(path)
    assert "secondes" in rows or rows["seed"].notna().all()  # a time has no seed
    assert set(rows["code"]) <= set(provenance.known_codes()["code"])
    text = path.with_name(path.stem.removesuffix("_runs") + ".md").read_text(encoding="utf-8")
    assert all(code in text for code in rows["code"].unique())


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.md")), ids=lambda path: path.stem)
def test_each_table_says_a_known_fingerprint_and_keeps_its_rows(path):
    said = provenance.codes_said(path)
    assert said <= set(provenance.known_codes()["code"])
    assert bool(said) != (path.stem in WITHOUT_CODE)
    rows = path.with_name(f"{ROWS_OF.get(path.stem, path.stem)}.parquet")
    assert rows.exists() == (path.stem not in {*WITHOUT_CODE, *WITHOUT_ROWS})


@pytest.fixture(scope="module")
def history():
    if not provenance.has_history():
        pytest.skip("l'histoire du projet n'est pas là : archive des sources ou clone partiel")
    if sys.version_info[:2] != (3, 11):
        pytest.skip("l'arbre syntaxique, donc l'empreinte, change avec la version de Python")


@pytest.mark.usefixtures("history")
def test_each_fingerprint_is_that_of_a_commit_that_head_comes_from():
    known, used = provenance.known_codes().set_index("code"), provenance.in_use()
    assert OF_NO_COMMIT.keys() <= used  # else the exception has served
    for code in sorted(used - OF_NO_COMMIT.keys()):
        benchmark, commit = known.loc[code, ["benchmark", "commit"]]
        assert commit, f"{code} : lancez python benchmarks/provenance.py"
        assert provenance.kept_by_head(commit), f"{code} : {commit} n'est pas dans l'histoire"
        assert provenance.code_of(benchmark, commit) == code


@pytest.mark.usefixtures("history")
def test_a_fingerprint_is_recorded_with_its_commit_when_head_has_that_code(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "KNOWN", tmp_path / "codes.csv")
    ours = provenance.code_of("selection", "HEAD")
    for code in (ours, "0123456789ab", ours):
        provenance.record(code, "selection")
    known = provenance.known_codes()
    assert known["code"].tolist() == [ours, "0123456789ab"]
    first, none = known["commit"]
    assert provenance.kept_by_head(first)
    assert none == ""
    assert not provenance.kept_by_head("0123456789ab")


def test_a_fingerprint_follows_the_code_and_not_its_comments():
    sources = (b"x = 1\n", b"x = 1  # one\n", b"x = 2\n")
    marks = [provenance.digest(["judge.py"], [provenance.meaning(one)]) for one in sources]
    assert marks[0] == marks[1] != marks[2]


def test_one_planted_world_run_again_gives_its_row():
    rows = planted.kept()
    row = rows[(rows["family"] == planted.OTHER) & (rows["world"] == "30 établissements")].iloc[0]
    made = planted.one_run(row["family"], row["world"], int(row["seed"]), row["code"])
    again = pd.DataFrame(made, columns=list(planted.COLUMNS)).iloc[0]
    numbers = [c for c in planted.COLUMNS if c not in ("family", "world", "code")]
    np.testing.assert_allclose(
        again[numbers].astype(float), row[numbers].astype(float), rtol=NEAR, atol=NEAR
    )


def test_one_draw_of_individual_files_gives_its_rows():
    rows = pd.read_parquet(records_effects.STORE)
    row = rows[rows["scenario"] == "avec"].iloc[0]
    again = pd.DataFrame(records_effects.draw(row["scenario"], int(row["seed"])))
    kept = rows[(rows["scenario"] == row["scenario"]) & (rows["seed"] == row["seed"])]
    pd.testing.assert_frame_equal(
        again, kept.drop(columns="code").reset_index(drop=True), rtol=NEAR, atol=NEAR
    )


def test_one_draw_at_equal_composition_gives_its_rows():
    rows = pd.read_parquet(records_effects.EQUAL)
    seed = int(rows["seed"].min())
    kept = rows[(rows["scenario"] == "composition") & (rows["seed"] == seed)]
    again = pd.DataFrame(records_effects.equal("composition", seed))
    pd.testing.assert_frame_equal(
        again, kept.drop(columns="code").reset_index(drop=True), rtol=NEAR, atol=NEAR
    )


def test_composition_that_explains_a_drift_is_a_bias_of_j_that_equal_composition_takes_off():
    found = records_effects.report(pd.read_parquet(records_effects.EQUAL))
    found = found.set_index(["scenario", "effet"])
    share = (found["biais"].abs() / found["verite"])["composition"]
    assert share["Effet brut par place"] > 0.08
    assert share["Effet brut par place, à composition égale"] < 0.03
    assert share["Effet brut, à composition égale"] < 0.05
    assert found.drop(("composition", "Effet brut par place"))["couverture"].min() > 0.94


def test_one_draw_of_what_a_declaration_mends_gives_its_rows():
    rows = pd.read_parquet(remedies.STORE)
    seed = int(rows["seed"].min())
    kept = rows[rows["seed"] == seed].drop(columns="code").reset_index(drop=True)
    again = pd.DataFrame(remedies.draw(seed))
    pd.testing.assert_frame_equal(again, kept, rtol=NEAR, atol=NEAR)


def test_the_effect_on_industry_jobs_is_found_with_and_without_displacement():
    found = records_effects.report(pd.read_parquet(records_effects.STORE))
    effects = found[found["verite"] > 0.05]
    assert len(effects) == 4
    assert (effects["biais"].abs() / effects["verite"]).max() < 0.03
    assert effects["couverture"].min() > 0.93


def test_one_projected_programme_run_again_gives_its_rows():
    rows = projection.kept()
    first = rows[(rows["monde"] == "réaliste") & (rows["seed"] == rows["seed"].min())]
    made = projection.one_run("réaliste", int(first["seed"].iloc[0]), first["code"].iloc[0])
    again = pd.DataFrame(made).set_index(["lecture", "niveau"])
    first = first.set_index(["lecture", "niveau"])
    numbers = ["observe", "mediane", "bas", "haut", "crps", "pit"]
    np.testing.assert_allclose(again[numbers], first.loc[again.index, numbers], rtol=NEAR)


def test_the_table_of_coverage_is_that_of_the_rows_kept():
    assert intervals.made() == (RESULTS / "intervals.md").read_text(encoding="utf-8")
    assert "**trop étroit**" not in intervals.made().split("## Mondes avec violation")[0]


@pytest.mark.parametrize(
    ("bench", "asked", "name"),
    [
        (lights, "--reps 0", "lights"),
        (projection, "--reps 0", "projection"),
        (totals, "--table --groups", "totals_groups"),
        (scoreboard, "--set mondes --outcome terminale --table", "scoreboard_mondes_terminale"),
    ],
)
def test_a_fresh_clone_writes_a_table_again_from_its_rows(
    bench, asked, name, tmp_path, monkeypatch
):
    shutil.copy(RESULTS / f"{name}.parquet", tmp_path)
    monkeypatch.setattr(sys, "argv", [bench.__name__, *asked.split()])
    monkeypatch.setattr(bench, "record", lambda *_: None)
    for known, path in [*vars(bench).items()]:
        if isinstance(path, Path) and path.is_relative_to(RESULTS):
            monkeypatch.setattr(bench, known, tmp_path / path.relative_to(RESULTS))
    bench.main()
    tables = [
        [row for row in (folder / f"{name}.md").read_text("utf-8").splitlines() if row[:1] == "|"]
        for folder in (tmp_path, RESULTS)
    ]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("path", sorted(RESULTS.glob("scoreboard*.parquet")), ids=str)
def test_one_scored_programme_run_again_gives_its_rows(path):
    rows = pd.read_parquet(path)
    name = "lifelike" if rows["scenario"].eq("lifelike").any() else "realistic"
    first = rows[rows["scenario"].eq(name) & rows["seed"].eq(rows["seed"].min())]
    size = float(first["size"].iloc[0])
    made = scoreboard.one_run(name, first["outcome"].iloc[0], first["seed"].iloc[0], size)
    first = first.set_index("estimator")
    again = pd.DataFrame(made).set_index("estimator").loc[first.index]
    numbers = ["estimate", "std_error", "truth"]
    np.testing.assert_allclose(
        again[numbers].astype(float), first[numbers].astype(float), rtol=1e-5, atol=NEAR
    )


def test_one_draw_of_detectability_gives_its_rows():
    rows = pd.read_parquet(RESULTS / "detectability.parquet").drop(columns="code")
    again = pd.DataFrame(detectability.one(int(rows["seed"].iloc[0])))
    pd.testing.assert_frame_equal(again, rows.iloc[: len(again)], rtol=NEAR)


def test_one_table_of_exams_gives_its_row():
    row = pd.read_parquet(RESULTS / "exams.parquet").drop(columns="code").iloc[-1]
    assert exams.held(row["maille"], row["territoires"], row["seed"]) == row.to_dict()


def rows_of_totals(name):
    rows = pd.read_parquet(RESULTS / f"{name}.parquet")
    first = rows[rows["scenario"].eq("sans déplacement") & rows["seed"].eq(rows["seed"].min())]
    return first.set_index("quantity"), int(first["seed"].iloc[0])


def compare_totals(made, kept):
    assert made.index.tolist() == kept.index.tolist()
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "outside", "truth"]
    np.testing.assert_allclose(
        made[numbers].astype(float), kept[numbers].astype(float), rtol=NEAR, atol=NEAR
    )


@pytest.mark.parametrize("kind", ["", "chain", "sites"])
def test_one_programme_of_totals_gives_its_rows(kind):
    kept, seed = rows_of_totals(f"totals_{kind}" if kind else "totals")
    made = pd.DataFrame(totals.one_run("sans déplacement", seed, kind), columns=totals.COLUMNS)
    compare_totals(made.set_index("quantity"), kept)


def test_one_programme_of_totals_by_group_gives_its_rows_of_entrants():
    kept, seed = rows_of_totals("totals_groups")
    made = totals.of_groups(totals.draw(totals.OFF, seed), "entrants")
    made = pd.DataFrame(made, columns=totals.COLUMNS[2:]).set_index("quantity")
    compare_totals(made, kept[kept.index.str.startswith("entrants par")])


@pytest.mark.parametrize("name", [*family.FAMILIES])
def test_one_twin_of_a_family_gives_its_row(name):
    rows = pd.read_parquet(RESULTS / "family.parquet").drop(columns="code")
    part = rows[rows["famille"] == name]
    row = part.loc[part[list(family.COLUMNS)].sum(axis=1).idxmax()]  # one that announces
    assert family.one(name, int(row["seed"])) == row.to_dict()


def test_no_family_is_announced_by_mistake_in_more_than_five_twins_in_a_hundred():
    """At most the 99.9 % quantile of a true 5 %, as many twins as the table has."""
    for name, part in pd.read_parquet(RESULTS / "family.parquet").groupby("famille"):
        hits, limit = part[list(family.COLUMNS)].sum(), stats.binom.ppf(0.999, len(part), 0.05)
        assert len(part) >= 300, name
        assert hits["p_holm"] <= hits["p_romano_wolf"] <= limit, name
        assert hits["p_romano_wolf"] <= hits["p_value"], name


def test_one_programme_planted_in_real_results_gives_its_row(donnees_reelles):
    row = pd.read_parquet(planted_real.STORE).iloc[0]
    panel = planted_real.real_panel(donnees_reelles / "resultats" / planted_real.FILE)
    again = planted_real.one(panel, int(row["seed"]))
    for name, value in again.items():
        assert row[name] == (value if isinstance(value, str) else pytest.approx(value, abs=NEAR))


def test_in_real_results_nothing_is_found_too_often_where_nothing_opened():
    runs = pd.read_parquet(planted_real.STORE)
    for short in ("gross", "net"):
        low, high = runs[f"zero_{short}_low"], runs[f"zero_{short}_high"]
        assert 0.03 <= ((low > 0) | (high < 0)).mean() <= 0.07


def test_the_published_choice_of_sites_is_that_of_the_real_files(donnees_reelles):
    text = selection.TARGET.read_text(encoding="utf-8")
    assert selection.lines(donnees_reelles) == text.split("|---|---|---|---|---|\n")[1]
    assert re.search("Code : ([0-9a-f]{12})", text)[1] in set(provenance.known_codes()["code"])


def test_two_hundred_damaged_files_are_read_as_they_say_or_refused_by_name(formes):
    found = mutations.tried(range(200), formes)
    assert found.loc[found["issue"].str.startswith("FAUTE"), ["issue", "numero"]].empty
    assert (found["issue"] == "lu").sum() > 50


def test_the_note_on_exams_says_what_its_table_measured():
    rows = [r for r in (RESULTS / "exams.md").read_text("utf-8").splitlines() if " % ± " in r]
    shares = [int(x) for row in rows for x in re.findall(r"(\d+) % ±", row)]
    assert len(rows) >= 10
    assert f"de {min(shares)} à {max(shares)} fois sur 100" in NOTE


def test_one_draw_of_the_lights_gives_its_rows():
    rows = pd.read_parquet(RESULTS / "lights.parquet").astype(str)
    first = rows[(rows["world"] == "realistic") & (rows["seed"] == rows["seed"].min())]
    made = lights.one_run("jumeau", "realistic", int(first["seed"].iloc[0]), first["code"].iloc[0])
    again = pd.DataFrame(made, columns=lights.COLUMNS).astype(str)
    assert again.reset_index(drop=True).equals(first.reset_index(drop=True)[list(lights.COLUMNS)])
