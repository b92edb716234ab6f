"""Who of the leavers works in the region's industry: the twin's panel with that outcome.

The truth already counts the industry jobs of pupils whom the programme brings or takes away. Here
everybody else's are drawn, from a stream of their own: no other number of a twin moves.
"""

import numpy as np
import pandas as pd

from fpi_eval.calendar import HORIZONS, employed, in_industry
from fpi_eval.misspelt import known_options
from fpi_eval.twin.draw import Twin
from fpi_eval.twin.truth import Truth

STREAM = 1_900


@known_options
def with_industry(twin: Twin) -> pd.DataFrame:
    """Return the twin's panel with ``en_emploi_industrie_region_6``, ``_12``, ``_18``, ``_24``.

    At six months the effect of the programme on it is exactly the truth's ``industrie``.
    """
    panel, p = twin.whole, twin.parameters
    rng = np.random.default_rng([twin.seed, STREAM])
    target = twin.cells.set_index("cell")["cible"].reindex(panel["cell"]).to_numpy()
    share = np.where(target, p.industry_share_target, p.industry_share_other)
    came = _brought(twin.truth, panel, employed(6))
    before = panel[employed(6)].to_numpy().astype(int)
    found = rng.binomial(before - came, share) + _brought(twin.truth, panel, "industrie")
    columns = {in_industry(6): found}
    for months in HORIZONS[1:]:
        now = panel[employed(months)].to_numpy().astype(int)
        found = found + rng.binomial(now - before, share)
        columns[in_industry(months)] = found
        before = now
    return panel.assign(**{name: value.astype(float) for name, value in columns.items()})


def _brought(truth: Truth, panel: pd.DataFrame, outcome: str) -> np.ndarray:
    """Return pupils whom the programme adds to each row; those it removes are already gone."""
    rows = truth.cells[truth.cells["outcome"] == outcome]
    added = (rows["own"] + rows["anticipated"]).clip(lower=0)
    added.index = pd.MultiIndex.from_frame(rows[["cell", "rentree"]])
    where = pd.MultiIndex.from_frame(panel[["cell", "rentree"]])
    return added.reindex(where, fill_value=0.0).to_numpy().astype(int)
