"""Maps: every label has its own place, and nothing is drawn that outlines cannot draw."""

import itertools
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fpi_eval import maps, plots
from fpi_eval.colours import BLUE, contrast
from fpi_eval.panel.context import Context
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import emploi_industriel, places
from fpi_eval.text import MISSING, de

AURA = ["001", "003", "007", "015", "026", "038", "042", "043", "063", "069", "073", "074"]
IDF = ["075", "077", "078", "091", "092", "093", "094", "095"]


@pytest.mark.parametrize("codes", [AURA, IDF, ["02A", "02B"], ["971"]])
@pytest.mark.parametrize("width", [7.8, 3.6])
def test_each_departement_has_its_name_and_number_and_none_hides_another(codes, width):
    shapes = maps.outlines(maps.DEPARTEMENTS, codes)
    rows = pd.DataFrame({"code": codes, "nom": [f"Val-d'{c}" for c in codes]})
    rows["places"] = range(1, len(codes) + 1)
    ax = maps.shaded(rows, shapes, {"places": "Places"}, named=len(codes))
    ax.figure.set_size_inches(width, width)
    ax.figure.canvas.draw()
    names = next(a for a in ax.artists if isinstance(a, maps._Names))
    laid = names._laid(ax.figure.canvas.get_renderer())
    assert len({label.get_text() for label, *_ in laid}) == len(codes)
    assert not any(a.overlaps(b) for (_, a, _), (_, b, _) in itertools.combinations(laid, 2))
    areas = [ax.transData.transform_path(shape) for shape in shapes.values()]
    letters = [b.padded(-maps.CORNER * b.height) for _, b, heart in laid if heart is None]
    assert not any(area.intersects_bbox(box, filled=False) for area in areas for box in letters)
    fills = [patch.get_facecolor()[3] for patch in ax.patches]  # largest values first
    assert fills[0] == maps.SHADES[-1]
    assert fills == sorted(fills, reverse=True)
    plt.close(ax.figure)


@pytest.mark.parametrize(("page", "ink"), [("#ffffff", "#161616"), ("#17171c", "#f2f2f5")])
def test_words_and_borders_are_read_on_the_darkest_shade_of_both_pages(page, ink):
    mixed = [
        round(maps.SHADES[-1] * int(BLUE[i : i + 2], 16)
              + (1 - maps.SHADES[-1]) * int(page[i : i + 2], 16))
        for i in (1, 3, 5)
    ]  # fmt: skip
    assert contrast("#" + "".join(f"{channel:02x}" for channel in mixed), ink) > 4.5


def test_zones_shared_by_two_regions_are_whole_and_far_territories_are_not_drawn_together():
    alone = maps.outlines(maps.ZONES, ["84"])
    both = maps.outlines(maps.ZONES, ["84", "27"])
    assert len(alone) == 39
    assert set(alone) < set(both)
    shared = set(alone) & set(maps.outlines(maps.ZONES, ["27"]))
    assert shared
    assert all(len(both[z].vertices) > len(alone[z].vertices) for z in shared)
    assert not maps.outlines(maps.DEPARTEMENTS, ["001", "974"])
    assert not maps.outlines(maps.DEPARTEMENTS, ["987"])


def test_zones_that_are_simulated_are_never_drawn_on_real_ones():
    programme = load_programme(Path(__file__).parents[1] / "data" / "fpi_aura")
    found = pd.DataFrame({"code_zone": list(maps.outlines(maps.ZONES, ["84"]))})
    found = found.assign(zone="Zone " + found["code_zone"], emplois=1000.0, places=3.0)
    found.loc[4, "emplois"] = 12_000.0
    drawn = emploi_industriel.carte(found, Context(programme, 2026, False, "Urssaf"))
    assert drawn is not None
    assert drawn.titre.startswith(f"La zone d'emploi de {found.loc[4, 'zone']} rassemble 24\xa0%")
    assert "IGN" in drawn.source
    assert emploi_industriel.carte(found, Context(programme, 2026, True, "jumeau")) is None


