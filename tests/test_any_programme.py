"""No code knows a programme, a region or a filière by name: it is all in its folder."""

import ast
import re
import shutil
import tomllib
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval import twin
from fpi_eval.disclosure import TOTAL
from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.regional import regional_change
from fpi_eval.indicators import compute, filieres
from fpi_eval.indicators.catalogue import TAUX_EMPLOI_6_MOIS
from fpi_eval.indicators.resemblance import _drawn
from fpi_eval.panel import emplois
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import insertion, places
from fpi_eval.report.published import counts, people, protection

ROOT = Path(__file__).parents[1]
CODE = sorted((ROOT / "fpi_eval").rglob("*.py"))
NAMES = re.compile(
    r"\baura\b|auvergne|fpi_aura|\batcf\b|(?<![\w.])84(?![\w.])|reindustrialisation|\bnumerique\b"
    r"|energie_decarbonee",
    re.IGNORECASE,
)
#: What may name them, and why.
ALLOWED = {
    "twin/geography.py": "every region of France, as the official geographic code lists them",
    "twin/courses.py": "a family of the simulated courses is called numerique",
    "twin/parameters.py": "exam success of 0.84",
}


def words_of(path):
    """Return the names and the texts of a module, docstrings and comments left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    notes = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in notes:
            yield str(node.value)
        elif isinstance(node, ast.Name | ast.arg | ast.keyword):
            yield str(getattr(node, "id", None) or node.arg)
        elif isinstance(node, ast.Attribute | ast.FunctionDef | ast.ClassDef):
            yield getattr(node, "attr", None) or node.name


def test_no_code_names_a_programme_a_region_or_a_filiere():
    named = {path.relative_to(ROOT / "fpi_eval").as_posix(): path for path in CODE}
    found = {
        name: words
        for name, path in named.items()
        if name not in ALLOWED and (words := [w for w in words_of(path) if NAMES.search(w)])
    }
    assert not found


# ── the twin of any programme ───────────────────────────────────────────────────────────────────

FPI = ROOT / "data" / "fpi_aura"
NORD = """
[territoire]
code_region = "32"
region = "Hauts-de-France"
academies = [{ code = "09", nom = "Lille" }, { code = "20", nom = "Amiens" }]
departements = [
    { code = "002", nom = "Aisne", academie = "20" },
    { code = "059", nom = "Nord", academie = "09" },
    { code = "060", nom = "Oise", academie = "20" },
    { code = "062", nom = "Pas-de-Calais", academie = "09" },
    { code = "080", nom = "Somme", academie = "20" },
]

"""
PARIS = """
[territoire]
code_region = "11"
region = "Île-de-France"
academies = [
    { code = "01", nom = "Paris" }, { code = "24", nom = "Créteil" },
    { code = "25", nom = "Versailles" },
]
departements = [
    { code = "075", nom = "Paris", academie = "01" },
    { code = "077", nom = "Seine-et-Marne", academie = "24" },
    { code = "078", nom = "Yvelines", academie = "25" },
    { code = "091", nom = "Essonne", academie = "25" },
    { code = "092", nom = "Hauts-de-Seine", academie = "25" },
    { code = "093", nom = "Seine-Saint-Denis", academie = "24" },
    { code = "094", nom = "Val-de-Marne", academie = "24" },
    { code = "095", nom = "Val-d'Oise", academie = "25" },
]

