"""An adversary of a whole report: it reads the files as anyone could, all years together.

It shares no code with the protection. What it knows: every file of one or several reports (CSV
tables of sheets and pages, `publication.json`), the open catalogue (which courses exist where,
their places, the register's seats, where outcomes were published), that people trained are
entrants × seats / places rounded cell by cell, and the rules of hiding. Its unknowns are whole, one
per row of the catalogue and kind of count. Workbook, Parquet, notebooks and pages are shown
elsewhere to hold these same values.
"""

import csv
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

WHOLE = "Ensemble"
Z2 = 1.959963984540054**2
MOST = 1_000_000
SECRET = (1, 4)
ENOUGH = 4
PUBLISHER = 20  # a rate on fewer people is hidden, and its numerator with it
FINE = 1e-8  # more than half a unit of the tenth digit of a rate
PERCENT, HUNDREDTH = 0.0005 + FINE, 0.005 + FINE  # half a unit of what pages tell
MARKS = {"s", "n. d.", ""}
HORIZONS = (6, 12, 18, 24)
EMPLOYED = tuple(f"en_emploi_{n}_mois" for n in HORIZONS)
OUTCOMES = ("terminale", "poursuite", "sortants", *EMPLOYED)
HERE_AND_FAR = ("territoire", "niveau", "filiere")
#: Columns whose words tell a count from those beside it, in sheets and on pages.
OWN_WORDS = ("filiere", "academie", "departement", "uai", "formation",
             "Filière", "Académie", "Département", "Formation")  # fmt: skip
#: Numerator and denominator of each rate, as sums of counts.
RATES: dict[str, tuple[dict[str, int], str]] = {
    "taux_pression": ({"voeux_1": 1}, "places"),
    "taux_demande": ({"voeux": 1}, "places"),
    "taux_remplissage": ({"entrants": 1}, "places"),
    "taux_poursuite": ({"poursuite": 1}, "terminale"),
    "part_en_emploi_6_mois": ({"en_emploi_6_mois": 1}, "terminale"),
    "part_autre": ({"sortants": 1, "en_emploi_6_mois": -1}, "terminale"),
    "taux_devenir_favorable": ({"poursuite": 1, "en_emploi_6_mois": 1}, "terminale"),
    **{f"taux_emploi_{n}_mois": ({f"en_emploi_{n}_mois": 1}, "sortants") for n in HORIZONS},
}


@dataclass(eq=False)
class World:
    """What open files say exists: rows, kinds of counts, and how the counts are bound."""

    rows: pd.DataFrame
    kinds: tuple[str, ...]
    zero: Mapping[str, np.ndarray]  # where a kind is known to be nobody, or was not counted
    laws: list[tuple[sparse.csr_matrix, float, float]] = field(default_factory=list)
    masks: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    words: dict[str, pd.Series] = field(default_factory=dict)
    sums: dict[tuple, sparse.csr_matrix] = field(default_factory=dict)
    compared: Mapping[tuple[str, str], set[str]] = field(default_factory=dict)
    truth: np.ndarray = field(default_factory=lambda: np.zeros(0))  # never read by the attack

    def row(self, weights: Mapping[str, float], inside: np.ndarray) -> sparse.csr_matrix:
        """Return a sum of counts over the rows `inside` as weights of the unknowns."""
        key = (*weights.items(), inside.tobytes())
        if key not in self.sums:  # sheets, pages and publication of every year say it again
            n, places = len(self.rows), np.flatnonzero(inside)
            at = np.concatenate([places + n * self.kinds.index(kind) for kind in weights])
            data = np.repeat(list(weights.values()), len(places)).astype(float)
            shape = (1, n * len(self.kinds))
            self.sums[key] = sparse.csr_matrix((data, at, [0, len(at)]), shape=shape)
        return self.sums[key]

    def inside(self, row: Mapping[str, str], dims: Sequence[str]) -> np.ndarray:
        """Return which rows a line of a table sums."""
        kept = np.ones(len(self.rows), dtype=bool)
        for dim in dims:
            if dim in row and row[dim] != WHOLE:
                kept &= self._mask(dim, row[dim])
        return kept

    def size(self, base: str, inside: np.ndarray) -> float:
        """Return the sum of a public number, places, over rows."""
        return float(self.rows[base].to_numpy()[inside].sum())

    def _mask(self, dim: str, value: str) -> np.ndarray:
        if (dim, value) not in self.masks:
            if dim not in self.words:
                self.words[dim] = self.rows[dim].map(plain)
            self.masks[dim, value] = self.words[dim].isin(plain(value).split("+")).to_numpy()
        return self.masks[dim, value]


@dataclass
class Said:
    """A sum of counts that a table shows between two ends, or hides."""

    table: str
    label: str
    row: sparse.csr_matrix
    low: float
    high: float
    hidden: bool = False
    by_rate: bool = False
    kind: str = ""
    words: tuple[str, ...] = ()  # what tells a hidden count from those beside it


@cache
def plain(words: str) -> str:
    """Return words as files, sheets and pages all write them: small letters, no accent."""
    parts = unicodedata.normalize("NFD", words.lower().replace("’", "'").replace("œ", "oe"))
    return " ".join("".join(one for one in parts if not unicodedata.combining(one)).split())


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def told(text: str) -> float | None:
    return None if text in MARKS else float(text.replace(",", "."))


# --- what tables say ------------------------------------------------------------------------


def fine(value: float) -> float:
    """Return more than half a unit of the tenth digit that a file of sheets gives of a value."""
    return FINE * max(1.0, abs(value))


