"""What pages 01 to 08 say in words, read on small tables: sources, fields, counts, rounding."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from fpi_eval.absent import Absent
from fpi_eval.calendar import calendrier, first_leavers
from fpi_eval.disclosure import public
from fpi_eval.headline import Headline
from fpi_eval.headline.quantity import COUNTED, Quantity, Scope
from fpi_eval.impact.groups.dose_response import DoseResponse
from fpi_eval.impact.jobs.additional import AdditionalJobs
from fpi_eval.impact.jobs.graduates import scaled
from fpi_eval.impact.jobs.passage import ACROSS, OVER_TIME
from fpi_eval.panel.context import Context
from fpi_eval.panel.loading import credit
from fpi_eval.panel.regional_panel import ELSEWHERE, HERE
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import (
    couts,
    diplomes,
    donnees,
    emploi_en_plus,
    emploi_industriel,
    eventails,
    familles,
    insertion,
    jumeau,
    personnes,
    places,
    trajectoire,
)
from fpi_eval.results import Estimate, Estimates
from fpi_eval.rounding import UNTOLD
from fpi_eval.sheets import Column, Sheet

RULE = "erreurs groupées par établissement"


@pytest.fixture(scope="module")
def context():
    return Context(load_programme("fpi_aura"), 2026, True, credit(simulated=True))


def estimate(value, half):
    low, high = value - half, value + half
    return Estimate("terminale", "J", value, half / 2, low, high, 0.5, 100, 50, 20, 12, RULE)


def test_why_no_opening_is_known_is_the_date_before_the_file(context):
    lost = {"ouvertures": "aucun fichier"}
    early, late = (replace(context, rentree=y, absent=lost).no_openings for y in (2023, 2024))
    assert str(early).endswith("ses premières places ouvrent à la rentrée 2024.")
    assert not early.holder
    assert str(late) == "Le registre des ouvertures n'est pas dans le dossier."
    assert "aucune ouverture" in str(replace(context, rentree=2024).no_openings)


def test_a_programme_whose_seats_are_all_to_open_blames_no_file(context):
    register = pd.DataFrame({"places_ouvertes": [0.0, -4.0]})
    assert personnes.formes(None, register, context) == personnes.AUCUNE
    statuses = pd.DataFrame(columns=["statut", "ouvertures", "places"])
    assert places.rapprochement(register, statuses, context) == personnes.AUCUNE
    assert personnes.formes(None, register + 5, context) == personnes.SANS_CONSTAT


def test_departements_are_listed_by_name_under_their_whole(context):
    names = ["Ensemble", "Haute-Loire", "Ardèche", "Isère", "Ain"]
    rows = pd.DataFrame({"niveau": "Ensemble", "filiere": "Ensemble", "departement": names})
    rows = pd.concat([rows, rows.assign(niveau="Secondaire")], ignore_index=True)
    columns = [Column(name, name) for name in rows] + [Column("personnes", "Personnes", "effectif")]
    rows = rows.assign(personnes=[100, 1, 2, 3, 4] * 2, uai="Ensemble")
    found = Sheet("x", "Titre", public(rows), tuple(columns), "Registre", date(2026, 1, 1))
    shown = personnes.personnes(found, rows, context).frame
    assert [*shown["departement"]] == ["Ensemble", "Ain", "Ardèche", "Haute-Loire", "Isère"] * 2
    assert [*shown["personnes"]] == [100, 4, 2, 1, 3] * 2


def test_every_source_names_its_producer_and_whether_data_are_simulated(context):
    assert context.credited(*context.capacities) == f"Affelnet ; Parcoursup ; {context.credit}"
    alone = replace(context, simulated=False, absent={"affelnet": "aucun fichier"})
    assert alone.credited(*alone.capacities) == "Parcoursup ; calculs fpi_eval"
    rates = pd.DataFrame({"formation": ["BTS - Production"], "part_places": [0.9]})
    two = [replace(estimate(0.4, 0.2), label=ACROSS), replace(estimate(0.5, 0.3), label=OVER_TIME)]
    assert "L'autre comparaison" in insertion.passage_bts(rates, two[:1], context).note
    shown = insertion.passage_bts(rates, two, context)
    assert "L'autre comparaison" not in shown.note
    assert shown.source.endswith("données simulées (jumeau numérique de fpi_eval)")
    assert "connu pour une part des places : 90\u00a0% (BTS - Production)." in shown.note


def test_a_region_without_students_has_a_reason_and_no_empty_table(monkeypatch):
    rows = pd.DataFrame({"territoire": ["Autres régions"], "filiere": "Industrie"})
    monkeypatch.setattr(insertion, "show", lambda _: SimpleNamespace(frame=rows))
    said = insertion.terminale(SimpleNamespace(), SimpleNamespace(region="Mayotte"))
    assert isinstance(said, Absent)
    assert "aucun élève de dernière année de la région" in str(said)


def test_how_the_region_moved_names_what_moved_and_whose_seats_have_no_graduates(context):
    rows = pd.DataFrame(
        {
            "millesime": "2021-2022",
            "territoire": ["Auvergne-Rhône-Alpes", "Autres régions"],
            "voie": "Apprentissage",
            "filiere": "Ensemble",
            "niveau": "Ensemble",
            "sortants": [1214.0, 2066.0],
            "taux_emploi_6_mois": [0.7, 0.6],
            "taux_emploi_6_mois_bas": 0.5,
            "taux_emploi_6_mois_haut": 0.8,
        }
    )
    published = SimpleNamespace(frame=rows, note="")
    regions = [f"{k:02}" for k in range(13)]

    def change(size):
        placebos = pd.DataFrame({"2021_2022": [size, *[0.1] * 12]}, index=regions)
        return SimpleNamespace(
            placebos=placebos, table=pd.DataFrame({"period": ["2021_2022"], "change": [size]})
        )

    still, moved = (insertion.reponse(published, [change(n)], context) for n in (0.05, 0.3))
    assert "n'est pas un effet de FPI AURA, dont les places" in still
    assert "Ni le nombre d'élèves de dernière année ni celui des sortants en emploi" in still
    assert "Le nombre d'élèves de dernière année, ou celui des sortants en emploi, a" in moved
    assert moved.endswith("Toutes comparaisons réunies, le hasard seul le ferait 8 fois sur 100.")
    few = change(0.3)
    few.placebos = few.placebos[:9]
    said = insertion.reponse(published, [few], context)
    assert said.endswith("parmi 9 régions, même le plus grand écart n'est pas rare.")
    assert "Dans l'apprentissage, 70\u00a0% des 1\u202f214 sortants de la région" in still


def test_a_course_of_one_year_has_leavers_the_june_after_it_opens():
    register = pd.DataFrame({
        "cfd": ["40025101", "01025201", "50022101"], "rentree": 2024,
        "places_ouvertes": [12.0, 12.0, -5.0], "places_prevues": 12.0,
    })  # fmt: skip
    assert first_leavers(register) == 2025
    assert first_leavers(register[:1]) == 2027  # a bac pro
    assert first_leavers(register[:1].assign(cfd="99925101")) == 2025  # nothing tells its length
    assert first_leavers(register[2:]) is None  # a closure


@pytest.mark.parametrize(("first", "before"), [(2026, True), (2025, False), (None, False)])
def test_the_gap_is_said_to_be_no_effect_only_before_the_first_leavers(context, first, before):
    rows = pd.DataFrame({
        "millesime": "2024-2025", "territoire": ["Auvergne-Rhône-Alpes", "Autres régions"],
        "voie": "Apprentissage", "filiere": "Ensemble", "niveau": "Ensemble", "sortants": 100.0,
        "taux_emploi_6_mois": [0.7, 0.6],
    })  # fmt: skip
    published = SimpleNamespace(frame=rows, note="")
    said = insertion.reponse(published, Absent("Rien."), context, first)
    assert ("n'est pas un effet de FPI AURA" in said) == before


def test_people_of_establishments_are_not_told_where_their_seats_could_not_hold_them(context):
    """An interval of 60 people on each side says nothing of 50 seats, and enough of 70."""
    shown = []
    for seats in (50.0, 70.0):
        found = Estimates((replace(estimate(100.0, 60.0), seats=seats),) * 2)
        months = emploi_en_plus.HORIZONS
        jobs = AdditionalJobs(dict.fromkeys(months, found), dict.fromkeys(months, Absent("Rien.")))
        shown.append(set(emploi_en_plus.effets(jobs, context).shown["Personnes de plus"]))
    assert shown == [{UNTOLD}, {"+100"}]
    one = replace(estimate(0.4, 0.2), influence=pd.Series([0.1]))
    assert scaled(one, -50.0).seats == 50.0


@pytest.mark.parametrize(
    ("half", "seats", "said"),
    [
        (300.0, 500.0, "va de −200 à +400"),
        (40.0, 200.0, "100 personnes"),
        (40.0, 30.0, "va de +60 à +140"),
    ],
)
def test_people_at_work_are_those_of_named_seats_losses_of_neighbours_not_taken_off(
    half, seats, said
):
    sites = {emploi_en_plus.MAIN: [replace(estimate(100.0, half), seats=seats)]}
    found = SimpleNamespace(sites=sites)
    words = emploi_en_plus.phrase(found, Scope("ATCF et FPI AURA", "", "voie scolaire"))
    assert said in words
    assert words.endswith(
        "Champ : ATCF et FPI AURA, lycées professionnels, voie scolaire ; les pertes des "
        "formations voisines ne sont pas déduites."
    )


def test_an_opening_that_files_lack_is_defined_where_there_is_one(context):
    rows = {"statut": ["confirmée", "introuvable"], "motif": ["", "formation absente"]}
    rows = pd.DataFrame(rows | {"ouvertures": 1, "places": 9.0})
    for end, defined in ((1, False), (2, True)):
        shown = places.rapprochement(rows, rows[:end], context)
        assert ("Introuvable : le fichier de la rentrée n'a pas" in shown.note) == defined
        assert ("formation absente" in str(shown.shown["Ce que disent les fichiers"])) == defined


def test_a_count_has_the_digits_of_its_range_and_two_figures_without_one():
    """As on the page of projections, and in shares of jobs that are at most so much."""
    assert couts._people(SimpleNamespace(count=143.4, likely=(138.0, 148.0))) == 143
    assert couts._people(SimpleNamespace(count=143.4, likely=None)) == 140
    said = [emploi_industriel._at_most(share) for share in (0.0098, 0.021)]
    assert said == ["moins de 1\u00a0%", "au plus 2\u00a0%"]


def test_only_a_final_year_that_stands_in_is_said_to_lack_the_exam(context):
    said = {name: diplomes.resultat(context, name) for name in ("entrants", "terminale")}
    assert ["il reste l'examen" in words for words in said.values()] == [False, True]


def test_places_are_compared_with_other_regions_only_where_files_have_some(context):
    same = pd.DataFrame({
        "territoire": [HERE, ELSEWHERE], "rentree": 2026, "filiere": "numerique",
        "niveau": "secondaire", "voie": "scolaire", "places_avant": [100.0, 200.0],
        "places_apres": [103.0, 200.0],
    })  # fmt: skip
    both, alone, none = (
        places._observed(rows, context) for rows in (same, same[:1], same.assign(places_avant=0.0))
    )
    assert "dans la région ; ailleurs, elles n'ont pas varié." in both
    assert "ont augmenté de 3,0\u00a0% dans la région.\n\n" in alone
    less = places._observed(same.assign(places_apres=[103.0, 199.95]), context)
    assert "ailleurs, elles ont varié de moins de 0,1\u00a0%." in less
    assert none == "De 2025 à 2026, aucune formation de la région n'a de places à comparer."
    assert not places.evolution(same[:0], context)
    assert not places.derivees(same[:0], context)
    assert not donnees.changements(same[:0], context)
    assert not donnees.ecartees(same[:0], context).lacking


def test_a_share_says_which_departements_its_total_leaves_out(context):
    names = context.programme.codes_filieres
    rows = pd.DataFrame({"departement": ["Ain", "Isère", "Rhône"]})
    rows = rows.assign(**dict.fromkeys(names, 1.0), Total=[30.0, 70.0, None])
    made, known = (places.departements(some, "secondaire", context) for some in (rows, rows[:2]))
    share = "70\u00a0% des places d'entrée (secondaire)"
    assert made.titre.endswith(f"{share}, sans 1 département non connu")
    assert known.titre.endswith(share)


def test_a_single_departement_is_the_first_of_nothing(context):
    names = context.programme.codes_filieres
    rows = pd.DataFrame({"departement": ["La Réunion"], "Total": [30.0]})
    alone = places.departements(rows.assign(**dict.fromkeys(names, 1.0)), "secondaire", context)
    assert not alone
    assert not alone.lacking
    assert "n'a qu'un département" in alone.reason
    map_rows = pd.DataFrame({"code": ["974"], "nom": ["La Réunion"], "places": [30.0]})
    assert places.carte(map_rows, "secondaire", context) is None


def test_seats_all_in_one_departement_have_no_first_one(context):
    names = context.programme.territoire.noms_departements
    rows = pd.DataFrame({"code": [*names], "nom": [*names.values()], "places": 40.0})
    rows = rows.drop_duplicates("nom", ignore_index=True).assign(ouvertes=0.0)
    rows.loc[rows["nom"] == "Isère", "ouvertes"] = 171.0
    drawn = places.carte(rows, "secondaire", context).titre
    assert drawn.startswith("L'Isère, seul département pour les places ouvertes par")
    assert drawn.endswith(" : 171")
    rows.loc[rows["nom"] == "Rhône", "ouvertes"] = 9.0
    both = places.carte(rows, "secondaire", context).titre
    assert both.startswith("L'Isère, premier département")
    assert both.endswith(" : 171 sur 180")


@pytest.mark.parametrize(
    ("value", "said"), [(1.0, "1 personne y est entrée ("), (2.0, "2 personnes y sont entrées (")]
)
def test_one_person_entered(value, said):
    scope = Scope("FPI", "secondaire", "voie scolaire", annees="rentrée 2024")
    made = [
        Quantity(key, key, "personnes", COUNTED, scope, "x", date(2026, 1, 1), number)
        for key, number in (("entrees_2030", value), ("cible_2030", 90.0))
    ]
    assert places._entered(Headline(tuple(made), {})).startswith(said)


def test_a_title_takes_any_name_of_a_region(context):
    rows = pd.DataFrame({"source": ["affelnet"], "annee": ["2022"], "region": 1, "ailleurs": 2})
    named = f"Lignes utiles : {context.region}, et autres régions"
    assert donnees.territoires(rows, context).titre == named


def test_jobs_of_a_file_without_the_sectors_are_not_said_to_lack_a_file(context):
    assert "urssaf" in context.programme.sources
    none = pd.DataFrame()
    read, gone = (
        emploi_industriel.emploi_filieres(none, replace(context, absent=absent))
        for absent in ({}, {"urssaf": "aucun fichier"})
    )
    assert (read, gone) == (emploi_industriel.PARTIAL, emploi_industriel.NO_URSSAF)


def test_openings_without_a_length_have_no_calendar_and_it_is_said():
    empty = calendrier(pd.DataFrame({
        "rentree": [2024], "niveau": "secondaire", "cfd": "99999999", "places_ouvertes": 12.0,
        "places_prevues": 12.0, "voie": "scolaire",
    }))  # fmt: skip
    made = trajectoire.calendrier(SimpleNamespace(calendar=empty, without_length=1))
    assert made.reason.endswith("1 ouverture sans durée connue.")


def test_what_is_whole_or_not_declared_is_no_gap_of_the_report(context):
    whole = donnees.alertes(pd.DataFrame(), context)
    flux = SimpleNamespace(rows=lambda niveau: pd.Series([False]))
    main = SimpleNamespace(ahead=(), cibles=(), flux=flux)
    undeclared = eventails.niveaux(SimpleNamespace(main=main))
    assert not whole.lacking
    assert not undeclared.lacking


def test_outcomes_without_a_gross_effect_are_said_to_lack_it():
    brut = Absent("Rien de brut.")
    assert familles.famille(brut, SimpleNamespace(), "source") is brut


def test_files_that_nothing_links_and_that_hide_nothing_have_an_answer_too(context):
    files = pd.DataFrame({"lignes": [10]})
    hidden = pd.DataFrame(columns=["millesime", "voie", "lignes", "part_taux", "part_eleves"])
    links = pd.DataFrame(columns=["lien", "source", "annee", "lignes", "reliees", "part"])
    said = donnees.reponse(files, hidden, links, context)
    assert donnees.NO_RATE in said
    assert isinstance(donnees.masques(hidden, context), Absent)
    links.loc[0] = ["Code vers diplôme", "inserjeunes_region", "2018_2019", 9000, 8999, 8999 / 9000]
    said = donnees.reponse(files, hidden, links, context)
    assert "(InserJeunes, 2018-2019) : 8\u202f999 lignes sur 9\u202f000." in said
    links.loc[1] = ["Nom de BTS", "BTSA", "2019", 504, 65, 65 / 504]  # the table shows it too
    said = donnees.reponse(files, hidden, links, context)
    assert "« Nom de BTS » (BTSA, 2019) : 65 lignes sur 504." in said
    two = pd.DataFrame({"millesime": "2022_2023", "lignes": [30, 10], "part_taux": [0.2, 0.6]})
    assert "masque 30\u00a0% des taux" in donnees.reponse(files, two, links, context)


@pytest.mark.parametrize("first", [-2, 0])
def test_the_gap_before_is_told_before_any_effect_and_only_where_some_year_is_before(first):
    rows = pd.DataFrame({"rel_time": [first, 0, 1], "estimate": [0.07, 0.4, 0.5]})
    rows = rows.assign(ci_low=rows["estimate"] - 0.1, ci_high=rows["estimate"] + 0.1)
    rows = rows.drop_duplicates("rel_time", keep="last")
    made = diplomes.evenement(SimpleNamespace(table=rows, outcome="terminale"), "source")
    after = "de +0,40 à +0,50"
    assert made.titre == (
        f"L'écart vaut au plus 0,07 par place avant tout effet possible, {after} ensuite (élèves "
        "en dernière année)" if first < 0
        else f"L'écart par place va {after} (élèves en dernière année)"
    )  # fmt: skip
    assert "n. d." not in f"{made.titre}{made.alt}"


def test_classes_of_openings_are_as_many_as_the_table_shows():
    rows = pd.DataFrame({"label": ["12 places au plus", "plus de 12 à 24 places"]})
    rows = rows.assign(seats=12.0, n_cells=[9, 13], std_error=0.1, p_value=0.2)
    rows[["estimate", "ci_low", "ci_high", "whole", "increasing"]] = 0.5
    table = diplomes.tailles(DoseResponse("terminale", rows, 0.071), "source")
    assert "Classes coupées aux tiers des tailles" in table.note
    assert "rois" not in table.note  # two classes are kept here, the third was too small
    assert table.frame["increasing"].tolist() == [0.5, 0.5]


def test_a_class_too_uncertain_for_a_number_has_none_in_any_column():
    rows = pd.DataFrame({"label": ["12 places au plus", "plus de 12 à 24 places"]})
    rows = rows.assign(seats=12.0, n_cells=[9, 13], std_error=0.1, p_value=0.2)
    rows[["estimate", "whole", "increasing"]] = 0.5
    rows[["ci_low", "ci_high"]] = [[0.3, 0.7], [-1.0, 2.0]]
    frame = diplomes.tailles(DoseResponse("terminale", rows, 0.071), "source").frame
    assert frame["estimate"].tolist() == frame["whole"].tolist() == [0.5, UNTOLD]
    assert "increasing" not in frame  # each class borrows from the others


MOMENTS = [
    *(("places", "CAP", q, 12.0) for q in jumeau.QUANTILES),
    *(("places", "Bac pro", q, 27.5) for q in jumeau.QUANTILES),
    ("terminale", "CAP, apprentissage", "q10", 3.0),
    ("terminale", "CAP, apprentissage", "q50", 41.0),
    ("terminale", "CAP, apprentissage", "q90", 396.0),
    *(("taux_emploi_6_mois", "CAP, apprentissage", q, 0.52) for q in jumeau.QUANTILES),
    ("devenir", "CAP, apprentissage", "part_taux_caches", 0.44),
    ("variation_places", "CAP", "part_hausse", 0.08),
    ("variation_places", "CAP", "hausse_moyenne", 4.26),
    ("dynamique", "Bac pro, scolaire", "variation_1", 0.12),
    ("dynamique", "Bac pro, scolaire", "rapport_3", 1.8),
]


def twin_moments(rows):
    found = pd.DataFrame(rows, columns=["moment", "level", "statistic", "jumeau"])
    return found.assign(
        annee_jumeau=found["moment"].map({"places": "2022", "terminale": "2020-2021"})
    )


def test_the_twin_is_shown_in_percent_and_whole_counts_and_never_with_few_pupils(context):
    found = twin_moments(MOMENTS)
    drawn = jumeau.figure(found, context)
    shown = drawn.table.shown["Jumeau (simulé)"].tolist()
    assert [value.replace("\u00a0", " ") for value in shown] == [
        *3 * ["12"], *3 * ["28"], "moins de 5", "41", "396", *3 * ["52 %"], "44 %",
    ]  # fmt: skip
    assert "Places par formation, jumeau (simulé) : de 12 à 28." in drawn.alt
    assert drawn.alt.startswith("Un cadre par grandeur : médiane et déciles par diplôme, ou une ")
    real = found.assign(reel=found["jumeau"] * 0.8, annee_reel="2022-2023")
    beside = jumeau.figure(real, replace(context, simulated=False))
    assert beside.titre.startswith("Une médiane du jumeau sur deux est à 25\u00a0% ou moins de")
    assert beside.source == (
        "Affelnet, rentrée 2022-2023 ; InserJeunes, millésime 2022-2023 ; jumeau, données "
        "simulées : Affelnet, rentrée 2022 et InserJeunes, millésime 2020-2021 ; calculs fpi_eval"
    )
    both = pd.concat([real, real.head(1).assign(statistic="diplomes_distincts")])
    told = jumeau.reponse(both, replace(context, simulated=False))
    assert (
        "Les taux réels sont du millésime 2022-2023, ceux du jumeau du millésime 2020-2021" in told
    )
    same = both.assign(annee_reel=both["annee_jumeau"])
    assert "millésime" not in jumeau.reponse(same, replace(context, simulated=False))
    unknown = ("devenir", "CAP, apprentissage", "taux_emploi_12_mois", float("nan"), None)
    more = pd.concat([found, pd.DataFrame([unknown], columns=found.columns)], ignore_index=True)
    assert jumeau.tableau(more, context).shown.equals(jumeau.tableau(found, context).shown)
    assert drawn.source.count("jumeau") == 1
    cells = jumeau.tableau(found, context).shown.to_numpy().ravel()
    pupils = found.tail(1).assign(statistic="eleves", level="Bac pro, scolaire", reel=9.0)
    assert len(jumeau.limites(pupils).split("\n\n")) == 2  # no apprentice in the real files
    both = pd.concat([pupils, pupils.assign(level="Bac pro, apprentissage", reel=3.0)])
    assert "font 30\u00a0% de ceux" in jumeau.limites(both)
    values = {value.replace("\u00a0", " ") for value in cells}
    assert {"8 %", "4,3", "12 %", "1,8", "44 %"} <= values


@pytest.mark.parametrize(("ratio", "said"), [(1.8, True), (2.31, False), (2.5, False)])
def test_a_twin_that_varies_less_than_real_files_is_said_to_flatter_the_method(ratio, said):
    rows = [*MOMENTS[:-1], (*MOMENTS[-1][:3], ratio)]
    found = twin_moments(rows)
    assert ("plus précise qu'elle ne le serait" in jumeau.mouvements(found)) == said
