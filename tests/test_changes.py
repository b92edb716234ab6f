"""A number's change is split between the inputs that moved: exactly, in no order, hiding people."""

import hashlib
import itertools
import shutil
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fpi_eval.absent import Absent
from fpi_eval.disclosure import Thresholds
from fpi_eval.errors import FpiError
from fpi_eval.headline import of_effect, of_year
from fpi_eval.headline.change import REST, TOGETHER, Changes, change
from fpi_eval.headline.of_places import places
from fpi_eval.headline.quantity import COUNTED, DECLARED, ESTIMATED, Headline, Quantity, Scope
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.panel.two_years import DEFINITION, NEW, REGISTER, REVISED, two_years
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import changements as page
from fpi_eval.report.published import since_last
from fpi_eval.report.published.shown_quantities import write_quantities

CAUSES = (NEW, REVISED, REGISTER)
LESS = 6  # seats that the register no longer says were opened


def number(value, **changes):
    kept = {"key": "places", "label": "Places ouvertes", "unit": "places", "nature": COUNTED}
    more = {"scope": Scope("FPI"), "source": "registre", "as_of": date(2027, 1, 31)}
    return Quantity(**(kept | more | changes), value=value)


def crossed(taken):
    """Return seats × fill, and something that only shows with every input: nothing is separate."""
    seats = 100 + 60 * (NEW in taken) + 7 * (REGISTER in taken)
    fill = 1 - 0.25 * (REVISED in taken)
    return {"places": seats * fill + 11 * (len(taken) == len(CAUSES))}


@pytest.mark.parametrize("order", itertools.permutations(CAUSES))
def test_shares_add_up_to_the_change_and_depend_on_no_order(order):
    found = change(number(103.0), number(138.0), order, crossed)
    assert sum(found.parts.values()) == found.amount == 35
    assert found.parts == {NEW: 56, REVISED: -30, REGISTER: 10, REST: -1}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_alone_takes_the_whole_change(cause):
    def alone(taken):
        return {"places": 100.0 + 40.0 * (cause in taken)}

    found = change(number(100.0), number(140.0), CAUSES, alone)
    assert {name for name, part in found.parts.items() if part} == {cause}
    assert found.parts[cause] == found.amount == 40


def test_what_differs_from_the_number_published_then_is_the_code():
    found = change(number(90.0), number(140.0), (NEW,), lambda taken: {"places": 140.0})
    assert found.parts == {NEW: 0, REST: 50}


@pytest.mark.parametrize("nature", [COUNTED, ESTIMATED])
@pytest.mark.parametrize(("then", "now"), [(4.72, 6.12), (4.6, 6.4), (101.4, 102.6), (2.5, 3.5)])
def test_a_gap_is_that_of_the_two_numbers_as_they_are_shown(nature, then, now):
    before, after = (number(v, nature=nature, unit="élèves") for v in (then, now))
    found = change(before, after, (NEW,), lambda taken: {"places": now if taken else then})
    shown = [int(one.number) for one in (before, after)]
    assert found.amount == sum(found.parts.values()) == shown[1] - shown[0]


def test_a_dear_number_and_one_that_some_inputs_cannot_give_are_split_less():
    asked = []

    def some(taken):
        asked.append(taken)
        return {} if taken == {NEW} else crossed(taken)

    assert set(change(number(100.0), number(136.0), CAUSES, some).parts) == {TOGETHER, REST}
    asked.clear()
    assert change(number(100.0), number(136.0), CAUSES, some, ends=True).parts[TOGETHER] == 36
    assert set(asked) == {frozenset(), frozenset(CAUSES)}
    assert change(number(1.0), number(3.0), (NEW,), lambda _: {}).parts == {TOGETHER: 2}


def test_every_number_on_the_effect_can_be_computed_on_other_inputs(annee_simulee):
    found = of_year._effects(annee_simulee, "terminale")
    mine = {name for name in vars(of_effect) if name in DECLARED}
    assert mine == set(found)


