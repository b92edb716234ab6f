"""An adversary of a whole report: it reads the files as anyone could, all years together.

It shares no code with the protection. What it knows: the CSV tables of one or several reports, the
public capacities (places of each cell), the public register (programme seats of each cell), that
people trained are entrants × seats / places rounded cell by cell, and the rules of hiding. Its
unknowns are whole: entrants of each cell and rentrée, and people trained there.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

WHOLE = "Ensemble"
MOST = 10_000
SECRET = (1, 4)
ENOUGH = 4


@dataclass
class Sum:
    """A count of a published table: the cells it sums, and its value, None where hidden."""

    table: str
    year: int
    label: str
    kind: str
    inside: np.ndarray
    value: float | None


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def told(text: str) -> float | None:
    return None if text in {"s", "n. d."} else float(text.replace(",", "."))


def sums_of(folder: Path, year: int, public: pd.DataFrame, start: int) -> list[Sum]:
    """Return every count of people that the report of `year` prints."""
    found = []
    for row in read(folder / "remplissage_simule.csv"):
        inside = _inside(public, row, ("territoire", "niveau", "filiere", "academie",
                                       "departement"))  # fmt: skip
        inside &= (public["rentree"] == int(row["rentree"])).to_numpy()
        found.append(_sum("remplissage", year, row, "entrants", inside, row["entrants"]))
        rate, base = told(row["taux_remplissage"]), told(row["places"])
        if rate is not None and base and row["entrants"] == "s":
            found.append(_sum("taux", year, row, "entrants", inside, str(rate * base)))
    seats = (public["seats"] > 0).to_numpy() & (public["rentree"] >= start).to_numpy()
    seats &= (public["rentree"] <= year).to_numpy()
    for row in read(folder / "personnes_formees_simule.csv"):
        inside = seats & _inside(public, row, ("niveau", "filiere", "academie", "departement",
                                               "uai"))  # fmt: skip
        found.append(_sum("personnes", year, row, "formes", inside, row["personnes"]))
    for row in read(folder / "cibles_simule.csv"):
        inside = seats & (public["rentree"] <= int(row["echeance"])).to_numpy()
        for word in ("secondaire", "supérieur"):
            if word in row["libelle"]:
                inside = inside & (public["niveau"].str.lower() == word).to_numpy()
        found.append(_sum("cibles", year, row, "formes", inside, row["realise"]))
    return found


def _sum(table: str, year: int, row: dict, kind: str, inside: np.ndarray, text: str) -> Sum:
    return Sum(table, year, " / ".join(row.values()), kind, inside, told(text))


def _inside(public: pd.DataFrame, row: dict[str, str], names: Iterable[str]) -> np.ndarray:
    kept = np.ones(len(public), dtype=bool)
    for name in names:
        if row[name] != WHOLE:
            kept &= (public[name] == row[name]).to_numpy()
    return kept


class Adversary:
    """Everything public as one integer program; `ends` gives the extremes of a hidden count."""

    def __init__(self, public: pd.DataFrame, sums: Sequence[Sum]) -> None:
        n = len(public)
        self.n, self.sums = n, sums
        self.hidden = [one for one in sums if one.value is None and one.inside.any()]
        ratio = (public["seats"] / public["places"]).clip(0, 1).fillna(0).to_numpy()
        with_seats = np.flatnonzero(ratio > 0)
        k = len(with_seats)
        link = sparse.lil_matrix((k, 2 * n))
        link[np.arange(k), n + with_seats] = 1.0
        link[np.arange(k), with_seats] = -ratio[with_seats]
        rows = [link.tocsr(), *(self.row(one) for one in sums)]
        shown = [one.value is not None for one in sums]
        value = np.array([one.value if one.value is not None else np.nan for one in sums])
        least = np.array([float(one.kind == "entrants") for one in sums])
        low = np.r_[np.full(k, -0.5), np.where(shown, value, least)]
        high = np.r_[np.full(k, 0.5), np.where(shown, value, np.inf)]
        useful = np.r_[np.ones(k, bool), [one.inside.any() for one in sums]].astype(bool)
        self.matrix = sparse.vstack(rows, format="csr")[useful]
        self.low, self.high = low[useful] - 1e-6, high[useful] + 1e-6
        top = np.r_[np.full(n, MOST), np.where(ratio > 0, MOST, 0)]
        self.bounds = Bounds(np.zeros(2 * n), top)

    def row(self, one: Sum) -> sparse.csr_matrix:
        place = np.flatnonzero(one.inside) + (self.n if one.kind == "formes" else 0)
        return sparse.csr_matrix(
            (np.ones(len(place)), (np.zeros(len(place), int), place)), shape=(1, 2 * self.n)
        )

    def best(self, weights: np.ndarray) -> np.ndarray:
        found = milp(
            weights, integrality=1, bounds=self.bounds,
            constraints=LinearConstraint(self.matrix, self.low, self.high),
            options={"mip_rel_gap": 0.0, "node_limit": 20_000},
        )  # fmt: skip
        assert found.x is not None, "ce qui est publié se contredit"
        return np.rint(found.x)

    def ends(self) -> list[tuple[Sum, float, float]]:
        """Return two values that each hidden count may take, `ENOUGH` apart if it can be."""
        rows = [self.row(one).toarray()[0] for one in self.hidden]
        table = np.array(rows).reshape(-1, 2 * self.n)
        low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
        rng = np.random.default_rng(0)
        for _ in range(6):
            for sign in (1, -1):
                weights = sign * ((rng.random(len(rows)) - 0.5) * (high - low < ENOUGH) @ table)
                seen = table @ self.best(np.nan_to_num(weights))
                low, high = np.minimum(low, seen), np.maximum(high, seen)
        for place, row in enumerate(rows):
            if high[place] - low[place] < ENOUGH:
                low[place], high[place] = (row @ self.best(sign * row) for sign in (1, -1))
        return list(zip(self.hidden, low, high, strict=True))


def narrow(found: Sequence[tuple[Sum, float, float]]) -> list[str]:
    """Return the hidden counts that may be small, whose interval is narrower than the rule."""
    said = []
    for one, low, high in found:
        exposed = high - low < 1 or (high - low < ENOUGH and low <= SECRET[1])
        if exposed:
            said.append(f"{one.table} {one.year} {one.label} : {low:g} à {high:g}")
    return said


def public_cells(p) -> pd.DataFrame:
    """Return what open files and the register say of each cell, no count of people among it."""
    from fpi_eval.report.published import counts
    from fpi_eval.report.published.make import words

    rows = counts.cellules(p)
    rows = rows[rows["entrants"].notna() & (rows["places"] > 0)]
    seats = counts.en_places(p)[["cell", "rentree", "seats"]]
    rows = rows.drop(columns="seats").merge(seats, "left", ["cell", "rentree"])
    kept = ["territoire", "niveau", "filiere", "academie", "departement", "uai", "rentree",
            "places", "seats"]  # fmt: skip
    named = words(p, rows).assign(rentree=rows["rentree"], seats=rows["seats"].fillna(0.0))
    return named[kept].reset_index(drop=True)


def attack(folders: dict[int, Path], p) -> tuple[int, list[str]]:
    """Attack the reports of several years together; return hidden counts and narrow ones."""
    public, start = public_cells(p), p.donnees.programme.rentree_debut
    sums = [one for year, folder in folders.items() for one in sums_of(folder, year, public, start)]
    found = Adversary(public, sums).ends()
    return len(found), narrow(found)


def publish(root: Path, programme, years: Sequence[int], donnees: str = ""):
    """Write what successive reports publish on entrants; return the last panels and the folders.

    Each report reads what the earlier ones kept, as in `reports/<programme>/<rentree>`.
    """
    import fpi_eval as fpi
    from fpi_eval.report.published import counts, memory, people, seats
    from fpi_eval.table_files import export_tables

    folder = root / "data" / programme.code
    if not folder.exists():
        folder.parent.mkdir(parents=True)
        folder.symlink_to(programme.dossier)
    programme, folders = programme.model_copy(update={"dossier": folder}), {}
    for year in years:
        p = fpi.load(programme, year, donnees)
        target = memory.path_of(p.donnees, year).parent
        made = [seats.remplissage(p), people.personnes(p), people.cibles(p)]
        named = [replace(one, name=f"{one.name}_simule") for one in made if one is not None]
        export_tables(target / "tables", named)
        shown = [safe.table.publication for safe in counts.all_systems(p).values()]
        memory.path_of(p.donnees, year).write_bytes(memory.write(shown))
        folders[year] = target / "tables"
    return p, folders
