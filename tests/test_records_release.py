import os
import pkgutil
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import numpy as np
import pandas as pd
import pytest

from fpi_eval import twin
from fpi_eval.absent import Absent
from fpi_eval.disclosure import audit
from fpi_eval.errors import FpiError
from fpi_eval.programme import Individus

pytest.importorskip("ibis", reason="l'extra « individus » n'est pas installé")

import ibis

from fpi_eval.records import exports
from fpi_eval.records.exports import (
    GUARD,
    INSIDE,
    LOG,
    OTHERS,
    OUTSIDE,
    beside,
    merged,
    outcomes_table,
    release,
    sectors,
    sectors_table,
    wages_table,
)
from fpi_eval.records.open import open_folder, regions_table
from fpi_eval.records.panel import counts
from fpi_eval.several_regions import programme_of
from fpi_eval.twin.geography import departements

HOME = ("01", "03", "07", "15", "26", "38", "42", "43", "63", "69", "73", "74")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("individus")
    twin.write_records(twin.draw(twin.SMALL, 3), folder, years=[2026])
    with open_folder(folder, Individus(), regions_table(departements())) as opened:
        yield opened


def table(*rows) -> pd.DataFrame:
    named = pd.DataFrame(rows, columns=["division", "personnes", "employeurs", "premier"])
    return named.assign(rentree=2026)


def test_a_sector_with_a_dominant_employer_is_merged_with_the_next_smallest():
    found = merged(table(("25", 100, 30, 10), ("28", 50, 20, 5), ("35", 40, 4, 39)), Individus())
    assert found["division"].tolist() == ["25", OTHERS]
    assert found["personnes"].tolist() == [100, 90]


def test_two_small_sectors_are_enough_for_each_other_when_no_employer_dominates():
    found = merged(table(("25", 100, 30, 10), ("28", 50, 3, 46), ("35", 40, 2, 21)), Individus())
    assert found["personnes"].tolist() == [100, 90]


def test_one_employer_in_two_sectors_is_never_counted_twice():
    found = merged(table(("25", 100, 30, 10), ("28", 50, 2, 26), ("35", 40, 2, 21)), Individus())
    assert found["personnes"].tolist() == [190]


def test_sectors_without_employers_enough_do_not_go_out():
    with pytest.raises(FpiError, match="trop peu d'employeurs"):
        merged(table(("25", 10, 1, 10)), Individus())


def test_sectors_count_the_people_whom_the_panel_counts(records):
    found = sectors(records)
    industry = found[found["division"].astype(int).between(5, 39)]
    wanted = counts(records)["en_emploi_industrie_region_6"].sum()
    assert industry["personnes"].sum() == wanted
    told = sectors_table(records).frame.set_index(["secteur", "division"])["personnes"]
    assert told.max() == found["personnes"].sum()
    assert told[INSIDE, "Total"] == wanted  # what `outcomes_table` tells


@pytest.mark.parametrize("declared", [None, {"reindustrialisation": [25, 35], "eau": [35]}])
def test_how_many_work_in_industry_gives_back_no_sector(records, monkeypatch, declared, tmp_path):
    """Hidden with a division outside of industry, 35 would be the rest of the industry told."""
    rows = [("25", 60, 30, 10), ("35", 3, 3, 1), ("47", 900, 30, 10), ("86", 7, 5, 2)]
    monkeypatch.setattr(exports, "sectors", lambda _: table(*rows))
    found = sectors_table(replace(records, secteurs=declared)).frame.set_index("division")
    assert found.loc[["25", "35"], "personnes"].isna().all()
    assert found.loc[["47", "86"], "personnes"].tolist() == [900, 7]
    monkeypatch.setattr(exports, "sectors", lambda _: table(("35", 40, 1, 40), *rows[2:]))
    shown = sectors_table(replace(records, secteurs=declared))  # no industry to go with
    found = shown.display().set_index(["secteur", "division"])["personnes"]
    told = {"47": 900, "86": 7, "Total": 907}
    assert found.to_dict() == {(INSIDE, "Total"): "s", ("Total", "Total"): "s"} | {
        (OUTSIDE, division): people for division, people in told.items()
    }
    release({"secteurs": shown}, tmp_path)
    assert pd.read_csv(tmp_path / LOG, sep=";")["masquees_regle"].tolist() == [1]
    assert audit([shown.publication])["largeur"].eq(np.inf).all()
    monkeypatch.setattr(exports, "sectors", lambda _: table(("35", 40, 1, 40), ("47", 9, 1, 9)))
    with pytest.raises(FpiError, match="trop peu d'employeurs"):
        sectors_table(replace(records, secteurs=declared))


