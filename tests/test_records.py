import gzip
import logging
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fpi_eval import twin
from fpi_eval.errors import FpiError
from fpi_eval.pinned import pinned
from fpi_eval.programme import Individus
from fpi_eval.twin.courses import cfd_at, mefstat11
from fpi_eval.twin.geography import departements

pytest.importorskip("ibis", reason="l'extra « individus » n'est pas installé")

from invented_records import generate
from records_csv import as_csv

from fpi_eval.records.bad_rows import examine
from fpi_eval.records.composition import with_groups
from fpi_eval.records.open import open_folder, open_records, regions_of, regions_table, run
from fpi_eval.records.panel import KEYS, counts, located
from fpi_eval.records.read import _from_name

YEARS = range(2024, 2032)
REGIONS = regions_table(departements())
COMMON = ["terminale", "diplomes", "sortants"]
EMPLOYED = [f"en_emploi_{k}_mois" for k in (6, 12, 18, 24)]
INDUSTRY = [f"en_emploi_industrie_region_{k}" for k in (6, 12, 18, 24)]


@cache
def drawn() -> twin.Twin:
    return twin.draw(replace(twin.SMALL, courses_taught=0.10), 7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    where = tmp_path_factory.mktemp("individus")
    twin.write_records(drawn(), where, years=YEARS)
    return where


@pytest.fixture(scope="module")
def counted(folder) -> pd.DataFrame:
    with open_folder(folder, Individus(), REGIONS) as records:
        return counts(records)


def keyed(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the twin's panel under the codes that its files carry."""
    cells = drawn().cells.set_index("cell", drop=False).loc[panel["cell"]].reset_index(drop=True)
    panel = panel.reset_index(drop=True)
    cfd = cfd_at(cells, panel["rentree"] - cells["duree"] + 1)
    length = np.where(cells["diplome"] == "bacpro", 3, cells["duree"])
    mef = mefstat11(cfd, cells["diplome"], pd.Series(length))
    apprenti = cells["voie"] == "apprentissage"
    return panel.assign(mefstat11=mef.mask(apprenti, ""), cfd=cfd.where(apprenti, ""))


def alike(counted: pd.DataFrame, panel: pd.DataFrame, names: list[str]) -> None:
    left = counted.fillna(dict.fromkeys(("mefstat11", "cfd"), "")).set_index(KEYS)[names]
    right = keyed(panel).groupby(KEYS)[names].sum()
    right = right[right["terminale"] > 0]
    pd.testing.assert_frame_equal(left.sort_index(), right.sort_index(), check_dtype=False,
                                  check_index_type=False)  # fmt: skip


def test_the_twin_is_recovered_exactly_by_counting_its_records(counted):
    panel = twin.with_industry(drawn())
    alike(counted, panel[panel["rentree"].isin(YEARS)], [*COMMON, *EMPLOYED, *INDUSTRY])


def test_the_truth_in_industry_is_what_the_programme_adds_and_removes(counted):
    """Records minus the pupils of the truth give a world without programme, cell by cell."""
    panel = twin.with_industry(drawn())
    truth = drawn().truth.cells
    rows = truth[truth["outcome"] == "industrie"]
    net = rows[["own", "displaced", "anticipated"]].sum(axis=1)
    net.index = pd.MultiIndex.from_frame(rows[["cell", "rentree"]])
    jobs = panel.set_index(["cell", "rentree"])
    without = jobs["en_emploi_industrie_region_6"] - net.reindex(jobs.index, fill_value=0.0)
    assert net.abs().sum() > 0
    assert (without >= 0).all()
    employed = truth[truth["outcome"] == "en_emploi_6_mois"]
    gone = employed[["own", "displaced", "anticipated"]].sum(axis=1)
    gone.index = pd.MultiIndex.from_frame(employed[["cell", "rentree"]])
    left = jobs["en_emploi_6_mois"] - gone.reindex(jobs.index, fill_value=0.0)
    assert (without <= left).all()


def test_residence_counts_people_in_industry_wherever_they_work(counted):
    # Some work in another region's industry; some live elsewhere: neither count holds the other.
    total = counted[["en_emploi_industrie_region_6", "en_emploi_industrie_residents_6"]].sum()
    assert total.iloc[0] != total.iloc[1]
    assert (counted["en_emploi_industrie_residents_6"] <= counted["en_emploi_6_mois"]).all()


def test_csv_files_give_the_same_counts_as_parquet(counted, tmp_path):
    as_csv(twin.write_records(drawn(), tmp_path, years=[2026]))
    with open_folder(tmp_path, Individus(), REGIONS) as records:
        found = counts(records)
    wanted = counted[counted["rentree"] == 2026].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, wanted)


def test_names_of_columns_and_files_are_declared(counted, tmp_path):
    twin.write_records(drawn(), tmp_path, years=[2026])
    for path in tmp_path.glob("*.parquet"):
        table = pd.read_parquet(path).rename(
            columns={"id_personne": "NUMERO", "debut": "DATE_DEBUT_CONTRAT_DATE"}
        )
        path.unlink()
        table.to_parquet(path.with_name(path.name.replace("contrats", "CT").upper()
                                        .replace(".PARQUET", ".parquet")
                                        .replace("SCOLAIRE", "scolaire")
                                        .replace("APPRENTISSAGE", "apprentissage")))  # fmt: skip
    declared = Individus(
        personnes="PERSONNES_{millesime}_{voie}", contrats="CT_{horizon}_{millesime}_{voie}",
        colonnes_personnes={"id_personne": "NUMERO"}, colonnes_contrats={"id_personne": "NUMERO"},
    )  # fmt: skip
    with open_folder(tmp_path, declared, REGIONS) as records:
        found = counts(records)
    wanted = counted[counted["rentree"] == 2026].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, wanted)


