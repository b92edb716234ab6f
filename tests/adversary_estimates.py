"""What effects add to an adversary who knows far more than a report's reader.

An effect per place is a weighted sum of the outcomes of every cell, of all regions. This adversary
knows the weights, the outcomes of all other regions and the effect to the fourth digit, and holds
that equation beside all that tables say. Written apart from the protection, as `adversary` is.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from adversary import Adversary, Part, Said, World
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from fpi_eval.impact.frame import sample
from fpi_eval.impact.j import fit_j

DIGIT = 5e-5  # half a unit of the fourth digit of an effect per place


def weights(panel: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return what each cell and time weighs in each coefficient of J, beside its outcome."""
    frame = sample(panel, outcome)
    fit = fit_j(frame)
    size = frame["size"].to_numpy()[fit.keep]
    share = (fit.bread @ fit.x.T) * fit.weights / size
    out = pd.DataFrame(share.T, columns=list(fit.names))
    out = out.assign(**frame.frame.loc[fit.keep, ["cell", "time", "y"]].reset_index(drop=True))
    np.testing.assert_allclose(out[list(fit.names)].T @ out["y"], fit.coefficients, atol=1e-7)
    return out


def said_of_effects(world: World, panel: pd.DataFrame) -> Iterator[Said]:
    """Yield each coefficient of J on entrants as a sum over the region's cells."""
    table = weights(panel, "entrants")
    here = world.rows[world.rows["territoire"] != "Autres régions"]
    at = pd.Series(here.index, [here["cell"], here["rentree"]])
    place = at.reindex(pd.MultiIndex.from_arrays([table["cell"], table["time"].astype(str)]))
    inside = place.notna().to_numpy()
    columns = place[inside].to_numpy(int)
    for name in table.columns.difference(["cell", "time", "y"]):
        known = float(table.loc[inside, name] @ table.loc[inside, "y"])
        row = sparse.csr_matrix(
            (table.loc[inside, name], columns, [0, len(columns)]),
            shape=(1, len(world.rows) * len(world.kinds)),
        )
        yield Said("effets", name, row, known - DIGIT, known + DIGIT)


def ends(world: World, said: Sequence[Said]) -> Mapping[str, tuple[float, float]]:
    """Return the ends of each hidden count, whole or not: no narrower than a linear program."""
    program = Adversary(world, said).program
    found = {}
    for one in (o for o in said if o.hidden):
        part = program.part(program.block[one.row.indices[0]])
        wanted = one.row[:, part.used].toarray()[0]
        low, high = (sign * _least(part, sign * wanted) for sign in (1, -1))
        found[f"{one.table} {one.label}"] = (low, high)
    return found


def _least(part: Part, wanted: np.ndarray) -> float:
    found = milp(
        wanted, bounds=Bounds(0, part.top),
        constraints=LinearConstraint(part.matrix, part.low, part.high),
    )  # fmt: skip
    assert found.x is not None, "ce qui est publié se contredit"
    return float(found.fun)