def line(
    world: World,
    table: str,
    row: Mapping[str, str],
    inside: np.ndarray,
    counts: Mapping[str, str],
    rates: Mapping[str, str] = {},
    half: float | None = None,
) -> Iterator[Said]:
    """Yield what one line of a table says: `counts` and `rates` name its columns."""
    if not inside.any():
        return
    label = " / ".join(str(value) for value in row.values())
    values = {kind: told(row[column]) for column, kind in counts.items()}
    for column, kind in counts.items():
        inner = inside & ~world.zero[kind]
        if row[column] == "s" and inner.any():
            free = rated(kind, values)
            least = 0.0 if free or kind == "formes" else 1.0
            yield Said(table, f"{kind} : {label}", world.row({kind: 1}, inner), least, np.inf,
                       True, free, kind, tuple(row[n] for n in OWN_WORDS if n in row))  # fmt: skip
        elif values[kind] is not None:
            yield Said(table, label, world.row({kind: 1}, inner), values[kind], values[kind])
    for column, rate in rates.items():
        value, (top, base) = told(row.get(column, "")), RATES[rate]
        if value is not None and any(values.get(kind) is None for kind in (*top, base)):
            wide = half or fine(value)
            yield from ratio(world, table, label, inside, (top, base), (value - wide, value + wide))


def rated(kind: str, values: Mapping[str, float | None]) -> bool:
    """Return whether a hidden count may be nobody: the numerator of a rate on few people."""
    bases = {"poursuite": ("terminale",), "en_emploi_6_mois": ("terminale", "sortants")}
    for base in bases.get(kind, ("sortants",) if kind in EMPLOYED else ()):
        if values.get(base) is None or values[base] < PUBLISHER:
            return True
    return False


def ratio(world: World, table: str, label: str, inside: np.ndarray, parts: tuple, ends: tuple):
    """Yield the two inequalities that a rounded rate leaves."""
    top, base = parts
    up = world.row(top, inside)
    if base in world.kinds:
        below = world.row({base: 1}, inside)
        yield Said(table, label, up - ends[0] * below, 0, np.inf)
        yield Said(table, label, up - ends[1] * below, -np.inf, 0)
    else:
        size = world.size(base, inside)
        yield Said(table, label, up, ends[0] * size, ends[1] * size)


def beside(world: World, table: str, rows: list[dict], dims: Sequence[str], rate: str):
    """Yield what « rentrée précédente », « écart » and « autres régions » say of a rate."""
    kind, base = next(iter(RATES[rate][0])), RATES[rate][1]
    far = {"academie": WHOLE, "departement": WHOLE, "territoire": "Autres régions"}
    for row in rows:
        year, label = int(row["rentree"]), " / ".join(row.values())
        now = world.inside(row, dims)
        before = world.inside(row | {"rentree": str(year - 1)}, dims)
        others = world.inside(row | far, dims)
        for name, inside in (("avant", before), ("ailleurs", others)):
            value = told(row[name])
            if value is not None and inside.any():
                ends = (value - fine(value), value + fine(value))
                yield from ratio(world, table, label, inside, ({kind: 1}, base), ends)
        gap = told(row["ecart"])
        if gap is not None and now.any() and before.any():
            size, past = (world.size(base, inside) for inside in (now, before))
            moved = world.row({kind: 1}, now) / size - world.row({kind: 1}, before) / past
            step = 0.001 if rate == "taux_remplissage" else 0.01  # of two rounded numbers
            yield Said(table, label, moved, gap - step, gap + step)


PLACES = ("academie", "departement")
KIND = ("territoire", "filiere", "niveau", "voie", "millesime")


def said_of_wishes(world: World, folder: Path) -> Iterator[Said]:
    for name, kind, niveau in (
        ("pression", "voeux_1", "Secondaire"), ("demande", "voeux", "Supérieur"),
    ):  # fmt: skip
        rows = [row | {"niveau": niveau} for row in table(folder, name)]
        dims = (*HERE_AND_FAR, "voie", *PLACES, "rentree")
        for row in rows:
            yield from line(world, name, row, world.inside(row, dims), {kind: kind},
                            {f"taux_{name}": f"taux_{name}"})  # fmt: skip
        yield from beside(world, name, rows, dims, f"taux_{name}")


def said_of_entrants(world: World, folder: Path, year: int, start: int) -> Iterator[Said]:
    dims = (*HERE_AND_FAR, *PLACES, "rentree")
    rows = table(folder, "remplissage")
    for row in rows:
        yield from line(world, "remplissage", row, world.inside(row, dims),
                        {"entrants": "entrants"},
                        {"taux_remplissage": "taux_remplissage"})  # fmt: skip
    yield from beside(world, "remplissage", rows, dims, "taux_remplissage")
    here = (world.rows["territoire"] != "Autres régions").to_numpy()
    for row in table(folder, "transformation"):
        inside = here & world.inside(row | {"rentree": str(year - 1)}, (*HERE_AND_FAR, "rentree"))
        yield from line(world, "transformation", row, inside, {"effectif_entree": "entrants"})
        rate, moved = told(row["taux_transformation"]), told(row["places_transformees"])
        if rate:
            value = moved / rate
            wide = value * 1e-8
            yield Said("transformation", row["filiere"], world.row({"entrants": 1}, inside),
                       value - wide, value + wide)  # fmt: skip
    years = world.rows["rentree"].astype(int)
    seats = (world.rows["seats"] > 0).to_numpy() & years.between(start, year).to_numpy()
    for row in table(folder, "personnes_formees"):
        inside = seats & world.inside(row, ("niveau", "filiere", *PLACES, "uai"))
        yield from line(world, "personnes", row, inside, {"personnes": "formes"})
    for row in table(folder, "cibles"):
        inside = seats & (years <= int(row["echeance"])).to_numpy()
        for word in ("secondaire", "supérieur"):
            if word in row["libelle"]:
                inside = inside & (world.rows["niveau"].str.lower() == word).to_numpy()
        aim, share, left = (told(row[n]) for n in ("personnes", "avancement", "reste"))
        yield from line(world, "cibles", row, inside, {"realise": "formes"})
        for value, wide in ((share and share * aim, 1e-6), (left and aim - left, 0.0)):
            if value is not None:
                yield Said("cibles", row["libelle"], world.row({"formes": 1}, inside),
                           value - wide, value + wide)  # fmt: skip