def written(tmp_path: Path, *people: list[dict]) -> None:
    """Write leavers of Lyon, June 2022, each with the given contracts: « abc » first."""
    person = {"millesime": "2021-2022", "mefstat11": "24731250101", "cfd": None,
              "voie": "scolaire", "commune_residence": "69123", "poursuite": 0,
              "diplome": 1}  # fmt: skip
    base = {"millesime": "2021-2022", "horizon": 6, "principal": 0,
            "debut": "2022-09-01", "fin": None, "nature": "CDD", "ape": "4711D",
            "commune": "69123", "public": 0}  # fmt: skip
    names = [{"id_personne": f"ab{chr(ord('c') + k)}"} for k in range(len(people))]
    persons = [one | {"uai": f"069{k:04}A"} | person for k, one in enumerate(names, 1)]
    pd.DataFrame(persons).to_csv(tmp_path / "p.csv", sep=";", index=False)
    rows = [one | base | c for one, held in zip(names, people, strict=True) for c in held]
    pd.DataFrame(rows).to_csv(tmp_path / "c.csv", sep=";", index=False)


def one_person(tmp_path: Path, contracts: list[dict], **individus) -> pd.Series:
    """Return the counts of one leaver with the given contracts."""
    written(tmp_path, contracts)
    with open_folder(tmp_path, Individus(personnes="p", contrats="c", **individus),
                     REGIONS) as records:  # fmt: skip
        return counts(records).iloc[0]


FACTORY = {"ape": "2562B"}


def test_a_declared_column_that_no_file_has_is_refused_and_not_passed_over(tmp_path):
    """A misspelt end of contract would make every contract run for ever."""
    with pytest.raises(FpiError, match=r"Corrigez « fin » dans \[individus.colonnes_contrats\]"):
        one_person(tmp_path, [FACTORY], colonnes_contrats={"fin": "DATE_FIN"})


