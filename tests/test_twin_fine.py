"""InserJeunes by lycée and course, simulated: by hand, then against what the twin knows."""

from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd
import pytest

from fpi_eval.panel.loading import load
from fpi_eval.programme import load_programme
from fpi_eval.sources.known_sources import discover, source
from fpi_eval.twin import SMALL, draw
from fpi_eval.twin.courses import mefstat11
from fpi_eval.twin.files.fine import write_fine

NAME = "fr-en-inserjeunes-lycee_pro-formation-fine"
PARTS = ["part_en_poursuite_d_etudes", "part_en_emploi_6_mois_apres_la_sortie",
         "part_des_autres_situations"]  # fmt: skip
RATES = ["taux_emploi_6_mois", "taux_emploi_12_mois", "taux_emploi_18_mois", "taux_emploi_24_mois"]
COUNTED = ("terminale", "sortants", *(f"en_emploi_{m}_mois" for m in (6, 12, 18, 24)))
MILLESIMES = [(year, year + 1) for year in range(2018, 2025)]


def cohort(rentree, counts, **given):
    """Return one cell at one rentrée: final year, leavers, employed at 6, 12, 18 and 24 months."""
    cell = {
        "cell": 1, "uai": "0010001A", "etablissement": "Lycée A", "type": "LP", "voie": "scolaire",
        "code_region": "84", "diplome": "bacpro", "duree": 2, "libelle": "BAC PRO mode option 1",
        "cfd_sortie": "40024260", "option_a": None, "option_b": None, "rentree": rentree,
        "rentree_renovation": np.nan,
    } | given  # fmt: skip
    return cell | dict(zip(COUNTED, map(float, counts), strict=True))


def written(folder, *cohorts, millesimes=((2021, 2022), (2022, 2023))):
    """Return what the file says of these cohorts, in the first millésime."""
    table = pd.DataFrame(cohorts)
    rows = {year: part.reset_index(drop=True) for year, part in table.groupby("rentree")}
    path = write_fine(rows, list(millesimes), 2024, folder)
    out = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return out[out["annee"] == f"cumul {millesimes[0][0]}-{millesimes[0][1]}"]


def test_two_cohorts_are_added_then_rounded_to_the_percent(tmp_path):
    pair = cohort(2020, (24, 12, 5, 6, 7, 8)), cohort(2021, (16, 8, 4, 5, 6, 7))
    row = written(tmp_path, *pair).iloc[0]
    # 40 pupils: 20 stay, 9 at work (22.5 %), 11 neither (27.5 %); 20 leavers, 9 at work.
    assert row[PARTS].tolist() == ["50", "23", "28"]
    assert row["taux_poursuite_etudes"] == "50"
    assert row[RATES].tolist() == ["45", "55", "65", "75"]
    assert row["code_formation_mefstat11"] == "23830024260"  # third year, the last of a bac pro
    assert row[["type_diplome", "libelle_formation", "duree_formation", "region"]].tolist() == [
        "BAC PRO", "mode option 1", "3", "AUVERGNE-RHONE-ALPES",
    ]  # fmt: skip


def test_parts_are_hidden_under_twenty_pupils_and_rates_under_twenty_leavers(tmp_path):
    rows = written(
        tmp_path,
        cohort(2020, (10, 10, 4, 5, 6, 7)), cohort(2021, (10, 9, 4, 5, 6, 7)),
        cohort(2020, (9, 9, 4, 5, 6, 7), uai="0010002B"),
        cohort(2021, (10, 10, 4, 5, 6, 7), uai="0010002B"),
    )  # fmt: skip
    assert rows["uai"].tolist() == ["0010001A", "0010002B"]
    assert (rows[PARTS] != "").all(axis=1).tolist() == [True, False]
    assert (rows[[*PARTS, "taux_poursuite_etudes"]].iloc[1] == "").all()
    assert (rows[RATES] == "").all().all()


