"""The first page answers in one look: few words, few numbers, nothing of the method."""

import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from test_headline import DAY, published
from test_report_html import EDITION, render

from fpi_eval.absent import Absent
from fpi_eval.checks import Evaluation
from fpi_eval.headline import in_chapters, of_effect
from fpi_eval.headline.change import compared
from fpi_eval.headline.first_page import LEVELS, as_number, expected, first_page, ranged
from fpi_eval.headline.quantity import (
    COUNTED,
    DECLARED_FIGURE,
    ESTIMATED,
    PROJECTED,
    Headline,
    Quantity,
    Scope,
)
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.jobs.exams import SUCCESS
from fpi_eval.impact.uncertainty import UNKNOWN
from fpi_eval.language import speaking
from fpi_eval.programme import Additionnalite
from fpi_eval.report.pages import chaine, diplomes, individus, insertion
from fpi_eval.report.published.shown_quantities import sheet
from fpi_eval.report.runner import every_report, translated
from fpi_eval.results import Estimate, Estimates

WORDS, NUMBERS = 220, 14
DATE = r"(janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre) \d+"
FORBIDDEN = (
    "valeur p", "bootstrap", "estimateur", "cellule", "jackknife", "degrés de liberté", "aléa",
    "effets fixes", "programme.toml", "fpi-eval", "notebook", "session", "panel", ".csv", "tirage",
    "intervalle", "placebo", "régression", "J (", "95 %",
)  # fmt: skip
NOTES = {"debut": "2024", "rentree": "2026", "verdict": "solide", "valide": "oui", "indices": "0",
         "resultat": "terminale"}  # fmt: skip
FPI = Scope("FPI")
BOTH = Scope("ATCF et FPI", "secondaire et supérieur", "voie scolaire")


def one(key, value, unit="personnes", nature=COUNTED, scope=FPI, **more):
    return Quantity(key, key, unit, nature, scope, "source", DAY, value, **more)


def against(code, level, done, wanted, due):
    return (
        one(f"entrees_{code}", done),
        one(f"cible_{code}", wanted, nature=DECLARED_FIGURE,
            scope=Scope("FPI", level, annees=f"échéance {due}")),
    )  # fmt: skip


def later(name, year):
    return one(f"a_venir_{name}", None, reason="pas encore.", known_on=date(year, 12, 1))


def effect(key, value, low, high):
    unit = "élèves de plus en dernière année"
    return one(key, value, unit, ESTIMATED, BOTH, low=low, high=high, level=0.95)


SEATS = (one("places_prevues", 831.0, "places"), one("places_ouvertes", 760.0, "places"),
         one("taux_realisation", 0.91, "%"))  # fmt: skip
PEOPLE = (
    *against("secondaire", "secondaire", 581.0, 2200.0, 2026),
    *against("superieur", "supérieur", 207.0, 1500.0, 2026),
    *against("2030", "", 788.0, 9000.0, 2030),
)
EFFECT = (effect("entrants_100", 52.5, 18.8, 86.3), effect("effet_brut", 53.0, 44.0, 66.0),
          effect("effet_net", 48.0, 10.0, 86.0))  # fmt: skip
AHEAD = (
    one("entrees_attendues_2030_plan", 2700.0, nature=PROJECTED, low=2300.0, high=3000.0),
    one("cout_place", 9993.0, "€", ESTIMATED),
    later("diplomes", 2027), later("en_emploi_6_mois", 2028), later("en_emploi_24_mois", 2030),
    one("industrie_100", None, reason="aucun fichier ouvert."),
)  # fmt: skip
FULL = (*SEATS, *PEOPLE, *EFFECT, *AHEAD)


def shown(folder, quantities, notes):
    """Return the first page of a report whose notebook published these quantities."""
    notebook = published(*quantities)
    data = notebook.cells[0].outputs[0].data
    next(v for k, v in data.items() if "chiffres" in k)["notes"] = notes
    made = render(folder / "2026", EDITION, {6: notebook.cells[0].outputs})
    return BeautifulSoup((made / "index.html").read_text(encoding="utf-8"), "html.parser")