def test_shares_of_people_are_in_tens_and_never_give_a_small_count_back():
    def people(taken):
        return {"places": 400.0 + 3 * (REVISED in taken) + 348 * (NEW in taken)}

    before, after = (number(v, unit="personnes") for v in (400.0, 751.0))
    found = change(before, after, CAUSES, people)
    assert found.parts == {NEW: 351, REVISED: 0, REGISTER: 0, REST: 0}


def test_shares_of_people_are_wider_where_the_programme_hides_larger_counts():
    def people(taken):
        return {"places": 400.0 + 12 * (REVISED in taken) + 348 * (NEW in taken)}

    pair = [number(v, unit="personnes") for v in (400.0, 760.0)]
    for minimum, share in ((5, 10), (10, 20)):
        limits = Thresholds(effectif_minimum=minimum)
        assert change(*pair, CAUSES, people, thresholds=limits).parts[REVISED] == share


def test_an_estimate_is_split_with_its_own_digits_and_its_margin_is_told():
    def effect(taken):
        return {"places": 42.4 + 5.5 * (NEW in taken)}

    before = number(42.4, low=5.0, high=80.0, unit="élèves", nature=ESTIMATED)
    after = number(47.9, low=10.0, high=86.0, unit="élèves", nature=ESTIMATED)
    found = change(before, after, (NEW,), effect)
    assert (found.amount, found.parts[NEW], found.within) == (10, 10, True)
    said = page.phrase(Changes((2025, 2026), (found,)), found)
    assert said == (
        "Places ouvertes : de 40 à 50 élèves (+10), parce qu'une rentrée de plus est connue. "
        "L'écart est dans la marge : les deux nombres peuvent n'en être qu'un."
    )


def test_the_answer_tells_what_moved_of_jobs_or_that_no_report_counts_them():
    def moved(key, unit, then, now, **ends):
        told = {"key": key, "label": key, "unit": unit, "nature": ESTIMATED}
        before, after = (number(value, **told, **ends) for value in (then, now))
        return change(before, after, (NEW,), lambda taken: {key: now if taken else then})

    seats = change(number(100.0), number(160.0), (NEW,), crossed)
    seats = replace(seats, after=replace(seats.after, key="places_ouvertes"))
    seen = moved("effet_decelable", "emplois", 130_000.0, 120_000.0)
    people = moved("industrie_100", "personnes", 40.0, 60.0, low=39.0, high=61.0)
    said = page.reponse(Changes((2025, 2026), (seats, seen, people)))
    first, *lines = said.replace("\u202f", "").split("\n\n")
    assert first == (
        "Depuis le rapport 2025-2026, 60 places ouvertes de plus ; le reste est dans la marge."
    )
    one = replace(seats, before=replace(seats.after, value=159.0))
    assert page._moved(one) == "1 place ouverte de plus"
    assert lines[2].startswith("effet_decelable : de 130000 à 120000 emplois (−10000), parce")
    assert "industrie_100 : de 40 à 60 personnes (+20), parce qu'une rentrée de plus" in said
    assert page.NO_JOBS not in said
    assert page.NO_JOBS in page.reponse(Changes((2025, 2026), (seats,)))
    assert page.NO_JOBS not in page.reponse(Changes((2025, 2026), (seats,), same=(seen.after,)))
    why = "Ces fichiers ne le permettent pas encore : un fichier d'alors manque."
    assert page.reponse(Absent(why)) == f"On ne sait pas encore ce qui a changé.\n\n{why}"