"""


def places_of(*territories):
    """Return one [territoire] section with the regions of several."""
    if len(territories) == 1:
        return territories[0]
    read = [tomllib.loads(t)["territoire"] for t in territories]
    codes = [t["code_region"] for t in read]
    lines = ["[territoire]", f"code_region = {codes}",
             f'region = "{" et ".join(t["region"] for t in read)}"']  # fmt: skip
    for name in ("academies", "departements"):
        rows = (
            "{ " + ", ".join(f'{k} = "{v}"' for k, v in row.items()) + " }"
            for t in read for row in t[name]
        )  # fmt: skip
        lines.append(f"{name} = [{', '.join(rows)}]")
    return "\n".join(lines) + "\n\n"


def programme_in(folder, *territories, filieres=None):
    """Write a programme of other regions, and of other filières: code → NSF groups."""
    folder.mkdir(parents=True)
    raw = (FPI / "programme.toml").read_text(encoding="utf-8")
    raw = re.sub(r"\[territoire\].*?(?=\[\[filieres\]\])", lambda _: places_of(*territories), raw,
                 flags=re.DOTALL)  # fmt: skip
    if filieres is None:
        shutil.copy2(FPI / "filieres.csv", folder)
    else:
        named = "".join(f'[[filieres]]\ncode = "{c}"\nlibelle = "{c.title()}"\n' for c in filieres)
        raw = re.sub(r"\[\[filieres\]\].*?(?=# Les sources)", lambda _: named + "\n", raw,
                     flags=re.DOTALL)  # fmt: skip
        raw = re.sub(r"\[jumeau\.familles\].*?(?=# ──)", "", raw, flags=re.DOTALL)
        rows = [f"{nsf};{nsf};{code};essai" for code, groups in filieres.items() for nsf in groups]
        (folder / "filieres.csv").write_text("\n".join(["code;libelle;filiere;motif", *rows]))
    (folder / "programme.toml").write_text(raw, encoding="utf-8")
    return load_programme(folder)


ONE = {"energie": ("227", "255")}
FIVE = {"energie": ("227", "255"), "usine": ("250", "251", "254"), "info": ("326",),
        "bois": ("234",), "route": ("311", "252")}  # fmt: skip


def test_the_twin_of_the_default_programme_is_what_it_was():
    drawn = twin.draw(twin.SMALL, 20240901, programme=load_programme(FPI))
    sums = drawn.panel[["entrants", "diplomes", "seats"]].sum()
    assert sums.tolist() == [
        387_822,
        270_610,
        6_766,
    ]
    register = drawn.openings.groupby("projet")["places_prevues"].sum()
    assert register.to_dict() == {"ATCF": 129, "FPI": 831}
    plain = twin.draw(twin.SMALL, 20240901)
    assert plain.panel.equals(drawn.panel)


@pytest.mark.parametrize(
    ("territories", "regions"),
    [((NORD,), {"32"}), ((PARIS,), {"11"}), ((NORD, PARIS), {"32", "11"})],
)
def test_the_twin_opens_seats_in_the_regions_of_the_programme(tmp_path, territories, regions):
    programme = programme_in(tmp_path / "essai", *territories)
    drawn = twin.draw(twin.SMALL, 1, programme=programme)
    opened = drawn.panel[drawn.panel["seats"] != 0]
    assert set(opened["code_region"]) <= regions
    assert set(drawn.cells.loc[drawn.cells["ici"], "code_region"]) == regions
    known = {d.code for d in programme.territoire.departements}
    assert set(opened["code_departement"]) <= known


@pytest.mark.parametrize("filieres", [ONE, FIVE], ids=["one", "five"])
def test_the_twin_draws_the_filieres_of_the_programme(tmp_path, filieres):
    programme = programme_in(tmp_path / "essai", NORD, filieres=filieres)
    drawn = twin.draw(twin.SMALL, 1, programme=programme)
    assert set(drawn.panel["filiere"]) == {*filieres, "autre"}
    assert set(drawn.openings["filiere"]) <= set(filieres)


def test_the_twin_before_the_first_opening_has_no_register_and_is_read(tmp_path):
    """The page on the twin draws 2022 of every programme, whenever it begins."""
    programme = programme_in(tmp_path / "essai", NORD).model_copy(update={"predecesseur": None})
    drawn = twin.draw(twin.SMALL, 1, programme=programme)
    first = drawn.openings["rentree"].min()
    twin.write_files(drawn, tmp_path / "avant", years=range(first - 2, first))
    year = fpi.load(programme, first - 1, tmp_path / "avant")
    assert len(year.capacites.table) > 0
    assert year.registre.empty
    twin.write_files(drawn, tmp_path / "des", years=range(first - 1, first + 1))
    assert len(fpi.load(programme, first, tmp_path / "des").registre) > 0


def test_a_simulated_family_that_does_not_exist_is_named(tmp_path):
    programme = programme_in(tmp_path / "essai", NORD)
    wrong = programme.jumeau.model_copy(update={"familles": {"soierie": "numerique"}})
    with pytest.raises(FpiError, match="soierie"):
        twin.simulated(programme.model_copy(update={"jumeau": wrong}))


def test_figures_of_another_region_are_refused(tmp_path):
    programme = programme_in(tmp_path / "essai", NORD)
    assert "emploi_industriel" not in emplois.reference(programme).index
    shutil.copy2(FPI / "reference.csv", programme.dossier)
    with pytest.raises(FpiError, match="trouvé « 84 », attendu la région du programme, 32"):
        emplois.reference(programme)


# ── other programmes on the real files ──────────────────────────────────────────────────────────

CASES = {
    "hauts_de_france_one_filiere": ((NORD,), ONE),
    "ile_de_france_five_filieres": ((PARIS,), FIVE),
    "two_regions_three_filieres": ((NORD, PARIS), None),
}


@pytest.fixture(scope="module", params=CASES, ids=CASES)
def annee(request, tmp_path_factory, donnees_reelles):
    territories, filieres = CASES[request.param]
    folder = tmp_path_factory.mktemp("programmes") / request.param
    return fpi.load(programme_in(folder, *territories, filieres=filieres), 2022, donnees_reelles)


def test_a_programme_without_sectors_has_none(tmp_path, annee_simulee):
    programme = programme_in(tmp_path / "essai", NORD)
    (programme.dossier / "secteurs.csv").unlink(missing_ok=True)
    found = fpi.Year(replace(annee_simulee.donnees, programme=programme)).secteurs
    assert list(found) == ["filiere", "na38", "na88", "libelle", "motif", "industrie"]
    assert found.empty


def test_real_places_of_the_programme_are_those_of_the_raw_files(annee):
    place = annee.programme.territoire
    raw = annee.donnees.table("affelnet")
    raw = raw[(raw["rentree"] == 2022) & raw["uai"].notna()]
    rows = annee.places
    own = rows[(rows["source"] == "affelnet") & (rows["rentree"] == 2022)]
    own = own[place.ici(own["code_region"])]
    known = {d.code for d in place.departements}
    assert set(own["uai"].str[:3]) == known
    keys = ["uai", "mefstat11"]
    alone = raw[~raw.duplicated(keys, keep=False)].rename(columns={"places": "brut"})
    both = own.merge(alone[[*keys, "brut"]], on=keys)
    assert len(both) > 0.9 * len(own) > 500
    assert both["places"].sum() == both["brut"].sum()
    seats = filieres.of_programme(annee, annee.places)
    mine = seats[seats["territoire"] == "region"]
    assert set(mine["filiere"]) == set(annee.programme.codes_filieres)


def test_the_real_cell_panel_opens_seats_only_in_the_programme(annee):
    cells = annee.cells
    opened = cells[cells["seats"] != 0]
    assert set(opened["code_region"]) == set(annee.programme.territoire.codes_regions)
    # A renovation may move a course to another NSF group, out of the filière of its old code.
    assert opened["filiere"].isin(annee.programme.codes_filieres).mean() > 0.8
    assert cells.loc[cells["autres_places"] != 0, "code_region"].nunique() > 8


def test_real_employment_and_the_change_of_the_region_are_told(annee):
    rows = filieres.of_programme(annee, annee.inserjeunes)
    rows = rows[rows["territoire"] == "region"]
    rates = compute(rows, TAUX_EMPLOI_6_MOIS, ["filiere", "voie", "millesime"])
    assert rates.loc[rates["n_rows"] > 0, "value"].between(0.05, 0.95).all()
    rows = annee.programme_regional
    found = regional_change(
        rows[rows["observe"] & (rows["voie"] == "scolaire")], "terminale",
        region=annee.programme.territoire.codes_regions,
    )  # fmt: skip
    count = rows.loc[annee.programme.territoire.ici(rows["code_region"])
                     & rows["observe"] & (rows["voie"] == "scolaire"), "terminale"]  # fmt: skip
    last = found.table.iloc[-1]
    assert 0 < last["observed"] <= count.sum()
    assert found.n_regions == 18 - len(annee.programme.territoire.codes_regions)


def test_a_departement_that_changed_its_code_is_one_on_the_map_and_in_the_table():
    """Mayotte is 985 in the schools' directory of old, 976 since: one name, one line."""
    facts = load_programme("atcf").territoire
    here = facts.departements[0]
    facts = facts.model_copy(
        update={"departements": (here, here.model_copy(update={"code": "985"}))}
    )
    programme = SimpleNamespace(territoire=facts, codes_filieres=("a", "b"), predecesseur=None)
    seats = pd.DataFrame(
        {"code_departement": [here.code, "985"], "filiere": ["a", "a"], "places": [24.0, 12.0],
         "rentree": 2022, "code_region": facts.codes_regions[0]}
    )  # fmt: skip
    opened = seats.rename(columns={"places": "places_ouvertes"})
    p = SimpleNamespace(
        donnees=SimpleNamespace(programme=programme, rentree=2022),
        capacites=SimpleNamespace(table=seats), registre=opened,
    )  # fmt: skip
    assert filieres.places_par_departement(p).to_numpy().tolist() == [[here.nom, 36.0, 0.0, 36.0]]
    drawn = filieres.places_sur_la_carte(p).to_numpy().tolist()
    assert drawn == [[here.code, here.nom, 36.0, 36.0]]
    p.donnees.rentree = 2023  # of which no file is: nothing is known to be 0
    late = filieres.places_par_departement(p)
    assert late[["a", "b", TOTAL]].isna().all(axis=None)
    assert not places.departements(late, "", SimpleNamespace(rentree=2023))
    p.donnees.rentree = 2022
    for table, name in ((seats, "places"), (opened, "places_ouvertes")):
        table[name] = float("nan")  # not told is not zero
    assert filieres.places_par_departement(p)["a"].isna().all()
    assert filieres.places_sur_la_carte(p)[["places", "ouvertes"]].isna().all(axis=None)