def test_the_last_millesime_is_blank_at_18_and_24_months(tmp_path):
    pair = cohort(2020, (24, 24, 5, 6, 7, 8)), cohort(2021, (16, 16, 4, 5, 6, 7))
    row = written(tmp_path, *pair, millesimes=[(2021, 2022)]).iloc[0]
    assert (row[RATES] == "").tolist() == [False, False, True, True]


def test_apprentices_and_their_training_centres_are_left_out(tmp_path):
    counts = (30, 30, 5, 6, 7, 8)
    rows = written(
        tmp_path,
        cohort(2021, counts), cohort(2021, counts, voie="apprentissage"),
        cohort(2021, counts, voie="apprentissage", type="CFA", uai="0010003C"),
        cohort(2021, counts, type="LGT", uai="0010004D"),
    )  # fmt: skip
    assert rows["uai"].tolist() == ["0010001A", "0010004D"]
    assert rows["part_en_emploi_6_mois_apres_la_sortie"].tolist() == ["17", "17"]  # 5 of 30, not 10


def test_a_renovation_and_a_merger_each_leave_two_rows(tmp_path):
    counts = (30, 30, 5, 6, 7, 8)
    old, new = "0010008H", "0010009J"
    rows = written(
        tmp_path,
        # In force in first year at rentrée 2020: final-year pupils of 2021 are the first.
        cohort(2020, counts, rentree_renovation=2020),
        cohort(2021, counts, rentree_renovation=2020, cfd_sortie="40024261"),
        cohort(2020, counts, uai=old), cohort(2021, counts, uai=new),
    )  # fmt: skip
    found = rows[["uai", "code_formation_mefstat11", "diplome_renove_ou_nouveau"]].to_numpy()
    assert found.tolist() == [
        ["0010001A", "23830024260", "non"], ["0010001A", "23830024261", "oui"],
        [old, "23830024260", "non"], [new, "23830024260", "non"],
    ]  # fmt: skip


def test_a_bts_with_a_common_first_year_gives_one_row_per_option(tmp_path):
    bts = {
        "diplome": "bts", "libelle": "BTS mode option 2", "cfd_sortie": "32024262", "cell": 10,
        "option_a": "32024263", "option_b": "32024222",
    }  # fmt: skip
    rows = written(tmp_path, cohort(2021, (100, 60, 30, 32, 34, 36), **bts))
    assert rows["libelle_formation"].tolist() == [
        "mode option 2 option B",
        "mode option 2 option A",
    ]
    # Four tenths for A: 40 pupils, 24 leavers, 12 at work; the rest for B.
    assert rows["code_formation_mefstat11"].tolist() == ["32221024222", "32221024263"]
    assert rows["taux_emploi_12_mois"].tolist() == ["56", "50"]  # 20 of 36, 12 of 24


@pytest.fixture(scope="module")
def twin():
    return draw(SMALL, 7)


@pytest.fixture(scope="module")
def folder(petit_jumeau_ecrit):
    return petit_jumeau_ecrit(7, range(2018, 2025))


@pytest.fixture(scope="module")
def read_back(folder):
    path = folder / "inserjeunes" / f"{NAME}_2024.csv"
    return source("inserjeunes_formation_fine").read(path).table


