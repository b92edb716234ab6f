"""An invented panel where every link of the chain is known."""

import numpy as np
import pandas as pd
from invented import invented_panel

from fpi_eval.impact.displacement.rings import ETABLISSEMENT, FAMILLE, ring_exposures

PER_SEAT = {"entrants": 0.8, "terminale": 0.6, "diplomes": 0.45, "sortants": 0.3,
            "en_emploi_6_mois": 0.15, "en_emploi_12_mois": 0.18, "en_emploi_18_mois": 0.2,
            "en_emploi_24_mois": 0.21}  # fmt: skip
LOST = -0.25  # lost by neighbours, at each ring, per student won


def invented_chain(seed: int = 0, *, noise: float = 0.0, **options) -> pd.DataFrame:
    """Return a panel whose effects per seat are PER_SEAT and, at each ring, LOST times that.

    Untreated students follow cell, course × entry and region × entry effects, in proportion of
    the cell's size.
    """
    panel = invented_panel(seed, **options)
    panel = panel.assign(**{name: 0.0 for name in PER_SEAT if name not in panel})
    rng = np.random.default_rng(seed + 1_000)
    size = panel["entrants"].to_numpy()
    lag = panel["duree"].to_numpy() - 1
    seats = panel.pivot_table(index="cell", columns="rentree", values="seats")
    cell = seats.index.get_indexer(panel["cell"])
    counts = {}
    for name, effect in PER_SEAT.items():
        late = 0 if name == "entrants" else lag
        entry = panel["rentree"].to_numpy() - late
        # Entrants are the size: their mean before the programme must not move the exposures.
        steady = 0.0 if name == "entrants" else 1.0
        shock = _shock(rng, panel["course"], entry) + _shock(rng, panel["code_region"], entry)
        own = np.where(
            entry >= seats.columns[0],
            seats.to_numpy()[cell, np.maximum(entry - seats.columns[0], 0)], 0.0,
        )  # fmt: skip
        near = ring_exposures(panel, name, (ETABLISSEMENT, FAMILLE))
        counts[name] = (
            size * (0.5 + 0.5 * (name == "entrants") + 0.02 * steady * shock)
            + effect * own + LOST * effect * near.sum(axis=1).to_numpy()
            + noise * rng.normal(size=len(panel))
        )  # fmt: skip
    return panel.assign(**counts)


def _shock(rng: np.random.Generator, key: pd.Series, entry: np.ndarray) -> np.ndarray:
    codes = pd.factorize(key.astype(str) + entry.astype(str))[0]
    return rng.normal(size=codes.max() + 1)[codes]