def test_numbers_that_came_or_went_are_told_even_where_none_moved():
    one = replace(number(100.0), key="effet_net", label="Pour 100 places")
    ahead = [
        replace(one, key=f"entrees_attendues_{name}", label="Entrées attendues",
                scope=Scope("FPI", annees=f"scénario « {name} »"))
        for name in ("lent", "plan")
    ]  # fmt: skip
    found = Changes((2025, 2026), (), gone=(one, ahead[0]), same=(ahead[1],))
    first, *lines = page.reponse(found).split("\n\n")
    assert first == "Aucun chiffre de la première page n'a changé depuis le rapport 2025-2026."
    assert lines == [
        page.NO_JOBS,
        page.EVERYWHERE,  # not the first page's alone
        "N'y sont plus : « Pour 100 places » ; « Entrées attendues, scénario « lent » ».",
        "Inchangés : « Entrées attendues, scénario « plan » ».",
    ]
    moved = change(ahead[1], replace(ahead[1], value=90.0), (), lambda _: {})
    first, last = page.phrases(Changes((2025, 2026), (moved,), gone=(ahead[0],))).split("\n")
    assert first.startswith("Entrées attendues, scénario « plan » : de 100 à 90")
    assert last == "N'y sont plus : « Entrées attendues, scénario « lent » »."


def test_a_scenario_that_no_longer_opens_as_many_seats_is_named_as_each_report_said_it():
    def ahead(value, scenario):
        years = f"d'ici 2030, scénario « {scenario} »"
        return number(value, unit="personnes", scope=Scope("FPI", annees=years))

    before, after = ahead(4900.0, "Plan : 600 places"), ahead(3500.0, "Aucune place")
    for old, named in ((before, "« Plan : 600 places », puis « Aucune place »"), (after, "")):
        moved = change(old, replace(after, value=3400.0), (), lambda _: {})
        said = page.phrase(Changes((2025, 2026), (moved,)), moved)
        assert said.startswith(f"Places ouvertes{f', scénario {named}' * bool(named)} : de ")


@pytest.fixture(scope="module")
def now(annee_simulee):
    return annee_simulee


@pytest.fixture(scope="module")
def kept(now, tmp_path_factory):
    """Return last year's files: other seats in its register, another constat, another target."""
    root = tmp_path_factory.mktemp("avant")
    files = shutil.copytree(simulated_folder(now.programme, 2026), root / "fichiers")
    source = now.programme.sources
    register = files / source["ouvertures"].fichier
    table = pd.read_csv(register, sep=";", dtype=str, keep_default_na=False)
    first = table.index[(table["projet"] != "ATCF") & (table["rentree"] == "2024")][0]
    table.loc[first, "places_ouvertes"] = str(int(table.loc[first, "places_ouvertes"]) + LESS)
    table.to_csv(register, sep=";", index=False)
    constat = files / source["constat"].fichier.format(rentree=2024)
    constat.write_bytes(constat.read_bytes().rsplit(b"\n", 2)[0] + b"\n")
    folder = shutil.copytree(now.programme.dossier, root / "data" / "fpi_aura")
    toml = folder / "programme.toml"
    toml.write_text(toml.read_text("utf-8").replace("personnes = 9000", "personnes = 8000"))
    return files, load_programme(folder)


def seats(year):
    return places(year)["places_ouvertes"].amount


def test_without_former_files_only_a_further_rentree_is_replaced(now):
    years = two_years(now, 2025)
    assert years.replaced == (NEW,)
    assert years.former is years.seen
    assert years.year(frozenset({NEW})) is now