def known(twin, millesime):
    """Return the twin's own counts by (uai, mefstat11), added pupil by pupil from its panel."""
    cells = twin.cells.set_index("cell").to_dict("index")
    mef = cache(lambda *of: mefstat11(pd.Series([of[0]]), pd.Series([of[1]]), of[2])[0])
    total = defaultdict(lambda: np.zeros(len(COUNTED)))
    sessions = [session - 1 for session in millesime]
    panel = twin.panel[twin.panel["rentree"].isin(sessions) & (twin.panel["terminale"] > 0)]
    for row in panel.itertuples():
        cell = cells[row.cell]
        if cell["type"] == "CFA" or row.voie != "scolaire":
            continue
        uai = cell["uai_ancien"] if row.rentree < cell["rentree_fusion"] else cell["uai"]
        renovated = row.rentree - row.duree + 1 >= cell["rentree_renovation"]
        counts = np.array([getattr(row, name) for name in COUNTED])
        if pd.isna(cell["option_a"]):
            parts = [(cell["cfd_nouveau"] if renovated else cell["cfd"], counts)]
        else:
            first = np.floor(counts * (0.4 + 0.02 * (row.cell % 10)))
            parts = [(cell["option_a"], first), (cell["option_b"], counts - first)]
        year = {"mc": 1, "cap": 2, "bacpro": 3, "bts": 2}[cell["diplome"]]
        for cfd, part in parts:
            if part[0] > 0:
                total[uai, mef(cfd, cell["diplome"], year)] += part
    keys = pd.MultiIndex.from_tuples(total, names=["uai", "mefstat11"])
    return pd.DataFrame(list(total.values()), keys, COUNTED).sort_index()


@pytest.mark.parametrize("millesime", [MILLESIMES[0], MILLESIMES[3], MILLESIMES[-1]])
def test_rates_times_pupils_are_what_the_twin_knows_and_only_few_are_hidden(
    twin, read_back, millesime
):
    name = f"{millesime[0]}_{millesime[1]}"
    table = read_back[read_back["millesime"] == name].set_index(["uai", "mefstat11"]).sort_index()
    truth = known(twin, millesime)
    assert len(table) > 300
    assert table.index.tolist() == truth.index.tolist()
    pupils, leavers = truth["terminale"], truth["sortants"]
    within = 0.005 + 1e-9
    for column, count in (
        ("part_poursuite", pupils - leavers), ("taux_poursuite", pupils - leavers),
        ("part_emploi_6_mois", truth["en_emploi_6_mois"]),
        ("part_autre", leavers - truth["en_emploi_6_mois"]),
    ):  # fmt: skip
        assert (table[column].notna() == (pupils >= 20)).all()
        gap = (table[column] * pupils - count).abs()[pupils >= 20]
        assert (gap <= within * pupils[pupils >= 20]).all()
    for months in (6, 12, 18, 24):
        rate = table[f"taux_emploi_{months}_mois"]
        published = (leavers >= 20) & (months <= 12 or millesime != MILLESIMES[-1])
        assert (rate.notna() == published).all()
        gap = (rate * leavers - truth[f"en_emploi_{months}_mois"]).abs()[published]
        assert (gap <= within * leavers[published]).all()


def test_the_file_covers_the_millesimes_and_sites_of_the_establishment_files(folder, read_back):
    regions = source("inserjeunes_region").read(folder / "inserjeunes" / "ij_region_data.csv")
    assert set(read_back["millesime"]) == set(regions.table["millesime"])
    name = "depp-2022-etablissements-2021_2022-pro.csv"
    sites = pd.read_csv(folder / "inserjeunes" / name, sep=";", dtype=str).iloc[:, 0]
    assert set(read_back.loc[read_back["millesime"] == "2021_2022", "uai"]) <= set(sites)
    assert set(read_back["type_diplome"]) == {"MC", "CAP", "BAC PRO", "BTS"}


def test_the_file_is_found_in_the_folder_and_none_is_unexplained(folder):
    for programme in (None, load_programme("fpi_aura")):
        found = discover(folder, programme)
        here = [f for f in found.files if f.source == "inserjeunes_formation_fine"]
        assert [(f.path.name, f.year) for f in here] == [
            (f"{NAME}_2024.csv", "2024" if programme else None)
        ]
        assert {path.name for path in found.unexplained} <= {"ouvertures.csv"}


def test_the_embedded_data_holds_the_file():
    data = load(load_programme("fpi_aura"), 2026)
    table = data.table("inserjeunes_formation_fine")
    assert table["millesime"].max() == "2024_2025"
    assert f"inserjeunes/{NAME}_2026.csv" in data.fichiers