#: Contracts of one person, then how many of that person work, and work in a factory of the region.
DAYS = [
    ([FACTORY], 1, 1),
    ([FACTORY | {"fin": "2023-01-14"}], 0, 0),  # over the day before
    ([FACTORY | {"fin": "2023-01-15"}], 1, 1),  # still running that day
    ([FACTORY | {"debut": "2023-01-16"}], 0, 0),  # not begun
    ([FACTORY | {"commune": "75112"}], 1, 0),  # another region
    ([FACTORY | {"commune": None}], 1, 0),
    ([FACTORY | {"ape": None}], 1, 0),
    ([FACTORY | {"ape": "4321A"}], 1, 0),  # construction is not industry
    ([FACTORY | {"ape": "3900Z"}], 1, 1),
    ([FACTORY, {"principal": 1}], 1, 0),  # the producer's main contract first
    ([FACTORY | {"nature": "CDI"}, {"fin": None}], 1, 1),  # then permanent
    ([FACTORY | {"fin": "2023-03-01"}, {"fin": "2023-06-01"}], 1, 0),  # then longest
    ([FACTORY | {"debut": "2022-08-01", "fin": "2023-03-01"},
      {"debut": "2022-08-02", "fin": "2023-03-02"}], 1, 1),  # then earliest
    ([FACTORY | {"debut": "2022-08-01", "fin": "9999-12-31"}, {"fin": None}], 1, 1),  # alike
]  # fmt: skip


def test_one_contract_a_day_and_what_it_counts_for(tmp_path):
    written(tmp_path, *(contracts for contracts, _, _ in DAYS))
    with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
        found = counts(records)  # one establishment each, in their order
    told = found[["en_emploi_6_mois", "en_emploi_industrie_region_6"]].to_numpy()
    for (contracts, *wanted), own in zip(DAYS, told.tolist(), strict=True):
        assert own == wanted, contracts


def test_where_nobody_at_all_is_at_work_the_horizon_is_not_told(tmp_path):
    assert np.isnan(one_person(tmp_path, [FACTORY | {"fin": "2023-01-14"}])["en_emploi_6_mois"])


@pytest.mark.parametrize(
    ("contract", "defaut"),
    [
        ({"fin": "31/08/2022"}, "date impossible"),  # over, and not open-ended
        ({"fin": "9999-99-99"}, "date impossible"),
        ({"fin": "2203-06-01"}, "date impossible"),
        ({"public": "oui"}, "code inconnu"),
        ({"principal": "O"}, "code inconnu"),
        ({"principal": "NaN"}, "code inconnu"),
        ({"principal": "0.5"}, "code inconnu"),
        ({"salaire": "1.850,50"}, "montant illisible"),
        ({"salaire": "inf"}, "montant illisible"),
        ({"salaire": "nan"}, "montant illisible"),
    ],
)
def test_what_is_written_and_cannot_be_read_is_a_fault_and_not_an_empty_cell(
    tmp_path, contract, defaut
):
    written(tmp_path, [FACTORY | contract])
    with open_folder(
        tmp_path, Individus(personnes="p", contrats="c", part_fautes=1.0), REGIONS
    ) as records:
        found = examine(records)[0].table
    assert found[["colonne", "defaut", "lignes"]].to_numpy().tolist() == [[*contract, defaut, 1]]


@pytest.mark.parametrize("wrong", [0.5, Decimal("0.5")])
def test_a_column_of_numbers_has_no_code_with_a_fraction(tmp_path, wrong):
    written(tmp_path, [FACTORY])
    people = pd.read_csv(tmp_path / "p.csv", sep=";", dtype="str")
    people.assign(poursuite=[wrong]).to_parquet(tmp_path / "q.parquet")
    declared = Individus(personnes="q", contrats="c", part_fautes=1.0)
    with open_folder(tmp_path, declared, REGIONS) as records:
        found = examine(records)[0].table
    assert found[["colonne", "defaut"]].to_numpy().tolist()[0] == ["poursuite", "code inconnu"]


@pytest.mark.parametrize(
    "contract", [{"salaire": "-12,5"}, {"fin": "9999-12-31"}, {"millesime": "2021_2022"}]
)
def test_what_is_written_in_another_way_is_no_fault(tmp_path, contract):
    assert one_person(tmp_path, [FACTORY | contract])["en_emploi_industrie_region_6"] == 1
    with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
        assert examine(records)[0].table.empty


def test_of_two_contracts_alike_one_employer_and_its_wage_are_read_whatever_their_order(tmp_path):
    two = [{"employeur": "b", "salaire": "1800,5"}, {"employeur": "a", "salaire": "2000"}]
    for contracts in (two, two[::-1]):
        written(tmp_path, contracts)
        with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
            found = run(located(records, 6)).iloc[0]
        assert found[["employeur", "salaire"]].tolist() == ["a", 2000]