def said(page):
    """Return the words of the first sheet, links to chapters left out."""
    return re.sub(r"[ \n]+", " ", page.select_one("article.une").get_text(" "))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return shown(tmp_path_factory.mktemp("une"), FULL, NOTES)


def test_the_first_page_has_few_words_and_few_numbers_and_none_of_the_method(page):
    for again in page.select("svg desc, svg.etroit"):  # the drawing's words, said once more
        again.extract()
    words = said(page)
    assert len(words.split()) <= WORDS
    undated = re.sub(rf"{DATE}|\(?\b20[23]\d\b\)?", "", words)
    assert len(re.findall(r"\d[\d\u202f\u00a0 ]*(?:,\d+)?", undated)) <= NUMBERS
    assert not [word for word in FORBIDDEN if word in words]


def test_three_questions_are_answered_on_the_first_page(page):
    words = said(page).replace("\u202f", "").replace("\u00a0", " ")
    assert "760 ouvertes sur 831 prévues" in words
    assert "788 sur 9000" in words
    assert "Les places ouvertes amènent davantage d’élèves" in page.h1.get_text()
    assert "50 élèves de plus en dernière année" in words
    assert "entre 10 et 85" in words
    assert "10000 € par place ouverte" in words


def test_what_is_not_shown_takes_the_place_of_no_date():
    soon = one("a_venir_terminale", None, reason="pas encore.", known_on=date(2026, 11, 1))
    dates = first_page(Headline((soon, *FULL), NOTES)).dates
    assert [day for day, _ in dates] == ["décembre 2027", "décembre 2028", "décembre 2030"]


def test_what_is_to_come_is_grey_and_dated_in_a_picture_that_is_also_words(page):
    svg = page.select_one(".chaine svg")
    assert svg["role"] == "img"
    assert "décembre 2027" in svg.get_text()
    assert len(svg.select("rect.futur")) == 3


WORLDS = [
    (EFFECT, {}, "amènent davantage d'élèves"),
    ((*EFFECT[:2], effect("effet_net", 48.0, -5.0, 99.0)), {}, "peut-être pris"),
    ((effect("effet_brut", 5.0, -9.0, 9.0), effect("effet_net", 1.0, -30.0, 30.0)), {}, "Aucun"),
    (EFFECT, {"verdict": "non concluant"}, "on ne peut pas encore dire ce qu'elles changent"),
    ((), {}, "on ne peut pas encore dire ce qu'elles changent"),
]  # fmt: skip


@pytest.mark.parametrize(("effects", "notes", "finding"), WORLDS)
def test_the_headline_is_no_stronger_than_the_proof(effects, notes, finding):
    found = first_page(Headline((*SEATS, *PEOPLE, *effects, *AHEAD), NOTES | notes))
    assert finding in found.finding
    assert ("seules" in found.verdict) == (finding in ("peut-être pris", "Aucun"))


@pytest.mark.parametrize("verdict", ["non concluant", "à lire avec prudence", "solide"])
def test_an_effect_whose_range_holds_a_loss_and_a_gain_is_a_range_and_no_number(tmp_path, verdict):
    vague = (*EFFECT[:2], effect("effet_net", 62.0, -190.0, 200.0))
    page = shown(tmp_path, (*SEATS, *PEOPLE, *vague, *AHEAD), NOTES | {"verdict": verdict})
    words = said(page).replace("\u202f", "").replace("\u00a0", " ")
    assert "Trop incertain pour un chiffre." in words
    assert "Entre −190 et 200 élèves de plus en dernière année" in words
    own = "Dans les formations ouvertes seules : 53, sans doute entre 44 et 66."
    assert (own in words) == (verdict != "non concluant")
    drawn = page.select_one(".chaine svg").get_text(" ").replace("\u00a0", " ")
    assert "trop incertain" in drawn
    assert "trop incertain (pas encore connu)" not in drawn
    assert "2027, FPI (pas encore connu)" in drawn
    assert not re.search(r"\b60\b", words)
    chapter = in_chapters.diplomes(Headline(vague, NOTES | {"verdict": verdict}))
    assert "pour 100 places ouvertes, entre −190 et 200 élèves de plus" in chapter
    titre = chaine.pour_100(Headline(vague, NOTES | {"verdict": verdict}), "Constat").titre
    assert "entre −190 et 200 une fois ôtées les pertes des voisines" in titre
    assert ("Pour 100 places, 53 élèves" in titre) == (verdict != "non concluant")