def test_each_input_is_replaced_by_itself(now, kept):
    years = two_years(now, 2025, *kept)
    assert years.replaced == (NEW, REVISED, REGISTER, DEFINITION)
    before = seats(years.former)
    assert seats(years.year(frozenset({REVISED, DEFINITION}))) == before
    assert seats(years.year(frozenset({REGISTER}))) == before - LESS
    assert seats(years.year(frozenset({NEW}))) - LESS == seats(now)
    assert seats(years.year(frozenset({NEW, REGISTER}))) == seats(now)
    targets = [places(years.year(t))["cible_2030"].amount for t in (frozenset({NEW}), {DEFINITION})]
    assert targets == [8000, 9000]
    rows = {
        taken: len(years.year(frozenset(taken)).donnees.table("constat"))
        for taken in ((), (REVISED,), (NEW,), (NEW, REVISED))
    }
    later = rows[NEW,] - rows[()]
    assert rows[REVISED,] == rows[()] + 1
    assert rows[NEW, REVISED] == rows[()] + 1 + later == len(now.donnees.table("constat"))
    # What is kept on disk of one is never read for another.
    every = [frozenset(t) for n in range(4) for t in itertools.combinations(CAUSES, n)]
    assert len({years.year(taken).empreinte for taken in every}) == len(every)
    new, both = (years.year(frozenset(t)).cells["seats"].sum() for t in ({NEW}, {NEW, REGISTER}))
    assert new != both


def test_a_table_of_the_programme_is_its_definition_and_no_revised_file(now, tmp_path):
    folder = shutil.copytree(now.programme.dossier, tmp_path / "data" / "fpi_aura")
    table = folder / "filieres.csv"
    table.write_text(table.read_text("utf-8").replace("Industrie textile", "Textile"), "utf-8")
    former = load_programme(folder)
    assert two_years(now, 2025, programme=former).replaced == (NEW, DEFINITION)
    read = {name: "autre" * (name == "filieres.csv") for name in now.donnees.fichiers}
    years = two_years(now, 2025)
    assert since_last._unseparated(years, read) == (DEFINITION,)


def test_a_level_of_which_nobody_is_known_has_no_people_and_not_none(now, monkeypatch):
    rows = since_last.counts.en_places(now)
    for lost, known in ((["superieur"], True), (["superieur", "secondaire"], False)):
        people = rows["entrants_programme"].mask(rows["niveau"].isin(lost))
        told = rows.assign(entrants_programme=people)
        monkeypatch.setattr(since_last.counts, "en_places", lambda _, told=told: told)
        found = since_last._entered(now)
        assert (found is not None) == known
        if known:
            at = found.frame.set_index("cible")["realise"]
            assert at["secondaire"] == at["2030"] > 0
            assert np.isnan(at["superieur"])


def test_files_that_the_earlier_report_did_not_read_are_refused_by_name(now, kept, monkeypatch):
    read = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in now.donnees.fichiers.items()
    }
    report = since_last.EarlierReport(2025, Headline(), read)
    monkeypatch.setattr(since_last, "published", lambda *_: report)
    with pytest.raises(FpiError, match=r"orion.*2024.*ouvertures.csv.*--donnees-avant"):
        since_last.between_reports(now, 2025, kept[0])


def test_the_last_report_is_the_latest_earlier_one_even_from_before_the_programme(tmp_path):
    seen = SimpleNamespace(
        programme=SimpleNamespace(dossier=tmp_path / "data" / "essai", code="essai"),
        donnees=SimpleNamespace(simulees=False),
        rentree=2023,
    )
    seen.donnees.programme = seen.programme
    assert "Aucun rapport" in since_last.last_report(seen).reason
    for year in (2020, 2021, 2023):
        folder = tmp_path / "reports" / "essai" / str(year)
        folder.mkdir(parents=True)
        write_quantities(folder / "chiffres.json", Headline((), {"rentree": str(year)}))
    assert since_last.last_report(seen).rentree == 2021


@pytest.mark.parametrize(("simulated", "said"), [(True, "vrais fichiers"), (False, "simulées")])
def test_a_report_of_the_other_kind_of_files_is_not_said_to_be_missing(
    tmp_path, monkeypatch, simulated, said
):
    monkeypatch.setattr(since_last, "kept_file", lambda *_, simulated: tmp_path / str(simulated))
    (tmp_path / str(not simulated)).touch()
    asked = SimpleNamespace(programme=None, simulees=simulated)
    with pytest.raises(FpiError, match=f"2026 est fait de .*{said}"):
        since_last.published(asked, 2026)