def test_people_of_unknown_group_are_counted_apart(tmp_path):
    written(tmp_path, [FACTORY])
    path = tmp_path / "p.csv"
    one = pd.read_csv(path, sep=";", dtype="str")
    people = pd.concat([one] * 3).assign(
        id_personne=list("abc"), sexe=["F", "M", None], commune_residence=["69123", None, None]
    )
    people.to_csv(path, sep=";", index=False)
    with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
        found = with_groups(records, counts(records)).iloc[0]
    for count in ("terminale", "diplomes"):
        assert found[count] == 3
        assert (found[f"{count}_femmes"], found[f"{count}_femmes_connus"]) == (1, 2)
        assert (found[f"{count}_residents"], found[f"{count}_residents_connus"]) == (1, 1)


def test_public_jobs_may_be_left_out_for_one_scope_over_the_years(tmp_path):
    assert one_person(tmp_path, [FACTORY | {"public": 1}])["en_emploi_6_mois"] == 1
    found = one_person(tmp_path, [FACTORY | {"public": 1}], emplois_publics=False)
    assert np.isnan(found["en_emploi_6_mois"])


def test_public_jobs_cannot_be_left_out_where_no_column_tells_them(tmp_path):
    written(tmp_path, [FACTORY])
    path = tmp_path / "c.csv"
    pd.read_csv(path, sep=";").drop(columns="public").to_csv(path, sep=";", index=False)
    declared = Individus(personnes="p", contrats="c", emplois_publics=False)
    with pytest.raises(FpiError, match="quels contrats sont publics"):  # noqa: SIM117
        with open_folder(tmp_path, declared, REGIONS):
            pass


def test_a_student_who_goes_on_is_no_leaver_and_never_at_work(tmp_path):
    found = one_person(tmp_path, [FACTORY])
    assert found["sortants"] == 1
    path = tmp_path / "p.csv"
    path.write_text(path.read_text().replace(";0;1", ";1;1"))
    with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
        found = counts(records).iloc[0]
    assert (found["terminale"], found["sortants"]) == (1, 0)


@pytest.fixture
def spoiled(folder, tmp_path) -> Path:
    for path in folder.glob("*2026-2027_scolaire*"):
        table = pd.read_parquet(path)
        if path.name.startswith("personnes"):
            table.loc[0, "uai"] = "PAS UN UAI"
            table.loc[1, "voie"] = None
            table = pd.concat([table, table.iloc[[5]]])
        else:
            table.loc[0, "ape"] = "??"
            table.loc[1, "debut"] = pd.Timestamp("1912-01-01")
            table.loc[2, "fin"] = pd.Timestamp("1999-01-01")
            table.loc[3, "id_personne"] = "fedcba987654"
        table.to_parquet(tmp_path / path.name)
    return tmp_path


def test_faults_are_counted_by_column_and_their_rows_left_out(spoiled):
    with open_folder(spoiled, Individus(part_fautes=0.1), REGIONS) as records:
        faults, clean = examine(records)
        kept = counts(clean)["terminale"].sum()
        rows = int(records.persons.count().execute())
    table = faults.table.set_index(["fichier", "colonne", "defaut"])["lignes"]
    assert table["personnes", "uai", "code inconnu"] == 1
    assert table["personnes", "voie", "valeur vide"] == 1
    assert table["personnes", "id_personne", "écrit deux fois"] == 1
    assert table["contrats", "ape", "code inconnu"] == 4
    assert table["contrats", "debut", "date impossible"] == 4
    assert table["contrats", "fin", "fin avant le début"] >= 4
    assert table["contrats", "id_personne", "contrat sans personne"] >= 4
    assert kept == rows - 3