@pytest.mark.parametrize("end", [1.01, 1e9, float("inf")])
def test_a_range_wider_than_what_seats_can_hold_is_not_shown(tmp_path, monkeypatch, end):
    seen = Estimate("terminale", "J", 0.5, 1, -end, end, 1, 1, 1, 1, 1, "règle")
    monkeypatch.setattr(of_effect, "seats_scope", lambda _: BOTH)
    kept = replace(seen, ci_low=-0.9, ci_high=1.0)
    assert of_effect._measure(None, kept).low == -90
    closed = of_effect._measure(None, kept, -10.0)
    assert (closed.low, closed.high) == (-10, 9)
    net = one("effet_net", None, reason=of_effect._measure(None, seen).reason)
    page = shown(tmp_path, (*SEATS, *PEOPLE, *EFFECT[:2], net, *AHEAD), NOTES)
    words = said(page).replace("\u00a0", " ")
    assert "Trop incertain pour un chiffre." in words
    assert "Dans les formations ouvertes seules : 53" in words
    assert "trop incertain" in page.select_one(".chaine svg").get_text(" ")
    found = Headline((*EFFECT[:2], net), NOTES)
    assert list(every_report._shown(found))[-1] == "trop incertain"
    assert in_chapters.diplomes(found) == ""
    estimates = Estimates((replace(seen, label=GROSS), replace(seen, ci_low=0.4, ci_high=0.6)))
    told = diplomes.effets(estimates, "").frame
    assert told["estimate"].tolist() == ["trop incertain", 0.5]
    rungs = chaine.echelles({"Échelle": estimates}, SimpleNamespace(credit="")).frame
    assert rungs["estimate"].tolist() == ["trop incertain", 50]
    assert rungs["ci_low"].tolist() == [-100 * end, 40]  # the range is told
    two = (estimates[0], estimates[1])
    rates, credit = pd.DataFrame({"formation": [], "part_places": []}), SimpleNamespace(credit="")
    bts = [replace(e, label=label) for e, label in zip(two, insertion.PASSAGES, strict=True)]
    passed = insertion.passage_bts(rates, bts, credit).frame
    assert passed["estimate"].tolist() == ["trop incertain", 50]
    counted = [replace(e, label="Candidats, lycée") for e in two]
    success = [replace(e, label="Réussite, lycée", outcome=SUCCESS) for e in two]
    shown_exams = diplomes.examens(Estimates((*counted, *success)), "").shown
    assert shown_exams["Par place"].tolist()[:2] == ["trop incertain", "+0,50"]
    assert shown_exams["Par place"].tolist()[2:] == ["50\u00a0%", "50\u00a0%"]
    assert "borne vide" in diplomes.examens(Estimates(tuple(success)), "").note
    assert "borne vide" not in diplomes.examens(Estimates(tuple(counted)), "").note
    vague, low, high = individus._told(estimates[0])
    assert (vague, low < 0 < high) == ("trop incertain", True)
    assert individus._told(estimates[1]) == (50, 40, 60)


@pytest.mark.parametrize(
    ("verdict", "low", "high", "number"),
    [
        ("solide", 10.0, 86.0, True),
        ("solide", -86.0, -10.0, True),
        ("solide", -5.0, 99.0, False),
        ("solide", -9.0, 9.0, True),  # surely nothing that matters: within 10 for 100 seats
        ("à lire avec prudence", 10.0, 86.0, True),
        ("à lire avec prudence", -5.0, 99.0, False),
        ("non concluant", 10.0, 86.0, False),
    ],
)
def test_a_number_is_given_where_the_proof_concludes_and_the_range_tells(
    verdict, low, high, number
):
    found = Headline(SEATS, NOTES | {"verdict": verdict, "plus_petit_effet": "0.1"})
    assert as_number(found, effect("effet_net", (low + high) / 2, low, high)) == number


