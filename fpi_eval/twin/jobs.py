"""Jobs by zone d'emploi, sector and year, with the industry jobs that the programme brings."""

import numpy as np
import pandas as pd

from fpi_eval.text import AUTRE
from fpi_eval.twin.applied import Applied
from fpi_eval.twin.setting import ELSEWHERE, Setting
from fpi_eval.twin.world import BURN_IN, YEARS

#: NA38 sectors of the simulated zones with their weight in jobs; industry first (A10 BE).
SECTORS = {
    "CA": 0.036, "CB": 0.006, "CC": 0.012, "CE": 0.008, "CG": 0.016, "CH": 0.022, "CI": 0.008,
    "CJ": 0.007, "CK": 0.011, "CL": 0.021, "CM": 0.017, "DZ": 0.008, "EZ": 0.01, "FZ": 0.08,
    "GZ": 0.165, "HZ": 0.075, "IZ": 0.058, "JC": 0.028, "KZ": 0.043, "MA": 0.08, "NZ": 0.11,
    "QA": 0.07,
}  # fmt: skip


def draw_jobs(programme: Applied, setting: Setting, rng: np.random.Generator) -> pd.DataFrame:
    """Return jobs at 31 December by ``zone_emploi`` (``code_region``), ``na38`` and ``annee``.

    Columns ``etablissements`` and ``effectifs`` are what a file would show; the part of the
    programme is ``effet`` (net industry jobs accumulated since the first graduates).
    """
    cells = programme.world.cells
    zones = cells.groupby("zone_emploi", sort=True).agg(
        code_region=("code_region", "first"), n=("cell", "size")
    )
    years, sectors = YEARS[BURN_IN:], list(SECTORS)
    shape = (len(zones), len(sectors), len(years))
    size = 22_000_000 * zones["n"].to_numpy() / zones["n"].sum()
    mix = np.array(list(SECTORS.values())) / sum(SECTORS.values())
    mix = mix * np.exp(0.5 * rng.standard_normal(shape[:2]))
    region = pd.factorize(zones["code_region"], sort=True)[0]
    # Zone growth 2.5 % a year, region 1 %, sector 1.5 %: the prototype's assumptions.
    growth = 0.025 * rng.standard_normal((shape[0], 1, shape[2]))
    growth = growth + 0.010 * rng.standard_normal((region.max() + 1, 1, shape[2]))[region]
    growth = growth + 0.015 * rng.standard_normal((1, shape[1], shape[2]))
    # A plant opens or closes: without this, zone and sector effects would absorb all the noise.
    growth = growth + 0.05 * rng.standard_normal(shape)
    path = np.exp(np.cumsum(growth, axis=2))
    jobs = size[:, None, None] * mix[:, :, None] * path
    effect = _effect(programme, setting, zones.index, sectors)
    total = np.round(jobs) + effect
    firms = np.maximum(1, np.round(jobs / np.exp(rng.normal(3.0, 0.4, size=shape[:2]))[:, :, None]))
    zone, sector, year = (index.ravel() for index in np.indices(shape))
    return pd.DataFrame(
        {
            "zone_emploi": zones.index.to_numpy()[zone],
            "code_region": zones["code_region"].to_numpy()[zone],
            "na38": np.array(sectors)[sector],
            "annee": years[year],
            "etablissements": firms.ravel(),
            "effectifs": total.ravel(),
            "effet": effect.ravel(),
        }
    )


def _effect(
    programme: Applied, setting: Setting, zones: pd.Index, sectors: list[str]
) -> np.ndarray:
    """Return net industry jobs of the programme; leavers of June y + 1 count from that year."""
    changes = programme.changes
    rows = changes[changes["seen"] & (changes["industrie"] != 0)]
    rows = rows[programme.world.cells["ici"].to_numpy()[rows["cell"]]]
    cells = programme.world.cells.iloc[rows["cell"]]
    out = np.zeros((len(zones), len(sectors), len(YEARS) + 1))
    zone = zones.get_indexer(cells["zone_emploi"])
    known = dict(setting.debouches)
    for filiere in (*setting.filieres, AUTRE):
        here = (cells["filiere"] == filiere).to_numpy()
        for sector, share in known.get(filiere, ELSEWHERE):
            at = (zone[here], sectors.index(sector), rows["final"].to_numpy()[here] + 1)
            np.add.at(out, at, share * rows["industrie"].to_numpy()[here])
    return np.cumsum(out[:, :, BURN_IN : len(YEARS)], axis=2)