def said_of_students(world: World, folder: Path) -> Iterator[Said]:
    own = _own(world)
    for name, counts in {
        "eleves_terminale": ("terminale",),
        "devenir": ("terminale", "poursuite"),
        "emploi": ("sortants", *EMPLOYED),
    }.items():
        for row in table(folder, name):
            rates = {column: column for column in row if column in RATES}
            yield from line(world, name, row, own & world.inside(row, KIND),
                            {c: c for c in counts}, rates)  # fmt: skip
            if "taux_emploi_6_mois_bas" in row:
                wide = [row[f"taux_emploi_6_mois{end}"] for end in ("_bas", "", "_haut")]
                assert len({one == "s" for one in wide}) == 1
                yield from interval(world, name, row, own & world.inside(row, KIND), wide, FINE)
    here = (world.rows["territoire"] != "Autres régions").to_numpy()
    for row in table(folder, "quadrants"):
        inside = own & here & world.inside(row | {"voie": "Voie scolaire"}, ("voie", *KIND[1:3]))
        inside &= (world.rows["millesime"] == row["millesime"]).to_numpy()
        inside &= world.inside(row, ("formation",))
        assert inside.any() or row["terminale"] == "n. d.", f"quadrants : ligne non lue, {row}"
        if len(set(world.rows.loc[inside, "diplome"])) == 1:
            rates = {c: c for c in ("taux_emploi_6_mois", "taux_poursuite")}
            counts = {c: c for c in ("terminale", "sortants")}
            yield from line(world, "quadrants", row, inside, counts, rates)
            group = world.inside(row | {"voie": "Voie scolaire"}, ("voie", "millesime")) & here
            group &= world.rows["covered"].to_numpy(bool)
            group &= (world.rows["diplome"] == world.rows.loc[inside, "diplome"].iloc[0]).to_numpy()
            yield from means(world, row, group)
            if row["quadrant"] != "Hors quadrant":
                assert "s" not in {row[c] for c in rates}, "le quadrant dit un taux masqué"
    for row in table(folder, "eleves_ensemble"):
        inside = here & world.inside(row, ("voie", "millesime"))
        if world.rows.loc[inside, "inscrits"].all():
            yield from line(world, "ensemble", row, inside, {"eleves": "terminale"})


MEANS = {"moyenne_emploi": "taux_emploi_6_mois", "moyenne_poursuite": "taux_poursuite"}
#: Quantities that sum the people trained of the report: level, or all.
TRAINED = {"secondaire": "Secondaire", "superieur": "Supérieur"}


def interval(
    world: World, table: str, row: Mapping[str, str], inside: np.ndarray, told_ends: Sequence[str],
    half: float,
) -> Iterator[Said]:  # fmt: skip
    """Yield how many left, that the width of their rate's interval (Wilson, 1927) gives.

    Each end x of the interval of a rate p on n people: (p - x)^2 = z^2 x (1 - x) / n.
    """
    low, rate, high = (told(one) for one in told_ends)
    if None in (low, rate, high) or not inside.any():
        return
    ends = [
        Z2 * (x + a) * (1 - x - a) / (abs(rate - x) + b) ** 2
        for x in (low, high) for a in (-half, half) for b in (-2 * half, 2 * half)
        if abs(rate - x) > 2 * half and 0 < x + a < 1
    ]  # fmt: skip
    if ends:
        label = " / ".join(row.values())
        yield Said(table, label, world.row({"sortants": 1}, inside), min(ends), max(ends))


def means(world: World, row: Mapping[str, str], group: np.ndarray) -> Iterator[Said]:
    """Yield what the regional means of a diploma's courses say of all of them."""
    for column, rate in MEANS.items():
        if (value := told(row[column])) is not None:
            (kind,), base = RATES[rate]
            parts, ends = ({kind: 1}, base), (value - PERCENT, value + PERCENT)
            yield from ratio(world, "moyennes", row["diplome"], group, parts, ends)


def said_of_quantities(world: World, path: Path, year: int, start: int) -> Iterator[Said]:
    """Yield what the headline quantities say of people trained, of the share of a target."""
    kept = {one["key"]: one.get("value") for one in json.loads(path.read_text())["chiffres"]}
    years = world.rows["rentree"].astype(int)
    seats = (world.rows["seats"] > 0).to_numpy() & years.between(start, year).to_numpy()
    for key, value in kept.items():
        name, _, which = key.partition("_")
        if name not in ("entrees", "avancement") or which.startswith("attendues") or value is None:
            continue
        level = (world.rows["niveau"] == TRAINED.get(which, "")).to_numpy()
        inside = seats & (level if which in TRAINED else True)
        factor = 1.0 if name == "entrees" else kept[f"cible_{which}"]
        if inside.any():
            ends = (value * factor - 1e-6, value * factor + 1e-6)
            yield Said("chiffres", key, world.row({"formes": 1}, inside), *ends)


# --- what pages say, their numbers rounded ----------------------------------------------------