def test_a_number_that_the_first_page_does_not_give_is_on_no_page():
    quantities = (*EFFECT[:2], effect("effet_net", 31.0, -20.0, 82.0))
    found = ranged(Headline((*quantities, effect("effet_total", 300.0, -200.0, 700.0)), NOTES))
    assert [one.sure for one in found] == [True, True, False, False]
    net = found["effet_net"]
    assert "30" not in net.phrase
    assert net.phrase.startswith("effet_net : entre −20 et 80\u00a0élèves de plus")
    assert Quantity.of(net.as_dict()) == net
    figure = chaine.pour_100(found, "Constat")
    assert figure.table.frame["estimate"].tolist() == [55.0, 53.0, "trop incertain"]
    assert "+30" not in figure.svg
    rows = sheet(found).frame
    assert rows["valeur"].isna().tolist() == [False, False, True, True]
    assert rows["remarque"].iloc[-1] == "trop incertain pour un chiffre"
    assert compared(found, found) == [(one, one) for one in quantities[:2]]
    entrants = effect("entrants_100", 40.0, -20.0, 100.0)
    left = chaine.deductions(
        ranged(Headline((replace(entrants, unit="entrants de plus"),), NOTES)),
        Absent("hors sujet."),
        Additionnalite(),
    )
    assert "Aubaine de 0\u00a0% : entre −20 et 100 entrants de plus." in left


def test_a_loss_is_told_as_so_many_fewer_wherever_a_sentence_says_it():
    net = effect("effet_net", -40.0, -60.0, -20.0)
    found = ranged(Headline((*EFFECT[:2], net), NOTES))
    loss = "40\u00a0élèves de moins en dernière année, sans doute entre 20 et 60"
    assert loss in found["effet_net"].phrase
    assert in_chapters.diplomes(found) == f"Pour 100 places ouvertes, {loss}."
    assert first_page(found).effect.number == "40"
    figure = chaine.pour_100(found, "Constat")
    assert "40 élèves de moins en dernière année une fois ôtées les pertes" in figure.titre
    assert figure.table.frame["estimate"].tolist()[-1] == -40.0  # under « de plus », signed
    assert net.amount == -40.0
    with speaking("en"):
        said = replace(net, unit="more students").shown
    assert said == "40\u00a0fewer students, probably between 20 and 60"
    left = chaine.deductions(
        Headline((replace(net, key="entrants_100", unit="entrants de plus"),), NOTES),
        Absent("hors sujet."),
        Additionnalite(fuite=0.5, aubaine=0.402),
    )
    assert "Aubaine de 0\u00a0% : 20 entrants de moins (entre 10 et 30)." in left
    assert "Fuite hors de la région ou de l'industrie : 50\u00a0%. Déclaré sans source." in left
    assert "Aubaine déclarée : 40,2\u00a0%." in left
    assert "Aubaine de 40,2\u00a0% : 10 entrants de moins (entre 5 et 20)." in left
    both = effect("effet_net", -3.0, -9.0, 4.0)
    assert both.in_words is both


def test_solid_is_said_of_the_opened_courses_wherever_it_is_said():
    vague = Headline((*EFFECT[:2], effect("effet_net", 31.0, -20.0, 82.0)), NOTES)
    made = SimpleNamespace(verdict=SimpleNamespace(niveau="solide"))
    said = diplomes.reponse(made, vague)
    assert "méthode : solide (formations ouvertes seules)." in said
    assert first_page(vague).verdict == "solide (formations ouvertes seules)"
    assert "méthode : solide. Le" in diplomes.reponse(made, Headline(EFFECT, NOTES))


