"""Draw a whole twin: cell panel, register of openings, jobs, truth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Programme as Evaluated
from fpi_eval.programme import load_programme
from fpi_eval.text import nombre, pluriel
from fpi_eval.twin.applied import OUTCOMES, Applied, run_programme
from fpi_eval.twin.courses import cfd_at, mefstat11, simulated
from fpi_eval.twin.drawn_openings import draw_openings
from fpi_eval.twin.jobs import draw_jobs
from fpi_eval.twin.parameters import DEFAULT, TwinParameters
from fpi_eval.twin.setting import Setting
from fpi_eval.twin.truth import Truth, measure
from fpi_eval.twin.world import BURN_IN, YEARS, draw_world, streams

STATIC = (
    "uai", "course", "famille", "filiere", "niveau", "voie", "duree", "code_departement",
    "code_academie", "code_region",
)  # fmt: skip
REGISTER = (
    "projet", "uai", "etablissement", "commune", "departement", "academie", "mefstat11", "cfd",
    "formation", "filiere", "niveau", "voie", "rentree", "places_prevues", "places_ouvertes",
    "cout", "subvention",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Twin:
    """A simulated programme whose truth is known.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per cell × rentrée, 2016 to 2031, all the columns of the cell panel.
    openings : pandas.DataFrame
        The programme's own register, one row per opening.
    truth : Truth
        What the programme really changed on this very draw.
    jobs : pandas.DataFrame
        Industrial and other jobs, zone d'emploi × NA38 sector × year (31 December).
    cells : pandas.DataFrame
        What never changes of a cell, with the codes and names the raw files are written from.
    parameters, seed
        What to draw it again from.
    """

    panel: pd.DataFrame
    openings: pd.DataFrame
    truth: Truth
    jobs: pd.DataFrame
    cells: pd.DataFrame
    parameters: TwinParameters
    seed: int

    @property
    def whole(self) -> pd.DataFrame:
        """The panel, of which files and people are counted: refused where it hides outcomes."""
        if self.parameters.masques:
            raise FpiError(
                "jumeau : « masques » cache des effectifs, que fichiers et personnes comptent. "
                "Tirez-le avec masques=0."
            )
        return self.panel

    def __repr__(self) -> str:
        """Return what was drawn, and where it is."""
        years = self.panel["rentree"]
        return (
            f"Programme simulé, graine {self.seed} : {nombre(len(self.cells))} formations, "
            f"rentrées {years.min()} à {years.max()}, {pluriel(len(self.openings), 'ouverture')}. "
            ".panel : ce que voient les estimateurs ; .truth : l'effet vrai (.truth.per_seat)."
        )


@known_options
def draw(
    parameters: TwinParameters = DEFAULT, seed: int = 0, *, programme: Evaluated | None = None
) -> Twin:
    """Return the twin of a seed: the same seed, parameters and programme give the same twin.

    ``programme`` says where seats are opened, how many, when and in which filières; without it,
    it is the default one.
    """
    setting = simulated(programme or load_programme())
    applied, openings = simulate(parameters, seed, setting)
    jobs = draw_jobs(applied, setting, streams(seed)["jobs"])
    cells = applied.world.cells
    register = _register(applied, openings, setting)
    panel = seen(_panel(applied), parameters)
    return Twin(panel, register, measure(applied), jobs, cells, parameters, seed)


def simulate(
    parameters: TwinParameters, seed: int, setting: Setting | None = None
) -> tuple[Applied, pd.DataFrame]:
    """Return the world, what the programme changes in it, and the openings, without tables."""
    rng, setting = streams(seed), setting or simulated(load_programme())
    world = draw_world(parameters, setting, rng)
    openings = draw_openings(parameters, setting, world, rng)
    return run_programme(parameters, world, openings, rng), openings


def observed(programme: Applied) -> dict[str, np.ndarray]:
    """Return the counts with the programme, cells × years: without + extra − removed."""
    changes, counts = programme.changes, programme.world.counts
    out = {}
    for name in OUTCOMES:
        value = counts[name].copy()
        rows = changes if name == "entrants" else changes[changes["seen"]]
        when = rows["year" if name == "entrants" else "final"].to_numpy()
        np.add.at(value, (rows["cell"].to_numpy(), when), rows[name].to_numpy())
        out[name] = value
    return out


def _panel(programme: Applied) -> pd.DataFrame:
    world, keep = programme.world, slice(BURN_IN, None)
    cells, years = world.cells, YEARS[BURN_IN:]
    row = np.repeat(np.arange(len(cells)), len(years))
    table = {"cell": cells["cell"].to_numpy()[row]}
    for name in STATIC:
        table[name] = cells[name].array.take(row)
    table["rentree"] = np.tile(years, len(cells))
    seats = programme.seats
    counts = observed(programme)
    places = np.maximum(world.places + seats, 0.0)
    table["places"] = places[:, keep].ravel()
    table["voeux_1"] = _wishes(programme, counts)[:, keep].ravel()
    for name in OUTCOMES:
        table[name] = counts[name][:, keep].ravel()
    declared = programme.declared
    table["seats"] = declared[:, keep].ravel()
    table["autres_places"] = world.autres_places[:, keep].ravel()
    ever = (seats > 0).any(axis=1)
    first = np.where(ever, YEARS[np.argmax(seats > 0, axis=1)], np.nan)
    table["cohort"] = first[row]
    table["nouvelle"] = programme.nouvelle[row]
    return pd.DataFrame(table, copy=False)


def seen(panel: pd.DataFrame, p: TwinParameters) -> pd.DataFrame:
    """Return what an evaluator sees of the panel: years shown, outcomes of small cells hidden."""
    if p.visible_depuis > YEARS[BURN_IN]:
        panel = panel[panel["rentree"] >= p.visible_depuis].reset_index(drop=True)
    if p.masques:
        hidden = panel["terminale"] < p.masques
        outcomes = [name for name in OUTCOMES if name in panel and name != "entrants"]
        panel.loc[hidden, outcomes] = np.nan
    return panel


def _wishes(programme: Applied, counts: dict[str, np.ndarray]) -> np.ndarray:
    """Return first wishes: unknown for secondary apprenticeship, at least the extra pupils."""
    world = programme.world
    extra = np.maximum(counts["entrants"] - world.counts["entrants"], 0.0)
    wishes = world.counts["voeux_1"] + extra
    cells = world.cells
    unknown = (cells["voie"] == "apprentissage") & (cells["niveau"] == "secondaire")
    wishes[unknown.to_numpy()] = np.nan
    return wishes


def _register(programme: Applied, openings: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    cells = programme.world.cells
    table = cells.iloc[openings["cell"]].reset_index(drop=True)
    table["projet"] = openings["projet"]
    table["rentree"] = openings["rentree"].astype("int64")
    table["cfd"] = cfd_at(table, table["rentree"])
    year = np.where((table["diplome"] == "bacpro") & (table["duree"] == 2), 2, 1)
    mef = mefstat11(table["cfd"], table["diplome"], pd.Series(year))
    table["mefstat11"] = mef.where(table["voie"] == "scolaire", "")
    table["formation"] = table["libelle"]
    # A closure is entered under the filière of the opening it pays for.
    told = cells["famille"].map(dict(setting.registre)).fillna(cells["filiere"])
    table["filiere"] = told.to_numpy()[openings["finance"]]
    table["places_prevues"] = openings["places_prevues"].astype("int64")
    table["places_ouvertes"] = openings["places_declarees"].astype("int64")
    planned = openings["places_prevues"].clip(lower=0)
    cost = openings["cout_place"] * planned
    if setting.avant:  # no cheaper than what is published of it
        before = table["projet"] == setting.avant[0]
        least = setting.cout_avant * planned[before].sum()
        if 0 < cost[before].sum() < least:
            cost[before] = np.ceil(cost[before] * least / cost[before].sum() / 100) * 100
    table["cout"] = cost.round(-2)
    table["subvention"] = (table["cout"] * setting.subvention).round(-2)
    table = table[list(REGISTER)]
    return table.sort_values(["rentree", "projet", "uai", "cfd"], ignore_index=True)
