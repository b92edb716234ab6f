"""Employment per establishment × course: rates times pupils by hand, what is hidden, options."""

import numpy as np
import pandas as pd

from fpi_eval.disclosure import Thresholds
from fpi_eval.panel import emploi_etablissements, emploi_formations
from fpi_eval.panel.emploi_formations import _counts, employed, with_employment
from fpi_eval.panel.from_files import cell_panel

MINIMUM = Thresholds()


def rates(**given) -> pd.DataFrame:
    """Return one row of rates and pupils, published at 6 and 12 months only."""
    row = {"uai": "0690001A", "course": "c", "rentree": 2023, "terminale_2": 40.0,
           "part_emploi_6_mois": 0.25, "taux_poursuite": 0.5} | given  # fmt: skip
    for h in (6, 12, 18, 24):
        row.setdefault(f"taux_emploi_{h}_mois", 0.5 if h < 18 else np.nan)
        row.setdefault(f"publie_{h}", h < 18)
    return pd.DataFrame([row])


def test_employed_are_leavers_times_their_rate():
    found = _counts(rates(), MINIMUM).iloc[0]
    assert found["sortants"] == 20  # half of 40 pupils go on
    assert found["en_emploi_6_mois"] == found["en_emploi_6_mois_bas"] == 10
    assert found["en_emploi_12_mois"] == found["en_emploi_12_mois_haut"] == 10


def test_a_hidden_rate_is_given_back_by_the_part_over_pupils():
    # 24 pupils, 12 leavers: their rate is hidden, but 25 % of the pupils are employed.
    found = _counts(rates(terminale_2=24.0, taux_emploi_6_mois=np.nan, taux_emploi_12_mois=np.nan),
                    MINIMUM).iloc[0]  # fmt: skip
    assert found["en_emploi_6_mois"] == 6
    assert np.isnan(found["en_emploi_12_mois"])
    assert (found["en_emploi_12_mois_bas"], found["en_emploi_12_mois_haut"]) == (0, 12)


def test_everything_hidden_leaves_none_to_all_pupils():
    hidden = rates(terminale_2=15.0, part_emploi_6_mois=np.nan, taux_poursuite=np.nan,
                   taux_emploi_6_mois=np.nan, taux_emploi_12_mois=np.nan)  # fmt: skip
    found = _counts(hidden, MINIMUM).iloc[0]
    assert (found["en_emploi_6_mois_bas"], found["en_emploi_6_mois_haut"]) == (0, 15)


def test_a_horizon_that_is_not_published_yet_has_no_ends():
    found = _counts(rates(), MINIMUM).iloc[0]
    for h in (18, 24):
        assert found[[f"en_emploi_{h}_mois_bas", f"en_emploi_{h}_mois_haut"]].isna().all()


def test_without_the_file_there_is_no_row(annee_simulee, monkeypatch):
    monkeypatch.setattr(emploi_formations, "SOURCE", "absent")
    assert employed(annee_simulee).empty


def test_counts_are_between_their_ends_and_the_panel_keeps_its_rows(annee_simulee):
    found = employed(annee_simulee)
    known = found.dropna(subset=["en_emploi_6_mois_bas"])
    assert len(known) > 100
    assert (known["en_emploi_6_mois_bas"] <= known["en_emploi_6_mois_haut"]).all()
    assert (known["en_emploi_6_mois_haut"] <= known["terminale_2"]).all()
    shown = known.dropna(subset=["en_emploi_6_mois"])
    assert (shown["en_emploi_6_mois"] == shown["en_emploi_6_mois_bas"]).all()
    panel = cell_panel(annee_simulee).table
    made = with_employment(panel, found)
    assert len(made) == len(panel)
    assert made["en_emploi_6_mois"].notna().sum() > 50


def test_an_establishment_is_seen_where_its_courses_are_hidden(annee_simulee):
    sites = emploi_etablissements.employed(annee_simulee)
    courses = employed(annee_simulee)
    known = courses.groupby(["uai", "rentree"])["en_emploi_6_mois"].agg(lambda v: v.notna().all())
    both = sites.merge(known.rename("toutes").reset_index(), on=["uai", "rentree"])
    assert both["en_emploi_6_mois"].notna().mean() > 0.9 > both["toutes"].mean()
    # Where every course is shown, they add up to their establishment, rounding apart.
    sums = courses.groupby(["uai", "rentree"])[["en_emploi_6_mois", "terminale_2"]].sum()
    whole = both[both["toutes"]].merge(sums, on=["uai", "rentree"], suffixes=("", "_somme"))
    whole = whole[whole["terminale_2"] == whole["terminale_2_somme"]]
    whole = whole.dropna(subset=["en_emploi_6_mois"])  # rounded, its leavers may fall under 20
    gap = (whole["en_emploi_6_mois"] - whole["en_emploi_6_mois_somme"]).abs()
    assert len(whole) > 20
    assert (gap <= 1 + 0.01 * whole["terminale_2"]).all()


def test_only_pupils_of_the_school_route_count_in_an_establishment():
    rows = pd.DataFrame(
        [("A", "ensemble"), ("B", "ensemble"), ("B", "scolaires"), ("B", "apprentis"),
         ("C", "ensemble"), ("C", "apprentis")],
        columns=["uai", "public"],
    ).assign(millesime="2022_2023")  # fmt: skip
    kept = emploi_etablissements.pupils_only(rows)
    assert list(zip(kept["uai"], kept["public"], strict=True)) == [("A", "ensemble"),
                                                                    ("B", "scolaires")]  # fmt: skip