def test_an_effect_whose_shown_range_begins_at_zero_is_apart_from_zero_nowhere():
    found = Headline((effect("effet_net", 20.0, 0.4, 40.0),), NOTES)
    assert found["effet_net"].ends == (0, 40)
    assert in_chapters.diplomes(found).startswith("L'effet ne se distingue pas encore de zéro")
    assert "Aucun gain" in first_page(Headline((*SEATS, *PEOPLE, *found), NOTES)).finding
    lost = one("effet_net", -20.0, "élèves", ESTIMATED, BOTH, low=-40.0, high=-10.0)
    assert lost.beyond_zero
    for more in (PEOPLE, EFFECT[1:2]):  # whatever the opened courses gain
        said = first_page(Headline((*SEATS, *more, lost), NOTES)).finding
        assert said.startswith("Les places ouvertes font perdre des élèves")
    assert first_page(Headline((*SEATS, *EFFECT[1:2], lost), NOTES)).verdict == "solide"
    apart = (effect("effet_brut", -53.0, -66.0, -44.0), effect("effet_net", 30.0, -20.0, 80.0))
    said = first_page(Headline((*SEATS, *apart), NOTES)).finding
    assert said.startswith("Les formations ouvertes perdent des élèves.")


@pytest.mark.parametrize(
    ("low", "high", "finding"),
    [(-9.0, 9.0, "ne changent presque pas"), (-1.0, 18.0, "Aucun gain"), (2.0, 9.0, "amènent")],
)
def test_no_effect_is_said_where_the_range_holds_none_that_matters(low, high, finding):
    net = effect("effet_net", (low + high) / 2, low, high)
    found = Headline((*SEATS, net), NOTES | {"plus_petit_effet": "0.1"})
    page = first_page(found)
    assert finding in page.finding
    assert page.verdict == "solide" + " (formations ouvertes seules)" * (finding == "Aucun gain")


def test_why_neighbours_leave_the_effect_without_a_number_is_told_in_english_too():
    nothing = [float("nan")] * 5
    unknown = Estimate("terminale", "J", *nothing, 1, 1, 1, 1, UNKNOWN)
    reason = of_effect._measure(None, unknown).reason
    with speaking("en"):
        for words in (reason, reason[0].upper() + reason[1:]):
            assert "neighbouring courses are exposed" in translated.said(words)
    page = first_page(Headline((*SEATS, EFFECT[1], one("effet_net", None, reason=reason)), NOTES))
    assert page.untold == "Ce que perdent les formations voisines est inconnu."


def test_as_many_seats_closed_as_opened_have_no_effect_in_all():
    seen = Estimate("terminale", "J", 0.5, 0.1, 0.3, 0.7, 1, 1, 1, 1, 1, "règle")
    made = SimpleNamespace(blocked=False, seat_years=0.0, estimates={NET: seen})
    assert np.isnan(Evaluation.total(made).ci_low)
    found = of_effect.effet_total(DAY, None, made)
    assert found.reason.startswith("autant de places fermées qu'ouvertes")
    with speaking("en"):
        assert translated.said(found.reason).startswith("as many seats closed")


def test_a_finding_to_be_read_with_caution_is_said_to_be_confirmed():
    found = Headline(FULL, NOTES | {"verdict": "à lire avec prudence"})
    assert first_page(found).finding.startswith("À confirmer : les places ouvertes amènent")
    none = (*SEATS, effect("effet_net", 1.0, -30.0, 30.0))
    assert first_page(Headline(none, found.notes)).finding.startswith("Aucun gain")


def test_what_opened_courses_gain_is_said_where_the_effect_with_neighbours_is_too_uncertain():
    vague = one("effet_net", None, reason=of_effect.VAGUE)
    page = first_page(Headline((*SEATS, EFFECT[1], vague), NOTES))
    assert "peut-être pris aux formations voisines" in page.finding
    assert page.verdict == "solide (formations ouvertes seules)"
    assert any("Surveiller les formations voisines" in line for line in page.implied)
    unsure = first_page(Headline((*SEATS, EFFECT[1], vague), NOTES | {"verdict": LEVELS[0]}))
    assert not any("Surveiller" in line for line in unsure.implied)


