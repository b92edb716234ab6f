import warnings

import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.panel.identity import course_identity, latest_uai, options_of_bts, renovations
from fpi_eval.panel.matching import departement_of, filieres_of, with_kin
from fpi_eval.sources.nomenclatures import read_nomenclatures
from fpi_eval.sources.parcoursup_bts import read_parcoursup_bts
from fpi_eval.sources.uai_changes import read_uai_changes


def diplomes(*rows):
    """Rows: cfd, year of opening, old codes, new codes."""
    table = pd.DataFrame(
        {
            "cfd": [row[0] for row in rows],
            "niveau_diplome": [row[0][:3] for row in rows],
            "groupe_nsf": [row[0][3:6] for row in rows],
            "date_ouverture": pd.to_datetime([f"{row[1]}-09-01" for row in rows]),
        }
    )
    for i in range(7):
        for side, name in ((2, "ancien"), (3, "nouveau")):
            codes = [row[side][i] if i < len(row[side]) else None for row in rows]
            table[f"{name}_{i + 1}"] = pd.array(codes, dtype="str")
    return table


MEI = diplomes(
    ("40025001", 1998, [], ["40025007"]),
    ("40025007", 2005, ["40025001"], []),
    ("40025012", 2021, ["40025007"], []),
    ("50025001", 2000, [], []),
)


def test_a_chain_of_renovations_is_one_course_named_by_its_oldest_code():
    identity = course_identity(MEI).set_index("cfd")
    assert identity.loc[["40025001", "40025007", "40025012"], "course"].tolist() == ["40025001"] * 3
    assert identity.loc["40025012", "renovation"] == "1-1"
    assert identity.loc["50025001", ["course", "renovation"]].tolist() == ["50025001", "aucune"]


def test_a_later_renovation_does_not_change_the_course():
    later = pd.concat([MEI, diplomes(("40025019", 2026, ["40025012"], []))], ignore_index=True)
    before = course_identity(MEI).set_index("cfd")["course"]
    assert course_identity(later).set_index("cfd")["course"].loc[before.index].equals(before)


def test_splits_and_mergers_stay_apart_in_one_flagged_family():
    table = diplomes(
        ("40025507", 2005, [], ["40025513", "40025514"]),
        ("40025513", 2016, [], ["40025519"]),
        ("40025514", 2016, [], ["40025519"]),
        ("40025519", 2023, ["40025513", "40025514"], []),
    )
    identity = course_identity(table).set_index("cfd")
    assert identity["course"].tolist() == list(identity.index)
    assert set(identity["famille"]) == {"40025507"}
    both = "scission et fusion"
    assert identity["renovation"].tolist() == ["scission", both, both, "fusion"]
    assert set(renovations(table)["lien"]) == {"scission", "fusion"}


def test_a_diploma_of_another_type_is_another_course_but_the_renamed_certificate():
    table = diplomes(
        ("51025501", 1990, [], ["40025501"]), ("40025501", 2009, [], []),
        ("01025509", 2012, [], ["46125509"]), ("46125509", 2023, [], []),
    )  # fmt: skip
    course = course_identity(table).set_index("cfd")["course"]
    assert course["40025501"] == "40025501"
    assert course["46125509"] == "01025509"