def test_pages_of_a_real_programme_name_its_region_and_its_filieres(annee):
    by_departement = filieres.places_par_departement(annee)
    drawn = str(places.departements(by_departement, "secondaire", annee.context).to_html())
    shaded = places.carte(filieres.places_sur_la_carte(annee), "secondaire", annee.context)
    assert shaded is not None
    assert {d.nom for d in annee.programme.territoire.departements} == set(
        shaded.table.frame["nom"]
    )
    moved = places.evolution(filieres.places_constantes(annee), annee.context).frame
    names = {filiere.libelle for filiere in annee.programme.filieres}
    assert all(name in drawn for name in names)
    assert set(moved["filiere"]) <= names
    assert annee.programme.territoire.region in set(moved["territoire"])


def test_a_real_course_has_one_quadrant_against_the_mean_of_all_the_programme_s_regions(annee):
    found = people.quadrants(annee).frame
    rows = annee.inserjeunes
    rows = rows[annee.programme.territoire.ici(rows["code_region"]) & (rows["voie"] == "scolaire")]
    last = found["millesime"].iloc[0].replace("-", "_")
    rows = rows[(rows["millesime"] == last) & rows["sortants"].notna()]
    assert not found.duplicated(["filiere", "course"]).any()
    known = rows.groupby("niveau_diplome")[["poursuite", "terminale"]].sum()
    means = found.dropna(subset="moyenne_poursuite").groupby("niveau_diplome")["moyenne_poursuite"]
    expected = known["poursuite"] / known["terminale"]
    assert means.nunique().eq(1).all()
    for level, mean in means.first().items():
        assert mean == pytest.approx(expected[level], abs=1e-3)