REASONS = [
    ({"verdict": "non concluant", "bloque": "oui"}, "Un contrôle des données échoue"),
    ({"verdict": "non concluant", "bloque": "oui", "valide": "non"}, "Un contrôle des données"),
    ({"verdict": "on ne peut pas le savoir", "valide": ""}, "n'a pas pu être essayée"),
    ({"verdict": "non concluant", "valide": "non"}, "se trompe trop souvent"),
    ({"verdict": "non concluant", "valide": "oui"}, "Ni l'absence d'effet, ni un effet qui compte"),
    ({"verdict": "non concluant", "valide": "douteux"}, "Ni l'absence d'effet, ni"),
    ({"verdict": "à lire avec prudence", "indices": "1"}, "Un contrôle au moins fait douter"),
    ({"verdict": "à lire avec prudence", "valide": "douteux"}, "plus souvent qu'annoncé"),
    ({"verdict": "solide"}, "retrouve le plus souvent leur effet"),
]


@pytest.mark.parametrize(("notes", "words"), REASONS)
def test_the_reason_of_a_proof_is_what_was_measured(notes, words):
    found = first_page(Headline(SEATS, NOTES | notes))
    assert words in found.reason
    assert (found.untold == "Non donné.") == ("bloque" in notes)
    with speaking("en"):
        assert not re.search("[éèàç]", first_page(Headline((), NOTES | notes)).reason)


def test_a_chapter_concludes_no_more_than_the_first_page():
    for verdict, start in (
        ("solide", "Pour 100 places ouvertes, "),
        ("à lire avec prudence", "Pour 100 places ouvertes, "),
        ("non concluant", "On ne peut pas encore conclure : pour 100 places ouvertes, entre 10"),
        ("on ne peut pas le savoir", "On ne peut pas encore conclure : pour 100"),
    ):
        found = Headline(EFFECT, NOTES | {"verdict": verdict})
        assert in_chapters.diplomes(found).startswith(start)
        said = diplomes.reponse(SimpleNamespace(verdict=SimpleNamespace(niveau=verdict)), found)
        assert ("non à conclure" in said) == start.startswith("On ne peut pas")
        job = one("industrie_100", 12.0, "personnes de plus", ESTIMATED, BOTH, low=3.0, high=21.0)
        said = individus.reponse(
            SimpleNamespace(verdict=SimpleNamespace(niveau=verdict)),
            Headline((job,), {"verdict_industrie": verdict}),
        )
        assert ("On ne peut pas encore dire" in said) == start.startswith("On ne peut pas")


def test_a_target_is_said_out_of_reach_once_and_files_that_were_read_are_not_asked_for():
    short = [
        quantity
        for code, level in (("secondaire", "secondaire"), ("superieur", "supérieur"))
        for quantity in (
            *against(code, level, 10.0, 2200.0, 2026),
            one(f"entrees_attendues_{code}_plan", 700.0, nature=PROJECTED, low=600.0, high=800.0),
        )
    ]
    lost = one("industrie_100", None, reason=of_effect.VAGUE)
    page = first_page(Headline((*SEATS, *short, lost), NOTES | {"verdict_industrie": "solide"}))
    assert sum("revoir la cible de 2026" in line for line in page.implied) == 1
    assert not any("fichiers individuels" in line for line in page.implied)


def test_the_picture_and_the_card_tell_the_same_effect():
    for verdict, told in (("solide", True), ("non concluant", False)):
        page = first_page(Headline(FULL, NOTES | {"verdict": verdict}))
        drawn = {step.words: step.known for step in page.chain}
        assert page.told == drawn["De plus en dernière année"] == drawn["Entrants de plus"] == told