#: Heads that a page's table begins with, its world, its counts, its rates, half of their unit.
PAGES: tuple[tuple[tuple[str, ...], str, dict[str, str], dict[str, str], float], ...] = (
    (("Niveau", "Filière", "Département", "Personnes formées"), "formes",
     {"Personnes formées": "formes"}, {}, 0),
    (("Filière", "Académie", "Places", "Premiers vœux"), "voeux", {"Premiers vœux": "voeux_1"},
     {"Taux de pression": "taux_pression"}, HUNDREDTH),
    (("Filière", "Voie", "Académie", "Places", "Vœux confirmés"), "voeux",
     {"Vœux confirmés": "voeux"}, {"Taux de demande": "taux_demande"}, HUNDREDTH),
    (("Niveau", "Filière", "Académie", "Places", "Entrants"), "entrants", {"Entrants": "entrants"},
     {"Taux de remplissage": "taux_remplissage"}, PERCENT),
    (("Groupe", "Millésime", "En emploi", "Sortants"), "devenir",
     {"Sortants": "sortants", "En emploi": "en_emploi_6_mois"}, {"Taux": "taux_emploi_6_mois"},
     PERCENT),
    (("Territoire", "Filière", "Niveau", "Voie", "Sortants"), "devenir",
     {"Sortants": "sortants", "En emploi": "en_emploi_6_mois"},
     {"Taux d'emploi": "taux_emploi_6_mois"}, PERCENT),
    (("Territoire", "Voie", "Millésime", "Sortants"), "devenir", {"Sortants": "sortants"},
     {f"À {n} mois": f"taux_emploi_{n}_mois" for n in HORIZONS}, PERCENT),
    (("Territoire", "Filière", "Niveau", "Voie", "Élèves"), "devenir", {"Élèves": "terminale"},
     {"En études": "taux_poursuite", "En emploi": "part_en_emploi_6_mois", "Autre": "part_autre",
      "Devenir favorable": "taux_devenir_favorable"}, PERCENT),
    (("Diplôme", "Formation", "Élèves", "Sortants"), "devenir",
     {"Élèves": "terminale", "Sortants": "sortants"},
     {"Emploi à 6 mois": "taux_emploi_6_mois", "Poursuite": "taux_poursuite"}, PERCENT),
    (("Niveau", "Millésime", "Projeté (médiane)"), "devenir", {}, {}, 0),
)  # fmt: skip
#: Words of heads that count people; a table with one is read, or is one of those that follow.
PEOPLE = {"Personnes formées", "Premiers vœux", "Vœux confirmés", "Entrants", "Élèves", "Sortants",
          "En emploi", "Observé", "Présents", "Candidats", "Diplômés", "Personnes"}  # fmt: skip
#: First heads of tables read otherwise, or that hold dates, estimates, projections or wide totals.
ELSEWHERE = {"Cible", "Ouverture", "Rentrée d'ouverture", "Scénario", "Durée", "Résultat",
             "Montant", "Maille du fichier", "Niveau", "Comparaison", "Effet"}  # fmt: skip
EFFECTS = "Pour 100 places"  # begins the first head of a table of effects


def said_of_pages(
    worlds: Mapping[str, World], folder: Path, year: int, start: int, region: str
) -> Iterator[tuple[str, Said]]:
    """Yield what the tables of pages say: the region at the report's last year, but where told."""
    own = {row["millesime"] for row in table(folder, "devenir")}
    last = max(own or set(worlds["devenir"].rows["millesime"]), default="")
    # Pages name a course without its type of diploma, the sheet of the same report with it.
    full = {
        (plain(row["diplome"]), re.sub(r" \([^()]*\)$", "", plain(row["formation"]))): row[
            "formation"
        ]
        for row in table(folder, "quadrants")
    }
    for path in sorted(folder.glob("0*.csv")):
        rows = read(path)
        for row in rows if rows and "Formation" in rows[0] else ():
            name = plain(row.get("Diplôme", "")), plain(row["Formation"])
            row["Formation"] = full.get(name, row["Formation"])
        heads = tuple(rows[0]) if rows else ()
        spec = next((one for one in PAGES if heads[: len(one[0])] == one[0]), None)
        if spec is None:
            unread = PEOPLE & set(heads)
            assert not unread or _elsewhere(heads), f"{path.name} : {unread}"
        for row in rows:
            yield from _page_line(worlds, spec, path.stem, row, (year, start, last, region))


def _elsewhere(heads: Sequence[str]) -> bool:
    return (heads[0] in ELSEWHERE or heads[0].startswith(EFFECTS) or _students(heads)
            or heads[:2] == ("Voie", "Résultat"))  # fmt: skip


def _students(heads: Sequence[str]) -> bool:
    return heads[:3] == ("Filière", "Niveau", "Voie")