def test_what_the_publisher_hides_of_a_course_is_marked_beside_its_diploma_s_mean(annee_reelle):
    found = people.quadrants(annee_reelle)
    told = ["terminale", "sortants", "taux_emploi_6_mois", "taux_poursuite"]
    assert found.frame[told].isna().equals(found.hidden[told])
    assert found.frame.groupby("diplome")["moyenne_emploi"].nunique(dropna=False).eq(1).all()


MAYOTTE = """
[territoire]
code_region = "06"
region = "Mayotte"
academies = [{ code = "43", nom = "Mayotte" }]
departements = [{ code = "976", nom = "Mayotte", academie = "43" }]

"""


def test_a_region_of_which_files_say_nothing_has_an_employment_page_that_says_so(
    tmp_path, donnees_reelles
):
    annee = fpi.load(programme_in(tmp_path / "mayotte", MAYOTTE), 2022, donnees_reelles)
    place, known = annee.programme.territoire, people.emploi(annee)
    changes = fpi.impact.regional_changes(
        annee.programme_regional, tuple(insertion.OUTCOMES), region=place.codes_regions
    )
    said = insertion.reponse(known, changes, annee.context)
    assert said.startswith(insertion.NO_RATE)
    assert "Cet écart" not in said
    assert "au moins deux millésimes" in said
    assert insertion.taux(known, annee.context) == fpi.Absent(insertion.NO_RATE)
    assert insertion.mouvement(changes, annee.context) is changes
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nobody over nobody
        assert people.couverture(annee).startswith("Deux millésimes")