def test_a_programme_that_has_not_begun_or_has_no_register_says_so_first():
    notes = NOTES | {"rentree": "2022"}
    early = first_page(Headline((), notes))
    assert early.finding.startswith("Le programme n'a pas commencé")
    assert "2024" in early.finding
    assert early.none == "Aucune avant la rentrée 2024."
    assert early.untold == "Rien à mesurer avant la rentrée 2024."
    unsaid = first_page(Headline(SEATS[:1], NOTES))
    assert unsaid.missing == unsaid.none == unsaid.untold
    assert unsaid.missing == "Le registre ne dit pas encore combien de places ont ouvert."
    assert "au registre" in unsaid.implied[0]
    assert first_page(Headline(SEATS, NOTES)).none.startswith("Les cibles comptent des diplômés")
    none = (SEATS[0], replace(SEATS[1], value=0.0))
    assert first_page(Headline(none, NOTES)).finding.startswith("Aucune place")
    waiting = first_page(Headline(none, NOTES | {"sans_reponse": "40.0"}))
    assert waiting.finding.startswith("On ne sait pas combien")  # no answer is not none
    some = Headline(SEATS, NOTES | {"sans_reponse": "40"})
    assert first_page(some).unsaid == (
        "Pour 40 places prévues, le registre ne dit pas encore ce qui a ouvert."
    )
    assert in_chapters.places(some).endswith(first_page(some).unsaid)
    one = first_page(Headline(SEATS, NOTES | {"sans_reponse": "1.0"}))
    assert one.unsaid.startswith("Pour 1 place prévue, ")
    without = first_page(Headline((), NOTES))
    assert "ne contient pas le registre" in without.missing
    assert without.none == without.untold == "Inconnu sans le registre des ouvertures."


def test_a_target_out_of_reach_is_said_to_be_and_records_are_asked_for_until_they_are_there(
    tmp_path,
):
    other = (*against("2030_bis", "", 788.0, 9500.0, 2030),
             one("entrees_attendues_2030_bis_plan", 9600.0, nature=PROJECTED, low=9100.0,
                 high=9900.0))  # fmt: skip
    both = Headline((*other, *FULL), NOTES)
    assert any("revoir la cible de 2030" in line for line in first_page(both).implied)
    assert [q.amount for q in expected(both, both["cible_2030"])] == [2700.0]
    lines = first_page(Headline(FULL, NOTES)).implied
    assert len(lines) <= 3
    assert any("revoir la cible de 2030" in line for line in lines)
    for years, said in (
        ("2026 2026", "les cibles de 2026, échues"),
        ("2026", "cible de 2026, échue"),
    ):
        late = first_page(Headline(FULL, NOTES | {"cibles_manquees": years})).implied
        assert late[0].endswith(f"{said}.")
        assert any("revoir la cible de 2030" in line for line in late)
    job = one("industrie_100", 12.0, "personnes de plus", ESTIMATED, BOTH, low=3.0, high=21.0)
    unsure = first_page(Headline((*FULL[:-1], job), NOTES | {"verdict_industrie": "non concluant"}))
    assert unsure.job is None
    assert unsure.chain[-1].shown == "trop tôt pour le dire"
    found = first_page(Headline((*FULL[:-1], job), NOTES | {"verdict_industrie": "solide"}))
    assert found.job == job
    assert (found.told, found.own, found.chain[-1].shown) == (True, None, "12")
    assert (found.job_proof, unsure.job_proof) == ("solide", "")
    apart = NOTES | {"verdict": "non concluant", "verdict_industrie": "à lire avec prudence"}
    alone = first_page(Headline((*FULL[:-1], job), apart))
    assert alone.finding == (
        "À confirmer : les places ouvertes amènent davantage de personnes dans l'industrie de la "
        "région."
    )
    assert (alone.proof, alone.job_proof) == (1, "à lire avec prudence")
    both = one("industrie_100", 15.0, "personnes de plus", ESTIMATED, BOTH, low=-10.0, high=30.0)
    vague = first_page(Headline((*FULL[:-1], both), NOTES | {"verdict_industrie": "solide"}))
    assert (vague.told, vague.chain[-1].shown) == (False, "trop incertain")
    assert vague.finding.endswith("jusqu'en dernière année.")
    assert vague.job_proof == "solide (formations ouvertes seules)"
    drawn = (
        shown(tmp_path, (*FULL[:-1], both), NOTES | {"verdict_industrie": "solide"})
        .get_text()
        .replace("\u00a0", " ")
    )
    assert "Preuve de ce chiffre" not in drawn  # there is none
    assert "Preuve : solide (formations ouvertes seules)." in drawn
    assert not any("fichiers individuels" in line for line in found.implied)
