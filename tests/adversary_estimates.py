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

from fpi_eval.impact.columns import as_panel
from fpi_eval.impact.frame import SEATS, sample
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


def exams(panel: pd.DataFrame, mesh: str, here: str, outcome: str) -> tuple[pd.DataFrame, float]:
    """Return the region's counts of a mesh with their weights in the effect, and what they sum to.

    All counts of other regions are known: what they sum to is taken off the effect.
    """
    table = _weighed(panel, mesh, outcome)
    mine = table[table["code_region"] == here].reset_index(drop=True)
    return mine, float(mine["weight"] @ mine["y"])


def sum_of_others(panel: pd.DataFrame, mesh: str, here: str, outcome: str) -> float:
    """Return what the counts of other regions sum to in the effect."""
    table = _weighed(panel, mesh, outcome)
    far = table[table["code_region"] != here]
    return float(far["weight"] @ far["y"])


def _weighed(panel: pd.DataFrame, mesh: str, outcome: str) -> pd.DataFrame:
    named = {"size": "presents", "cluster": "territoire", "departement": "territoire",
             "famille": None, "lag": 0}  # fmt: skip
    rows = panel[panel["maille"] == mesh].assign(exposure_etab=0.0, exposure_dep=0.0)
    table = weights(as_panel(rows, named, outcome), outcome)
    table = table.merge(
        rows[["cell", "rentree", "filiere", "code_region"]],
        left_on=["cell", "time"], right_on=["cell", "rentree"], validate="one_to_one",
    )  # fmt: skip
    return table.assign(weight=table[SEATS])


def given_back(counts: pd.DataFrame, known: float, hidden: pd.Series) -> tuple[float, float]:
    """Return the width left to a hidden sum: by the other sums told, then by the effect too.

    Sums are those of a page: by filière and session. The effect is told to two digits.
    """
    groups = counts.groupby(["filiere", "rentree"]).ngroup()
    shown = [g for g in groups.unique() if not (hidden & (groups == g)).any()]
    rows = np.array([(groups == g).to_numpy(float) for g in shown])
    sums = rows @ counts["y"].to_numpy()
    top = Bounds(0, 2 * counts["y"].max())  # of a speciality in an académie
    wanted, weight = hidden.to_numpy(float), counts["weight"].to_numpy()
    tables = [LinearConstraint(rows, sums, sums)]
    effect = LinearConstraint(weight[None, :], known - 0.005, known + 0.005)
    return tuple(
        -milp(-wanted, bounds=top, constraints=also).fun
        - milp(wanted, bounds=top, constraints=also).fun
        for also in (tables, [*tables, effect])
    )