def test_two_tables_of_the_same_people_hide_with_one_another():
    """Alone, one hides A with B and the other A with C: A would be the rest of B and C."""
    people = {("A", 2026): 3, ("A", 2027): 0, ("B", 2026): 20, ("B", 2027): 0, ("C", 2026): 5,
              ("C", 2027): 16}  # fmt: skip
    counted = pd.DataFrame(people.keys(), columns=["filiere", "rentree"]).assign(
        sortants=100, en_emploi_6_mois=50, en_emploi_industrie_region_6=list(people.values())
    )

    def hidden(by, *known):
        found = outcomes_table(counted, Individus(), by=by, known=known)
        flags = found.hidden["en_emploi_industrie_region_6"]
        first = found.frame.get("rentree", pd.Series(2026, flags.index)) == 2026
        return set(found.frame.loc[flags & first, "filiere"]), found.publication

    first, out = hidden(["filiere"])
    both = ["filiere", "rentree"]
    assert (first, hidden(both)[0]) == ({"A", "B"}, {"A", "C"})
    assert hidden(both, out)[0] >= first
    assert hidden(["filiere"], hidden(both)[1])[0] == {"A", "C"}
    with pytest.raises(FpiError, match="pas de colonne division"):
        hidden(["filiere"], replace(out, dims=("division",)))
    with pytest.raises(FpiError, match=r"publication .* known, non « s.*\[tableau.publication\]"):
        hidden(["filiere"], "sorties/sortants_par_filiere.csv")


def test_a_table_made_a_year_later_tells_nothing_of_the_year_between():
    """Totals over rentrées would; of two cells as good, one is hidden, whatever the years there."""
    rng, names = np.random.default_rng(51), ["filiere", "voie", "rentree"]
    people = pd.MultiIndex.from_product([list("ABCD"), list("as"), range(2022, 2028)], names=names)
    counted = people.to_frame(index=False)
    counted["sortants"] = rng.choice([1, 3, 4, 5, 6, 8, 10, 20, 20, 30, 30, 40], len(people))
    counted["en_emploi_6_mois"] = rng.binomial(counted["sortants"], 0.5)
    counted[exports.in_industry(6)] = rng.binomial(counted["en_emploi_6_mois"], 0.4)
    before, after = (
        outcomes_table(rows, Individus(), by=names).display()
        for rows in (counted[counted["rentree"] < 2027], counted)
    )
    assert "Total" not in set(after["rentree"])
    again = after[after["rentree"] < 2027].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, before)
    assert (again == "s").to_numpy().sum() > 20


def test_sectors_are_those_of_the_last_leavers(records):
    earlier = {
        "id_personne": ibis._.id_personne.concat("x"),
        "millesime": ibis.literal("2024-2025"),
    }
    working = {"debut": ibis.literal("2020-01-01"), "fin": ibis.literal("9999-12-31")}
    persons, contracts = records.persons, records.contracts
    working = {name: value.cast(contracts[name].type()) for name, value in working.items()}
    both = records.with_tables(
        persons.union(persons.mutate(**earlier)),
        contracts.union(contracts.mutate(**earlier, **working)),
    )
    found, alone = sectors(both), sectors(records)
    pd.testing.assert_frame_equal(found, alone)
    assert set(sectors_table(records).frame["rentree"]) == set(alone["rentree"]) == {2026}


@pytest.mark.parametrize(("scale", "told"), [(1, False), (5, True)])
def test_sectors_do_not_go_out_where_leavers_hide_how_many_work_in_industry(
    records, monkeypatch, scale, told
):
    """Of two and six in industry, the total is hidden: eight would tell the two beside the six."""
    people = {"filiere": "A", "voie": ["a", "s"], "rentree": 2026, "sortants": [10, 10]}
    counted = pd.DataFrame(people | {"en_emploi_6_mois": [4, 8], exports.in_industry(6): [2, 6]})
    counted.iloc[:, 3:] *= scale
    leavers = outcomes_table(counted, Individus(), by=["filiere", "voie", "rentree"])
    rows = table(("25", 8 * scale, 5, 2), ("47", 30, 5, 2))
    monkeypatch.setattr(exports, "sectors", lambda _: rows)
    found = sectors_table(records)
    assert (beside(found, leavers) is found) == told
    assert isinstance(beside(found, leavers), Absent) != told
    another = replace(found, frame=found.frame.assign(rentree=2025))
    assert beside(another, leavers) is another


def test_a_sector_that_no_code_tells_is_said_to_be_unknown(records):
    contracts = records.contracts
    hidden = records.with_tables(records.persons, contracts.mutate(ape=contracts["ape"].left(0)))
    assert sectors(hidden)["division"].tolist() == ["inconnue"]