def _page_line(worlds: Mapping[str, World], spec: tuple | None, name: str, row: dict, now: tuple):
    year, start, last, region = now
    if spec is None:
        for head in row if _students(tuple(row)) else ():
            if head[:2] == "20":
                world, own = worlds["devenir"], _own(worlds["devenir"])
                at = {"territoire": region, "filiere": row["Filière"], "niveau": row["Niveau"],
                      "voie": row["Voie"], "millesime": head}  # fmt: skip
                for one in line(
                    world, name, row, own & world.inside(at, KIND), {head: "terminale"}
                ):
                    yield "devenir", one
        if "Écart relatif" in row:
            for one in _compared(worlds["devenir"], name, row, region, last):
                yield "devenir", one
        return
    _, kind, counts, rates, half = spec
    world = worlds["entrants" if kind == "formes" else kind]
    dims = {"Territoire": "territoire", "Filière": "filiere", "Niveau": "niveau", "Voie": "voie",
            "Académie": "academie", "Département": "departement", "Millésime": "millesime",
            "Formation": "formation"}  # fmt: skip
    at = {dims[head]: value for head, value in row.items() if head in dims}
    at = {"territoire": region, "millesime": last, "rentree": str(year)} | at
    if "Groupe" in row:
        place, voie = row["Groupe"].rsplit(", ", 1)
        at |= {"territoire": place, "voie": voie[0].upper() + voie[1:]}
    if "Formation" in row or "Projeté (médiane)" in row:
        at |= {"voie": "Voie scolaire"}
    if kind == "formes":
        at.pop("rentree")
    inside = world.inside(at, [dim for dim in at if dim in world.rows])
    if kind == "voeux":
        inside &= ~world.zero[next(iter(counts.values()))]
    if "Projeté (médiane)" in row:
        courses = world.compared.get(("passage", row["Millésime"]), set())
        inside &= world.rows["programme"].to_numpy(bool)
        inside &= world.rows["course"].isin(courses).to_numpy()
    elif kind == "devenir":
        inside &= _own(world)
    if kind == "formes":
        years = world.rows["rentree"].astype(int)
        inside &= (world.rows["seats"] > 0).to_numpy() & years.between(start, year).to_numpy()
    nothing = all(row[column] == "n. d." for column in counts)
    assert inside.any() or nothing, f"{name} : ligne non lue, {row}"
    if "Projeté (médiane)" in row:
        value = told(row["Observé"])
        if inside.any() and value is not None:
            yield kind, Said(name, " / ".join(row.values()), world.row({"terminale": 1}, inside),
                             value - 5.5, value + 5.5)  # fmt: skip
    elif "Formation" not in row or len(set(world.rows.loc[inside, "filiere"])) == 1:
        for one in line(world, name, row, inside, counts, rates, half):
            yield kind if kind != "formes" else "entrants", one
        if "Groupe" in row:
            ends = [row[name] for name in ("De", "Taux", "À")]
            for one in interval(world, name, row, inside, ends, PERCENT):
                yield kind, one


RESULTS = {"Élèves en dernière année": "terminale", "En emploi à 6 mois": "en_emploi_6_mois"}


def _compared(world: World, name: str, row: dict, region: str, last: str) -> Iterator[Said]:
    """Yield the region's count in the courses that it is compared on, which the catalogue tells."""
    kind = RESULTS[row["Résultat"]]
    at = {"territoire": region, "voie": row["Voie"], "millesime": last}
    inside = world.rows["programme"].to_numpy(bool) & world.inside(at, KIND)
    courses = world.compared[kind, row["Voie"]]
    inside &= world.rows["course"].isin(courses).to_numpy()
    gap, change = told(row["Écart, à la dizaine"]), told(row["Écart relatif"])
    if inside.any() and gap is not None and change:
        ends = [
            (gap + a) * (1 + change + b) / (change + b)
            for a in (-5.5, 5.5) for b in (-PERCENT, PERCENT) if (change + b) * change > 0
        ]  # fmt: skip
        if len(ends) == 4:
            yield Said(name, row["Résultat"], world.row({kind: 1}, inside), min(ends), max(ends))


def _own(world: World) -> np.ndarray:
    return world.rows["programme"].to_numpy(bool) & world.rows["covered"].to_numpy(bool)


def said_of_publication(
    worlds: Mapping[str, World], path: Path, codes: Mapping[str, dict]
) -> Iterator[tuple[str, Said]]:
    """Yield what the kept publication says of each world, in the words of the tables."""
    kinds = {"entrants_programme": "formes"}
    for part in json.loads(path.read_text())["publications"]:
        name = "entrants" if part["name"] == "formes" else part["name"]
        if name not in worlds:
            continue
        world, frame, dims = worlds[name], part["frame"], part["dims"]
        keep = np.ones(len(world.rows), bool)
        for must in ("programme", "covered"):
            keep &= world.rows[must].to_numpy(bool) if must in world.rows else True
        if part["name"] == "formes":
            keep &= (world.rows["seats"] > 0).to_numpy()
        for at in range(len(frame[dims[0]])):
            row = {d.removeprefix("code_"): _word(frame[d][at], codes.get(d, {})) for d in dims}
            row |= {
                c: "s" if part["hidden"][c][at] else str(_or(frame[c][at])) for c in part["counts"]
            }
            inside = keep & world.inside(row, [d.removeprefix("code_") for d in dims])
            counts = {c: kinds.get(c, c) for c in part["counts"]}
            for one in line(world, f"publication {part['name']}", row, inside, counts):
                yield name, one


def _or(value: float | None) -> float | str:
    return "" if value is None else value


def _word(value: object, words: Mapping[object, str]) -> str:
    if isinstance(value, dict):
        return "+".join(str(one) for one in value["cumul"])
    text = words.get(value, value)
    return WHOLE if text == "Total" else str(text)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a sheet's file, none where the report has none."""
    path = next((p for s in ("", "_simule") if (p := folder / f"{name}{s}.csv").exists()), None)
    return read(path) if path else []


# --- what can be told from it ----------------------------------------------------------------