# ── the second programme shipped ────────────────────────────────────────────────────────────────

ATCF = ROOT / "data" / "atcf"


def test_atcf_states_what_is_public_and_says_what_is_not():
    atcf = load_programme(ATCF)
    assert (atcf.rentree_debut, atcf.cout.total) == (2022, 1.3e6)
    assert atcf.cout.minimum
    assert atcf.cout.subvention is None
    opened = [o for s in atcf.scenarios for o in s.ouvertures]
    assert {o.rentree for o in opened} == {2022}
    assert {o.secondaire + o.superieur for o in opened} == {129}
    assert atcf.codes_filieres == ("electronique", "cybersecurite", "numerique",
                                   "conduite_voyageurs")  # fmt: skip
    raw = (ATCF / "programme.toml").read_text(encoding="utf-8")
    assert raw.count("non publi") + raw.count("n'est publi") + raw.count("n'est pas publi") >= 5


def test_the_twin_of_atcf_opens_its_129_seats_in_2022():
    drawn = twin.draw(twin.SMALL, 20220901, programme=load_programme(ATCF))
    register = drawn.openings
    assert register["places_prevues"].sum() == 129
    assert set(register["rentree"]) == {2022}
    assert set(register["projet"]) == {"ATCF"}
    assert (register["subvention"] == 0).all()


def test_a_programme_that_names_diplomas_finds_its_filieres_in_the_simulated_files():
    annee = fpi.load(ATCF, 2023)
    opened = annee.cells[annee.cells["seats"] != 0]
    assert set(opened["filiere"]) <= set(annee.programme.codes_filieres)
    assert len(set(opened["filiere"])) > 1


def test_an_overseas_programme_has_no_simulated_data_and_is_told_so():
    ours = load_programme()
    place = ours.territoire.model_copy(update={"codes_regions": ("04",), "region": "La Réunion"})
    overseas = ours.model_copy(update={"territoire": place})
    with pytest.raises(FpiError, match=r"France métropolitaine.*--donnees"):
        twin.simulated(overseas)
    assert _drawn(overseas) == ours
    assert _drawn(ours) is ours


OF_ALL_FRANCE = ("filieres", "identity", "capacites", "inserjeunes", "resultats")
REGIONS = ["11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "94",
           "01", "02", "03", "04", "06"]  # fmt: skip


@pytest.mark.parametrize("code", REGIONS)
def test_the_counts_of_every_region_are_protected_from_the_real_files(annee_reelle, code):
    ours = annee_reelle.programme
    place = ours.territoire.model_copy(update={"codes_regions": (code,), "region": code})
    there = ours.model_copy(update={"territoire": place})
    p = fpi.Year(replace(annee_reelle.donnees, programme=there))
    vars(p).update({name: getattr(annee_reelle, name) for name in OF_ALL_FRANCE})  # read once
    for safe in (counts.voeux(p), counts.devenir(p)):
        assert safe is not None, f"région {code} : tableau laissé de côté"
        assert len(safe.frame) > 30
        protection.check(safe, protection.thresholds_of(p))