def test_only_protected_tables_go_out_each_with_a_line_in_the_log(records, tmp_path):
    counted = counts(records)
    shown = outcomes_table(counted, records.individus, by=["voie", "uai"])
    with pytest.raises(FpiError, match="pas un tableau protégé") as refused:
        release({"brut": counted}, tmp_path)
    named = re.findall(r"fpi_eval(?:\.\w+)+", str(refused.value))
    assert len(named) == 3
    assert all(callable(pkgutil.resolve_name(one)) for one in named)
    assert not list(tmp_path.iterdir())
    release({"lycees": shown, "secteurs": sectors_table(records)}, tmp_path)
    log = pd.read_csv(tmp_path / LOG, sep=";")
    assert log["fichier"].tolist() == ["lycees.csv", "secteurs.csv"]
    assert (log["plus_petit_effectif"] >= records.individus.effectif_minimum).all()
    assert log["masquees_regle"].iloc[0] > 0
    digests = [sha256((tmp_path / name).read_bytes()).hexdigest() for name in log["fichier"]]
    assert log["sha256"].tolist() == digests
    release({"lycees": shown}, tmp_path)
    assert pd.read_csv(tmp_path / LOG, sep=";")["fichier"].tolist()[2:] == ["lycees.csv"]
    written = pd.read_csv(tmp_path / "lycees.csv", sep=";", dtype=str)
    leavers, seen = (
        pd.to_numeric(written[name], errors="coerce") for name in ("sortants", "en_emploi_6_mois")
    )
    for people in (seen, leavers - seen):  # at work, or left without
        assert people[people > 0].min() >= records.individus.effectif_minimum


@pytest.mark.parametrize("locked", [LOG, "secteurs.csv"])
def test_no_table_goes_out_without_its_line(records, tmp_path, monkeypatch, locked):
    """A file that cannot be replaced, open in a spreadsheet for instance, stops those after it."""
    shown = sectors_table(records)
    replace = os.replace

    def refused(source, target):
        if Path(target).name == locked:
            raise PermissionError(13, "ouvert ailleurs", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        release({"secteurs": shown, "voies": shown}, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {LOG, GUARD}


def test_two_releases_at_once_leave_the_lines_of_both(records, tmp_path, monkeypatch):
    shown, put, began = sectors_table(records), exports.replace_files, Barrier(2)

    def slow(files):
        with suppress(BrokenBarrierError):  # both have read the log, unless one waits
            began.wait(0.3)
        put(files)

    monkeypatch.setattr(exports, "replace_files", slow)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: release({name: shown}, tmp_path), "ab"))
    assert set(pd.read_csv(tmp_path / LOG, sep=";")["fichier"]) == {"a.csv", "b.csv"}


def test_wages_are_medians_of_main_contracts_and_small_or_dominated_ones_are_hidden(
    records, tmp_path
):
    people, contracts = (t.execute() for t in (records.persons, records.contracts))
    main = contracts[(contracts["horizon"] == 6) & (contracts["principal"] == 1)]
    day = pd.Timestamp("2028-01-15")
    main = main[(main["debut"] <= day) & ~(main["fin"] < day)]
    rows = people[people["poursuite"] == 0].merge(main, on="id_personne")
    rows = rows[rows["uai"].str[:3].isin(["069", "038", "042"])]  # départements of region 84
    industry = rows["ape"].str[:2].astype(int).between(5, 39)
    there = industry & rows["commune"].str[:2].isin(HOME)
    found = wages_table(narrow(records, ("069", "038", "042")), ["84"])
    table = found.frame.set_index("emploi")["salaire_median"]
    for name, mine in (("Industrie de la région", there), ("Autres emplois", ~there)):
        assert table[name] == pytest.approx(rows.loc[mine, "salaire"].median(), abs=5.01)
    strict = replace(
        records, individus=records.individus.model_copy(update={"effectif_minimum": 10**6})
    )
    assert wages_table(strict, ["84"]).frame["salaire_median"].isna().all()
    dominant = replace(
        records, individus=records.individus.model_copy(update={"employeurs_minimum": 10**6})
    )
    assert wages_table(dominant, ["84"]).hidden["salaire_median"].all()
    with programme_of(2):
        release({"salaires": found}, tmp_path)
    assert "Industrie des deux régions" in (tmp_path / "salaires.csv").read_text()
    log = pd.read_csv(tmp_path / LOG, sep=";")
    behind = [there.sum(), (~there).sum()]  # told nowhere else: to the ten below
    assert any(n % 10 for n in behind)
    assert sorted(found.reasons["personnes"]) == sorted(n // 10 * 10 for n in behind)
    assert log["plus_petit_effectif"].iloc[0] == min(behind) // 10 * 10
    assert "personnes" not in (tmp_path / "salaires.csv").read_text()


def narrow(records, prefixes):
    """Return the records of persons of some départements."""
    persons = records.persons
    return records.with_tables(persons.filter(persons["uai"].left(3).isin(prefixes)),
                               records.contracts)  # fmt: skip


def test_files_without_wages_say_which_column_to_declare(records):
    bare = records.with_tables(records.persons, records.contracts.drop("salaire"))
    with pytest.raises(FpiError, match="salaire"):
        wages_table(bare, ["84"])


def test_no_id_is_in_what_goes_out(records, tmp_path):
    shown = outcomes_table(counts(records), records.individus, by=["voie", "rentree"])
    release({"voies": shown}, tmp_path)
    out = "".join(path.read_text() for path in tmp_path.iterdir())
    ids = set(records.persons.select("id_personne").execute()["id_personne"])
    employers = set(records.contracts.select("employeur").execute()["employeur"])
    assert not [one for one in ids | employers if one in out]