class Adversary:
    """Everything public as integer programs, one for each set of counts that nothing links."""

    def __init__(self, world: World, said: Sequence[Said]) -> None:
        self.hidden = [one for one in said if one.hidden]
        once = {
            (one.row.indices.tobytes(), one.row.data.tobytes(), one.low, one.high): one
            for one in said
        }
        told = sparse.vstack([one.row for one in once.values()], format="csr")
        matrix = sparse.vstack([*(law for law, *_ in world.laws), told], format="csr")
        ends = [[law[side] for law in world.laws] for side in (1, 2)]
        low = np.concatenate([*ends[0], [one.low for one in once.values()]]) - 1e-6
        high = np.concatenate([*ends[1], [one.high for one in once.values()]]) + 1e-6
        top = np.concatenate([np.where(world.zero[kind], 0, MOST) for kind in world.kinds])
        top[np.tile(repeated(world, told), len(world.kinds))] = 0
        self.program = Program(matrix, low, high, top)

    def ends(self) -> list[tuple[Said, float, float]]:
        """Return two values that each hidden count may take, `ENOUGH` apart if it can be."""
        if not self.hidden:
            return []
        keys = [(one.row.indices.tobytes(), one.row.data.tobytes()) for one in self.hidden]
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        rows = sparse.vstack([self.hidden[place].row for place in first.values()], format="csr")
        low, high = np.full(rows.shape[0], np.inf), np.full(rows.shape[0], -np.inf)
        block = self.program.block[rows.indices[rows.indptr[:-1]]]
        for number in np.unique(block):
            mine = np.flatnonzero(block == number)
            low[mine], high[mine] = self.program.part(number).ends(rows[mine])
        at = dict(zip(first, zip(low, high, strict=True), strict=True))
        return [(one, *at[key]) for one, key in zip(self.hidden, keys, strict=True)]


def repeated(world: World, told: sparse.csr_matrix) -> np.ndarray:
    """Return which rows of the catalogue nothing tells from an earlier one, which stands for both.

    A row that a rounded law binds is always told apart: two roundings are not that of their sum.
    """
    n, told = len(world.rows), told.tocsc()
    signs: list[list] = [[bool(world.zero[kind][row]) for kind in world.kinds] for row in range(n)]
    for at in range(told.shape[1]):
        held = slice(*told.indptr[at : at + 2])
        signs[at % n] += [told.indices[held].tobytes(), told.data[held].tobytes()]
    for law, low, high in world.laws:
        law, ends = law.tocsc(), np.c_[low, high]
        for at in range(law.shape[1]):
            held = slice(*law.indptr[at : at + 2])
            bound = ends[law.indices[held]]
            rounded = (np.isfinite(bound) & (bound != 0)).any()
            signs[at % n] += [law.data[held].tobytes(), bound.tobytes(), at if rounded else -1]
    seen: dict[tuple, int] = {}
    return np.array([seen.setdefault(tuple(one), row) != row for row, one in enumerate(signs)])


@dataclass(eq=False)
class Program:
    """Whole counts from zero to `top` whose sums `matrix` lie between two ends."""

    matrix: sparse.csr_matrix
    low: np.ndarray
    high: np.ndarray
    top: np.ndarray

    def __post_init__(self) -> None:
        links = abs(self.matrix).T @ abs(self.matrix)
        self.block = connected_components(links, directed=False)[1]

    def part(self, number: int) -> "Part":
        """Return the program of the counts of one block that may be somebody."""
        mine = self.block == number
        kept = (abs(self.matrix) @ mine.astype(float)) > 0
        used = np.flatnonzero(mine & (self.top > 0))
        return Part(self.matrix[kept][:, used], self.low[kept], self.high[kept], self.top[used],
                    used)  # fmt: skip