def test_too_many_faults_are_refused_without_naming_anybody(spoiled, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    with (
        open_folder(spoiled, Individus(part_fautes=0.0), REGIONS) as records,
        pytest.raises(FpiError, match="refusés") as caught,
    ):
        examine(records)
    ids = set()
    for path in spoiled.glob("*.parquet"):
        ids |= set(pd.read_parquet(path)["id_personne"])
    said = str(caught.value) + caplog.text + "".join(capsys.readouterr())
    assert not [one for one in ids if one in said]
    assert "colonne « ape »" in said


def test_an_engine_that_fails_quotes_nobody(tmp_path):
    written(tmp_path, [FACTORY])
    with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
        from fpi_eval.records.open import run

        wrong = records.persons.mutate(n=records.persons["id_personne"].cast("int64"))
        with pytest.raises(FpiError) as caught:
            run(wrong)
    assert "abc" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_malformed_file_quotes_nobody(tmp_path):
    written(tmp_path, [FACTORY])
    path = tmp_path / "c.csv"
    path.write_text(path.read_text() + 'secret123;"2021;x;y;z;;;;;;;;;;;;\n')
    with pytest.raises(FpiError) as caught:  # noqa: SIM117
        with open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS) as records:
            counts(records)
    assert "secret123" not in str(caught.value)


def test_a_file_without_header_shows_none_of_its_rows(tmp_path):
    written(tmp_path, [FACTORY])
    path = tmp_path / "p.csv"
    path.write_text(path.read_text().split("\n", 1)[1].replace("abc", "secret123"))
    with (
        pytest.raises(FpiError) as caught,
        open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS),
    ):
        pass
    assert "secret123" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda t: t.encode("utf-16"), "p.csv : ce n'est pas du texte en UTF-8"),
        (lambda t: t.encode() + "é".encode("cp1252"), "p.csv : ce n'est pas du texte en UTF-8"),
        (lambda t: gzip.compress(t.encode()), "fichier compressé"),
        (lambda _: b"", "p.csv, ligne 1 : aucun nom de colonne"),
        (lambda t: t.replace("voie", "POURSUITE", 1).encode(), "ligne 1, colonne « poursuite »"),
        (lambda _: b"secret123;secret123;x\n", "ligne 1 : un nom est écrit deux fois"),
    ],
)
def test_a_file_that_no_engine_can_read_is_named_with_what_to_do(tmp_path, damage, said):
    written(tmp_path, [FACTORY])
    path = tmp_path / "p.csv"
    path.write_bytes(damage(path.read_text()))
    with (
        pytest.raises(FpiError) as caught,
        open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS),
    ):
        pass
    assert said in str(caught.value)
    assert "secret123" not in str(caught.value)


def test_scratch_is_removed_even_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one_person_folder = tmp_path / "in"
    one_person_folder.mkdir()
    written(one_person_folder, [FACTORY])
    with (
        pytest.raises(RuntimeError),
        open_folder(one_person_folder, Individus(personnes="p", contrats="c"), REGIONS),
    ):
        raise RuntimeError
    assert not list(tmp_path.glob("fpi_individus_*"))


def test_an_absent_column_is_told_with_those_found(tmp_path):
    written(tmp_path, [FACTORY])
    path = tmp_path / "p.csv"
    path.write_text(path.read_text().replace("poursuite", "etudes"))
    with (
        pytest.raises(FpiError, match=r"poursuite.*absente") as caught,
        open_folder(tmp_path, Individus(personnes="p", contrats="c"), REGIONS),
    ):
        pass
    assert "etudes" in str(caught.value)


def test_a_sas_file_is_read_by_pieces_the_first_without_a_date(tmp_path, monkeypatch):
    pyreadstat = pytest.importorskip("pyreadstat")
    monkeypatch.setattr("fpi_eval.records.read.PIECE", 1)
    written(tmp_path, [FACTORY, {"fin": "2023-06-01"}])
    contracts = pd.read_csv(tmp_path / "c.csv", sep=";", dtype={"commune": str})
    contracts["fin"] = [None, date(2023, 6, 1)]
    pyreadstat.write_xport(contracts, str(tmp_path / "d.xpt"))
    table = pd.read_csv(tmp_path / "p.csv", sep=";", dtype={"commune_residence": str})
    short = {"id_personne": "ID", "commune_residence": "COM", "mefstat11": "MEF"}
    table = table.rename(columns=short).drop(columns="cfd").astype({"MEF": str})
    pyreadstat.write_xport(table, str(tmp_path / "q.xpt"))
    declared = Individus(personnes="q", contrats="d", colonnes_personnes=short)
    with open_folder(tmp_path, declared, REGIONS) as records:
        assert counts(records).iloc[0]["en_emploi_industrie_region_6"] == 1


