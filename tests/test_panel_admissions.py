"""Women and men admitted on Parcoursup: by hand, in the panel, equal to the raw file."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval import twin
from fpi_eval.panel import admissions
from fpi_eval.panel import from_files as ff
from fpi_eval.panel.admissions import SEXES
from fpi_eval.programme import load_programme

PROGRAMME = load_programme("fpi_aura")


def files(uai_changes=(), **tables):
    """Return as much of a run's data as admissions read."""
    changes = pd.DataFrame(uai_changes, columns=["ancien_uai", "nouveau_uai"])
    options = pd.DataFrame({"cfd": ["32A1", "32A2"], "cfd_commun": "32A0"})
    return SimpleNamespace(
        a=lambda name: name in tables, table=lambda name: tables[name],
        changements_uai=changes, nomenclatures=SimpleNamespace(options_bts=options),
    )  # fmt: skip


def test_rows_of_a_cell_add_up_and_one_unknown_leaves_both_sexes_unknown():
    rows = pd.DataFrame(
        [("U", "a", 2024, 10.0, 3.0), ("U", "a", 2024, 5.0, 1.0), ("V", "a", 2024, 8.0, 0.0),
         ("V", "a", 2024, 6.0, np.nan), ("W", "b", 2024, np.nan, 2.0), ("W", "c", 2024, 9.0, 9.0),
         (None, "a", 2024, 7.0, 7.0), ("X", "ab", 2024, 4.0, 1.0)],
        columns=["uai", "specialite", "rentree", "admis", "admis_f"],
    )  # fmt: skip
    # Options 32A1 and 32A2 are one first year, 32A9 was 32A2 before its renovation; « ab » names
    # two courses; « c » is unmatched.
    links = pd.DataFrame(
        [("a", "32A1"), ("a", "32A9"), ("b", "32B0"), ("ab", "32A0"), ("ab", "32B0")],
        columns=["specialite", "cfd"],
    )
    identity = pd.DataFrame(
        {"cfd": ["32A0", "32A2", "32A9", "32B0"], "course": ["A", "A2", "A2", "B"]}
    )
    data = files([("V", "Y")])
    found = admissions.by_cell(rows, links, data, identity)
    by = found.set_index(["uai", "course"])[SEXES]
    assert list(found.columns) == admissions.COLUMNS
    assert by.loc[("U", "A")].tolist() == [4.0, 11.0]
    assert by.loc[[("Y", "A"), ("W", "B")]].isna().all().all()
    assert len(by) == 3


def test_a_session_in_two_files_is_read_once_from_the_portal():
    def session(year, n):
        return pd.DataFrame({"rentree": [year], "type_formation": "BTS", "a_distance": False,
                             "admis": n})  # fmt: skip

    both = pd.concat([session(2019, 1.0), session(2020, 2.0)])
    found = admissions.read(files(parcoursup=both, parcoursup_portail=session(2020, 3.0)))
    assert found.set_index("rentree")["admis"].to_dict() == {2019: 1.0, 2020: 3.0}
    assert admissions.read(files()).empty


@pytest.fixture(scope="module")
def drawn():
    return twin.draw(twin.SMALL, 77)


@pytest.fixture(scope="module")
def run(petit_jumeau_ecrit):
    return fpi.load(PROGRAMME, 2026, petit_jumeau_ecrit(77, range(2021, 2027)))


def test_the_panel_ends_with_admissions_of_bts_and_nothing_else_moves(run, tmp_path):
    with_them = ff.cell_panel(run).table
    assert [c for c in with_them if c not in (*SEXES, "tension")] == ff.COLUMNS
    for source in run.donnees.dossier.iterdir():
        if source.name != "parcoursup":
            (tmp_path / source.name).symlink_to(source)
    without = ff.cell_panel(fpi.load(PROGRAMME, 2026, tmp_path)).table
    pd.testing.assert_frame_equal(with_them.drop(columns=SEXES), without)
    known = with_them[SEXES].notna()
    assert (known["entrants_filles"] == known["entrants_garcons"]).all()
    rows = with_them[known["entrants_filles"]]
    assert set(rows["rentree"]) == set(range(2021, 2027))
    assert set(rows["niveau"]) == {"superieur"}
    assert set(rows["voie"]) == {"scolaire"}


def test_admissions_of_the_twin_are_its_entrants_that_had_asked(run, drawn):
    true = drawn.panel
    true = true[(true["niveau"] == "superieur") & (true["voie"] == "scolaire")]
    true = true[true["rentree"].between(2021, 2026)]
    expected = np.minimum(true["entrants"], true["voeux_1"]).groupby(true["rentree"]).sum()
    found = run.admissions.groupby("rentree")[SEXES].sum().sum(axis=1)
    assert found.to_dict() == expected.to_dict()


def test_real_admissions_by_sex_are_those_of_the_raw_file(donnees_reelles, annee_reelle):
    p = annee_reelle
    raw = pd.read_csv(
        donnees_reelles / "parcoursup" / "parcoursup_2018_2019_national_apinames.csv.gz", sep=";",
        dtype="str",
    )  # fmt: skip
    raw = raw[(raw["fili"] == "BTS") & (raw["cod_uai"] != "identifiant obsolète")]
    place = raw[["g_ea_lib_vx", "fil_lib_voe_acc", "detail_forma"]].fillna("").agg(" ".join, axis=1)
    raw = raw[~place.str.contains(r"CNED|[àa] distance\b|distanciel", case=False)]
    links = p.appariement_bts.links.merge(p.identity, on="cfd", how="left")
    code = p.filieres.set_index("code")["filiere"]
    links["filiere"] = links["cfd"].map(code).fillna(links["cfd"].str[3:6].map(code))
    wanted = links.loc[links["filiere"].isin(PROGRAMME.codes_filieres), "specialite"].unique()
    raw = raw[raw["fil_lib_voe_acc"].isin(wanted)][["acc_tot_f", "acc_tot"]].astype(float).sum()
    known = p.admissions
    declared = known["course"].map(code).fillna(known["course"].str[3:6].map(code))
    mine = known[declared.isin(PROGRAMME.codes_filieres)][SEXES].sum()
    assert mine["entrants_filles"] / mine.sum() == pytest.approx(
        raw["acc_tot_f"] / raw["acc_tot"], abs=0.002
    )
    assert mine.sum() == pytest.approx(raw["acc_tot"], rel=0.01)