@dataclass(eq=False)
class Part:
    """One block of a program, and the places of its counts in the whole."""

    matrix: sparse.csr_matrix
    low: np.ndarray
    high: np.ndarray
    top: np.ndarray
    used: np.ndarray

    def best(self, weights: np.ndarray) -> np.ndarray:
        """Return the whole counts of least weight, by a linear program where that is enough."""
        for whole in (0, 1):
            found = milp(
                weights, integrality=whole, bounds=Bounds(0, self.top),
                constraints=LinearConstraint(self.matrix, self.low, self.high),
                options={"mip_rel_gap": 0.0, "node_limit": 20_000},
            )  # fmt: skip
            assert found.x is not None, "ce qui est publié se contredit"
            if np.abs(found.x - np.rint(found.x)).max() < 1e-5:
                return np.rint(found.x)
        raise AssertionError("aucun tableau entier")

    def ends(self, rows: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
        """Return two values that each sum may take, many at once, then one by one."""
        rows = rows[:, self.used]
        low, high = np.full(rows.shape[0], np.inf), np.full(rows.shape[0], -np.inf)
        rng = np.random.default_rng(0)
        for _ in range(8):
            for sign in (1, -1):
                wanted = (rng.random(len(low)) - 0.5) * ~(high - low >= ENOUGH)
                if not wanted.any():
                    return low, high
                seen = rows @ self.best(sign * (wanted @ rows))
                low, high = np.minimum(low, seen), np.maximum(high, seen)
        for place in np.flatnonzero(~(high - low >= ENOUGH)):
            if high[place] - low[place] >= ENOUGH:
                continue
            row = rows[[place]].toarray()[0]
            for sign in (1, -1):
                seen = rows @ self.best(sign * row)
                low, high = np.minimum(low, seen), np.maximum(high, seen)
        return low, high


def narrow(found: Sequence[tuple[Said, float, float]]) -> list[str]:
    """Return the hidden counts that may be small, whose interval is narrower than the rule."""
    said = []
    for one, low, high in found:
        exposed = high - low < 1 or (high - low < ENOUGH and (low <= SECRET[1] or one.by_rate))
        if exposed:
            said.append(f"{one.table} {one.label} : {low:g} à {high:g}")
    return said


# --- what open files say exists --------------------------------------------------------------


def worlds_of(p) -> dict[str, World]:
    """Return what open files and the register say exists: no count of people is read but where.

    Of the panels it takes the names of rows, places, seats, and where a count was collected.
    """
    return {"entrants": _entrants(p), "voeux": _voeux(p), "devenir": _devenir(p)}


def codes_of(p) -> dict[str, dict]:
    """Return the words of the codes that a publication holds."""
    from fpi_eval import text
    from fpi_eval.panel.regional_panel import ELSEWHERE, HERE

    place = p.donnees.programme.territoire
    years = p.inserjeunes["millesime"].unique()
    return {
        "territoire": {HERE: place.region, ELSEWHERE: "Autres régions"},
        "filiere": p.donnees.programme.mots_filieres,
        "niveau": text.NIVEAUX,
        "voie": text.VOIES,
        "code_academie": {a.code: a.nom for a in place.academies},
        "code_departement": {d.code: d.nom for d in place.departements},
        "millesime": {one: one.replace("_", "-") for one in years},
    }


def _worded(p, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with words in place of codes, the places of other regions not told."""
    known = {name: words for name, words in codes_of(p).items() if name in rows}
    named = {
        n.removeprefix("code_"): rows[n].map(lambda v, w=w: w.get(v, v)) for n, w in known.items()
    }
    out = rows.assign(**named)
    for name in ("academie", "departement", "uai", "cell", "course"):
        if name in out:
            out[name] = out[name].where(out["territoire"] != "Autres régions", "—")
    if "rentree" in out:
        out["rentree"] = out["rentree"].astype(str)
    return out.reset_index(drop=True)


def _entrants(p) -> World:
    from fpi_eval.report.published import counts

    rows = counts.cellules(p)
    rows = rows[rows["entrants"].notna() & (rows["places"] > 0)].drop(columns="seats")
    seats = counts.en_places(p)[["cell", "rentree", "seats", "entrants_programme"]]
    rows = rows.merge(seats.set_axis(["cell", "rentree", "seats", "formes"], axis=1), "left")
    rows = _worded(p, rows.fillna({"seats": 0.0}))
    keys = [*HERE_AND_FAR, *PLACES, "uai", "cell", "rentree"]
    rows = rows.groupby(keys)[["places", "seats", "entrants", "formes"]].sum().reset_index()
    world = entrants_world(rows.drop(columns=["entrants", "formes"]))
    world.truth = np.r_[rows["entrants"], rows["formes"]]
    return world


def entrants_world(rows: pd.DataFrame) -> World:
    """Return entrants and people trained: their share is public, rounded cell by cell."""
    ratio = (rows["seats"] / rows["places"]).clip(0, 1).fillna(0).to_numpy(float)
    nobody = np.zeros(len(rows), bool)
    world = World(rows, ("entrants", "formes"), {"entrants": nobody, "formes": ratio <= 0})
    within = np.flatnonzero(ratio > 0)
    if len(within):
        own, link = np.arange(len(within)), sparse.lil_matrix((len(within), 2 * len(rows)))
        link[own, len(rows) + within] = 1.0
        link[own, within] = -ratio[within]
        half = np.full(len(within), 0.5)
        world.laws.append((link.tocsr(), -half, half))
    return world


def _voeux(p) -> World:
    from fpi_eval.indicators.filieres import of_programme

    rows = of_programme(p, p.capacites.table)
    affelnet = (rows["source"] == "affelnet") & (rows["niveau"] == "secondaire")
    wished = rows["voeux_1"].where(affelnet).notna() | rows["voeux"].notna() & ~affelnet
    rows = _worded(p, rows[wished & (rows["places"] > 0)])
    known = {kind: rows[kind].notna() for kind in ("voeux_1", "voeux")}
    keys = [*HERE_AND_FAR, "voie", *PLACES, "rentree"]
    how = {"places": "sum", "voeux_1": "any", "voeux": "any"}
    truth = rows.groupby(keys)[list(known)].sum().to_numpy().T.ravel()
    rows = rows.assign(**known).groupby(keys).agg(how).reset_index()
    zero = {kind: ~rows[kind].to_numpy(bool) for kind in known}
    return World(rows, tuple(known), zero, truth=truth)


def _devenir(p) -> World:
    programme = p.donnees.programme
    rows = p.inserjeunes.assign(
        territoire=np.where(
            programme.territoire.ici(p.inserjeunes["code_region"]), "region", "autres"
        ),
        programme=p.inserjeunes["filiere"].isin(programme.codes_filieres),
        covered=p.inserjeunes["sortants"].notna(),
        inscrits=p.inserjeunes["terminale"].notna(),
        course=p.inserjeunes["course"].fillna(""),
    )
    rows = rows[rows["programme"] | (rows["territoire"] == "region")]
    types = p.identity.drop_duplicates("cfd").set_index("cfd")["niveau_diplome"]
    names = p.donnees.nomenclatures.diplomes.drop_duplicates("cfd").set_index("cfd")["libelle"]
    own = rows[(rows["territoire"] == "region") & (rows["voie"] == "scolaire")]
    keys = ["course", "millesime"]
    own = own.groupby([*keys, "cfd"], as_index=False)["terminale"].sum()
    own = own.sort_values(["terminale", "cfd"], kind="stable")
    most = own.drop_duplicates(keys, keep="last")[[*keys, "cfd"]].rename(columns={"cfd": "_cfd"})
    shown = rows[keys].merge(most, "left", keys)["_cfd"].set_axis(rows.index)
    shown = shown.fillna(rows["course"])
    rows = _worded(p, rows.assign(
        diplome=rows["course"].map(types).fillna(""),
        formation=shown.map(names).fillna(shown),
    ))  # fmt: skip
    keys = ["territoire", "filiere", "niveau", "voie", "course", "millesime", "diplome",
            "formation", "programme", "covered", "inscrits"]  # fmt: skip
    far = rows["territoire"] == "Autres régions"
    rows.loc[far, ["diplome", "formation"]] = "—"
    named, counts = rows[keys].fillna(""), rows[list(OUTCOMES)]
    truth = counts.assign(**named).groupby(keys, dropna=False).sum().to_numpy().T.ravel()
    rows = counts.notna().assign(**named).groupby(keys, dropna=False).any().reset_index()
    zero = {kind: (~rows[kind]).to_numpy() for kind in OUTCOMES}
    for kind in OUTCOMES[1:]:
        zero[kind] = zero[kind] | ~rows["covered"].to_numpy(bool)
    world = World(rows, OUTCOMES, zero, truth=truth)
    n, at = len(rows), {kind: k for k, kind in enumerate(OUTCOMES)}
    whole = sparse.identity(n, format="csr")
    nothing = sparse.csr_matrix((n, n))

    def law(**weights: float) -> sparse.csr_matrix:
        blocks = [whole * weights[k] if k in weights else nothing for k in at]
        return sparse.hstack(blocks, format="csr")[rows["covered"].to_numpy(bool)]

    k = int(rows["covered"].sum())
    none, much = np.zeros(k), np.full(k, np.inf)
    world.laws.append((law(terminale=1, poursuite=-1, sortants=-1), none, none))
    world.laws += [(law(sortants=1, **{kind: -1}), none, much) for kind in EMPLOYED]
    return world


def _of_year(p, year: int):
    import fpi_eval as fpi

    own = p.donnees
    return p if year == own.rentree else fpi.load(own.programme, year, str(own.dossier))


def _compared_courses(p) -> dict[tuple[str, str], set[str]]:
    """Return the courses that pages compare, by kind and voie, or by millésime for places."""
    from fpi_eval import text
    from fpi_eval.impact.jobs.regional import balanced
    from fpi_eval.indicators.remplissage import passage

    rows, place = p.programme_regional, p.donnees.programme.territoire
    found = {}
    for kind in RESULTS.values():
        kept = balanced(rows[rows["observe"]], kind)
        kept = kept[place.ici(kept["code_region"])]
        for voie, words in text.VOIES.items():
            found[kind, words] = set(kept.loc[kept["voie"] == voie, "course"])
    for year, seats in passage(p).groupby("annee"):  # courses whose entry seats are known
        found["passage", f"{year - 1}-{year}"] = set(seats.loc[seats["n"] > 0, "course"])
    return found


# --- the attack -------------------------------------------------------------------------------


def attack(folders: Mapping[int, Path], p) -> dict[str, tuple[int, list[str]]]:
    """Attack reports of several years together: by world, hidden counts and narrow ones."""
    worlds, said = heard(folders, p)
    assert not (wrong := misread(worlds, said)), wrong[:5]
    found = {name: Adversary(worlds[name], some).ends() for name, some in said.items() if some}
    return {name: (len(ends), narrow(ends)) for name, ends in found.items()}


def heard(folders: Mapping[int, Path], p) -> tuple[dict[str, World], dict[str, list[Said]]]:
    """Return the worlds of the open files, and all that reports of several years say of them."""
    worlds, codes = worlds_of(p), codes_of(p)
    said: dict[str, list[Said]] = {name: [] for name in worlds}
    start = p.donnees.programme.rentree_debut
    for year, folder in folders.items():
        files = folder / "tables"
        if any(files.glob("0*.csv")):
            worlds["devenir"].compared = _compared_courses(_of_year(p, year))
        said["entrants"] += said_of_entrants(worlds["entrants"], files, year, start)
        for path in folder.glob("chiffres*.json"):
            said["entrants"] += said_of_quantities(worlds["entrants"], path, year, start)
        said["voeux"] += said_of_wishes(worlds["voeux"], files)
        said["devenir"] += said_of_students(worlds["devenir"], files)
        told = [said_of_publication(worlds, path, codes) for path in folder.glob("publ*.json")]
        region = p.donnees.programme.territoire.region
        for name, one in chain(*told, said_of_pages(worlds, files, year, start, region)):
            said[name].append(one)
    return worlds, said


def misread(worlds: Mapping[str, World], said: Mapping[str, Sequence[Said]]) -> list[str]:
    """Return what the adversary reads otherwise than it is: the true counts must agree with all."""
    return [
        f"{one.table} {one.label} : {value:g} hors de {one.low:g} à {one.high:g}"
        for name, world in worlds.items()
        for one in said[name]
        if not one.low - 1e-6 <= (value := float((one.row @ world.truth)[0])) <= one.high + 1e-6
    ]


def publish(root: Path, programme, years: Sequence[int], donnees: str = ""):
    """Write what successive reports publish beside their pages; return last panels and folders.

    Each report reads what the earlier ones kept, as in `reports/<programme>/<rentree>`.
    """
    from fpi_eval.report.edition import Edition
    from fpi_eval.report.published import book

    every = {}
    for year in years:
        p, folders = published(root, programme, (year,), donnees)
        every |= folders
        edition = Edition.of(p.programme, year, simulated=p.donnees.simulees)
        shutil.rmtree(folders[year], ignore_errors=True)
        folders[year].mkdir(parents=True)
        book.write(folders[year], p, edition)
    return p, every


def kept_publication(donnees, rentree: int) -> Path:
    """Return where the report of a rentrée keeps what it published."""
    from fpi_eval.report.edition import PUBLICATION, kept_file

    return kept_file(donnees.programme, rentree, PUBLICATION, simulated=donnees.simulees)


def published(root: Path, programme, years: Sequence[int], donnees: str = ""):
    """Return the panels of the last of years, and the folders of their reports under ``root``."""
    import fpi_eval as fpi

    folder = root / "data" / programme.code
    if not folder.exists():
        folder.parent.mkdir(parents=True)
        folder.symlink_to(programme.dossier)
    p = fpi.load(programme.model_copy(update={"dossier": folder}), years[-1], donnees)
    return p, {year: kept_publication(p.donnees, year).parent for year in years}