def test_a_file_tells_its_millesime_by_its_name_alone(tmp_path):
    """A SAS file, whose copy has another name, and a Parquet folder, whose pieces have theirs."""
    pyreadstat = pytest.importorskip("pyreadstat")
    written(tmp_path, [FACTORY])
    table = pd.read_csv(tmp_path / "p.csv", sep=";", dtype=str).drop(columns=["millesime", "cfd"])
    short = {"id_personne": "ID", "commune_residence": "COM", "mefstat11": "MEF"}
    (tmp_path / "ids").mkdir()
    pyreadstat.write_xport(table.rename(columns=short), str(tmp_path / "ids" / "2021_2022.xpt"))
    (tmp_path / "d_2021_2022.parquet").mkdir()
    table.to_parquet(tmp_path / "d_2021_2022.parquet" / "part-0.parquet")
    for name, columns in (
        ("ids/{millesime}", short), ("d_{millesime}", {}), ("d_{millesime}*", {}),
    ):  # fmt: skip
        declared = Individus(personnes=name, contrats="c", colonnes_personnes=columns)
        with open_folder(tmp_path, declared, REGIONS) as records:
            found = counts(records)  # a folder, and not its pieces once more
        assert found[["rentree", "terminale"]].to_numpy().tolist() == [[2021, 1]], name


def test_a_name_under_windows_tells_its_millesime_too():
    import ibis

    table = ibis.memtable({"filename": [r"C:\centre\a\personnes_2021_2022.csv", "a/b.csv"]})
    said = _from_name(table, "a/personnes_{millesime}")["millesime"]
    assert table.mutate(m=said).execute()["m"].tolist() == ["2021_2022", ""]


def test_establishments_of_corsica_and_the_pacific_have_their_region():
    table = pd.DataFrame(
        {"code_departement": ["02A", "069", "988", "987"], "code_region": ["94", "84", "18", "17"]}
    )
    found = regions_table(table).set_index("uai")["region"]
    assert found.to_dict() == {"620": 94, "069": 84, "983": 18, "984": 17}


def test_the_regions_of_a_programme_are_one_place_of_work():
    """Someone of the Aisne at work in the Ardennes works in the industry of the two regions."""
    nomenclatures = SimpleNamespace(
        departements=pd.DataFrame(
            {"code_departement": ["002", "008", "075"], "code_region": ["32", "44", "11"]}
        )
    )

    def found(*codes):
        place = SimpleNamespace(codes_regions=codes)
        programme = SimpleNamespace(territoire=place)
        year = SimpleNamespace(
            programme=programme, donnees=SimpleNamespace(nomenclatures=nomenclatures)
        )
        return regions_of(year).set_index("uai")["region"].to_dict()

    assert found("32", "44") == {"002": 32, "008": 32, "075": 11}
    assert found("32") == {"002": 32, "008": 44, "075": 11}


def test_streamed_files_hold_the_counts_they_were_made_with(tmp_path):
    wanted = generate(tmp_path, 20_000, seed=3)
    with open_folder(tmp_path, Individus(), REGIONS) as records:
        found = counts(records)
    order = dict.fromkeys(("mefstat11", "cfd"), "")
    wanted = wanted.fillna(order).sort_values(KEYS, ignore_index=True, kind="stable")
    found = found[wanted.columns].fillna(order).sort_values(KEYS, ignore_index=True, kind="stable")
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


def test_within_a_run_individual_files_are_those_it_began_with(folder):
    of_a_year = [*folder.rglob("*2026-2027*")]  # persons, then contracts by horizon, of each voie
    assert len(of_a_year) == 10
    for path in of_a_year:
        with (
            pinned({path: "autre"}),
            pytest.raises(FpiError, match="a changé pendant"),
            open_folder(folder, Individus(), REGIONS) as records,
        ):
            counts(records)


def test_a_file_given_where_their_folder_is_meant_is_not_said_to_be_missing():
    with (
        pytest.raises(FpiError, match="c'est un fichier"),
        open_records(None, __file__, Individus()),
    ):
        pass