def test_an_establishment_is_followed_to_its_latest_uai():
    changes = pd.DataFrame({"ancien_uai": ["A", "B"], "nouveau_uai": ["B", "C"]})
    assert latest_uai(pd.Series(["A", "B", "C", "D"]), changes).tolist() == ["C", "C", "C", "D"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert latest_uai(pd.Series(["A", "B"]), changes.iloc[:0]).tolist() == ["A", "B"]
    circle = pd.DataFrame({"ancien_uai": ["A", "B"], "nouveau_uai": ["B", "A"]})
    with pytest.raises(FpiError, match=r"uai_changements\.csv.*tournent en rond"):
        latest_uai(pd.Series(["A"]), circle)


def test_declared_changes_of_uai_are_checked(tmp_path):
    path = tmp_path / "uai_changements.csv"
    path.write_text("ancien_uai;nouvel_uai;rentree\n0010001W;0010006B;2021\n", encoding="utf-8")
    table = read_uai_changes(path).table
    assert latest_uai(pd.Series(["0010001W"]), table).tolist() == ["0010006B"]
    path.write_text("ancien_uai;nouvel_uai;rentree\n0010001W;0010001W;2021\n", encoding="utf-8")
    with pytest.raises(FpiError, match=r"ligne 2, colonne « ancien_uai », « nouvel_uai »"):
        read_uai_changes(path)


class Codes:
    """Nomenclatures of a few courses."""

    mef = pd.DataFrame(
        [("23810025007", "40025007", 3, 1), ("23820025007", "40025007", 3, 2),
         ("23830025007", "40025007", 3, 3), ("23810020006", "40020006", 3, 1),
         ("23830023102", "40023102", 3, 3), ("23830023207", "40023207", 3, 3),
         ("32211032612", "32032612", 2, 1), ("32221032613", "32032613", 2, 2),
         ("32221032614", "32032614", 2, 2), ("32111032613", "32032613", 1, 1),
         ("23811033001", "40033001", 3, 1)],
        columns=["mefstat11", "cfd", "duree", "annee"],
    ).assign(dispositif=lambda t: t["mefstat11"].str[:3])  # fmt: skip
    familles = pd.DataFrame(
        {"mefstat11_commun": ["23810020006"] * 2, "mefstat11": ["23830023102", "23830023207"]}
    )
    options_bts = pd.DataFrame({"cfd_commun": ["32032612"] * 2, "cfd": ["32032613", "32032614"]})


def test_a_common_first_year_of_bts_leads_to_its_options_in_equal_parts():
    links = options_of_bts(pd.Series(["32211032612", "23810020006", "32211032612"]), Codes())
    assert [tuple(row) for row in links.itertuples(index=False)] == [
        ("32211032612", "32032613", 0.5), ("32211032612", "32032614", 0.5),
    ]  # fmt: skip


def test_the_final_year_is_the_nomenclatures_not_a_character_of_the_code():
    class Odd(Codes):
        mef = Codes.mef.replace({"32221032613": "32291032613"})

    links = options_of_bts(pd.Series(["32211032612"]), Odd())
    assert links["cfd_terminale"].tolist() == ["32032614", "32032613"]  # sorted by final code


def test_a_filiere_comes_from_the_exception_then_the_group():
    table = pd.DataFrame({"cfd": ["A", "B", "C"], "groupe_nsf": ["250", "255", "312"]})
    industry = "reindustrialisation"
    declared = pd.DataFrame(
        {"code": ["250", "255", "B"], "filiere": [industry, industry, "numerique"]}
    )
    result = filieres_of(pd.Series(["A", "B", "C", "Z"]), table, declared)
    assert result["filiere"].tolist() == [industry, "numerique", "autre", "autre"]


def test_departements_of_corsica_and_overseas_and_of_no_uai():
    known = pd.DataFrame({"code_departement": ["001", "02A", "987"]})
    uai = pd.Series(["0010001W", "6200001X", "9840267T", "C752887F"])
    assert departement_of(uai, known).fillna("").tolist() == ["001", "02A", "987", ""]


@pytest.fixture(scope="module")
def real(donnees_reelles):
    return read_nomenclatures(donnees_reelles / "nomenclatures")


def test_real_renovations_of_the_three_filieres(real):
    identity = course_identity(real.diplomes).set_index("cfd")
    for chain in (["40025007", "40025012"], ["32025007", "32025010", "32025014"],
                  ["32020112", "32020116"], ["32022002", "32020115"]):  # fmt: skip
        assert len(set(identity.loc[chain, "course"])) == 1
    since = real.diplomes[
        (real.diplomes["date_ouverture"] >= "2018-01-01")
        & real.diplomes["niveau_diplome"].isin(["400", "320", "500", "450"])
    ]
    assert len(since) == 201  # SCHEMAS.md: 201 codes since 2018, 25 without predecessor
    assert (identity.loc[since["cfd"], "renovation"] == "aucune").sum() == 25


def test_real_common_first_years_are_shared_whole(real, donnees_reelles):
    table = read_parcoursup_bts(donnees_reelles / "orion/BTS_attractivite_capacite_2023.csv", 2023)
    parts = options_of_bts(table.table["mefstat11"], real).groupby("mefstat11")["part"].sum()
    assert len(parts) > 0
    assert parts.sub(1).abs().max() < 1e-12


def test_an_exception_holds_for_the_course_whatever_the_diploma_in_force():
    declared = pd.DataFrame(
        {"code": ["255", "32025516", "40025412"], "filiere": ["reindustrialisation", "numerique",
                                                             "autre"]}
    )  # fmt: skip
    identity = pd.DataFrame(
        {"cfd": ["32025510", "32025516", "32025521", "40025412", "40025500"],
         "course": ["32025510", "32025510", "32025510", "40025412", "40025500"]}
    )  # fmt: skip
    none = pd.DataFrame({"cfd": [], "cfd_commun": []}, dtype="str")
    found = with_kin(declared, identity, none).set_index("code")["filiere"]
    assert found["32025510"] == found["32025521"] == "numerique"
    assert found["255"] == "reindustrialisation"
    assert "40025500" not in found


def test_a_common_first_year_follows_its_options_only_when_they_all_agree():
    declared = pd.DataFrame({"code": ["A1", "A2", "B1"], "filiere": ["numerique"] * 3})
    options = pd.DataFrame(
        {"cfd": ["A1", "A2", "B1", "B2"], "cfd_commun": ["A0", "A0", "B0", "B0"]}
    )
    identity = pd.DataFrame({"cfd": ["A0", "B0"], "course": ["A0", "B0"]})
    found = with_kin(declared, identity, options).set_index("code")["filiere"]
    assert found["A0"] == "numerique"
    assert "B0" not in found