def test_centres_are_where_their_territories_are():
    here = maps.centres(maps.DEPARTEMENTS)
    # IGN's centres of the Rhône and of Paris, in degrees; outlines are simplified.
    for code, place in {"069": (45.87, 4.64), "075": (48.857, 2.344)}.items():
        assert tuple(here.loc[code]) == pytest.approx(place, abs=0.02)
    zones = maps.centres(maps.ZONES)
    assert len(here) == 101
    assert zones.index.is_unique
    assert zones.notna().all(axis=None)
    shapes = maps.outlines(maps.DEPARTEMENTS, ["069"])["069"]
    flat = here.loc["069", "longitude"] * np.cos(np.radians(shapes.vertices[:, 1].mean()))
    assert shapes.contains_point((flat, here.loc["069", "latitude"]))


@pytest.mark.parametrize(
    ("name", "said"),
    [("Lyon", "de Lyon"), ("Annecy", "d'Annecy"), ("Le Puy-en-Velay", "du Puy-en-Velay")],
)
def test_a_zone_is_named_after_its_article(name, said):
    assert de(name) == said


def test_the_largest_of_many_zones_is_named_even_on_a_phone():
    shapes = maps.outlines(maps.ZONES, ["84"])
    rows = pd.DataFrame({"code": list(shapes), "nom": [f"Zone {n}" for n in range(len(shapes))]})
    rows["emplois"] = range(len(rows), 0, -1)
    ax = maps.shaded(rows, shapes, {"emplois": "Emplois"}, named=12)
    ax.figure.set_size_inches(3.6, 3.6)
    ax.figure.canvas.draw()
    names = next(a for a in ax.artists if isinstance(a, maps._Names))
    laid = names._laid(ax.figure.canvas.get_renderer())
    assert "Zone 0\n39" in {label.get_text() for label, *_ in laid}
    assert not any(a.overlaps(b) for (_, a, _), (_, b, _) in itertools.combinations(laid, 2))
    plt.close(ax.figure)


def test_places_on_a_map_are_said_to_be_of_the_levels_that_its_rentree_knows():
    programme = load_programme(Path(__file__).parents[1] / "data" / "fpi_aura")
    rows = [(2022, "secondaire", "scolaire"), (2023, "superieur", "apprentissage")]
    rows += [(2022, "superieur", voie) for voie in ("scolaire", "apprentissage")]
    seats = pd.DataFrame(rows, columns=["rentree", "niveau", "voie"])
    said = [places.field(seats, Context(programme, y, False, "Parcoursup")) for y in (2022, 2023)]
    both = "supérieur en voie scolaire et en apprentissage"
    assert said == [
        f"secondaire en voie scolaire, {both}, filières du programme",
        "supérieur en apprentissage, filières du programme",
    ]


def test_an_unknown_number_is_hatched_and_has_no_shade():
    """Bars by département say it too: neither shows a zero."""
    shapes = maps.outlines(maps.DEPARTEMENTS, ["02A", "02B"])
    rows = pd.DataFrame({"code": ["02A", "02B"], "nom": ["A", "B"], "places": [float("nan"), 3.0]})
    ax = maps.shaded(rows, shapes, {"places": "Places"}, named=2)
    assert [(p.get_hatch(), p.get_facecolor()[3]) for p in ax.patches] == [
        (None, maps.SHADES[-1]), ("//", maps.SHADES[0]),
    ]  # fmt: skip
    assert "hachures : nombre inconnu" in ax.get_title(loc="left")
    bars = plots.group_bars(
        rows.rename(columns={"nom": "departement"}),
        columns=["places"], whole="places", xlabel="", colours={"places": "#000000"},
    )  # fmt: skip
    assert [label.get_text() for label in bars.texts] == [MISSING, "3"]
