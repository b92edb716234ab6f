"""Real results by filière: places, pressure, final-year students, employment, here and elsewhere.

Every rate is a sum of counts over a sum of counts; a row whose numerator is unknown does not count
in the denominator. Courses outside the programme's filières are left out.
"""

import numpy as np
import pandas as pd

from fpi_eval.disclosure import TOTAL
from fpi_eval.panel.panels import Panels, du_programme
from fpi_eval.panel.regional_panel import HERE, territoire
from fpi_eval.sources.register.observed import repeats

BY = ["territoire", "filiere", "niveau", "voie"]


def of_programme(p: Panels, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the programme's filières, with their territory."""
    place = p.donnees.programme.territoire
    kept = table[table["filiere"].isin(p.donnees.programme.codes_filieres)]
    return kept.assign(territoire=territoire(kept["code_region"], place))


def places_constantes(p: Panels) -> pd.DataFrame:
    """Return places of cells known at two consecutive rentrées, by territory × filière × level.

    Columns: …, rentree, places_avant, places_apres, cellules, evolution. A cell is what
    renovations connect in an establishment, at one entry year: places that go from one option to
    another, or to a new code, stay in it. A cell that Affelnet repeats more one year than the
    other is left out: its places may be counted twice.
    """
    seats = of_programme(p, p.capacites.table)
    lineage = p.identity.drop_duplicates("cfd").set_index("cfd")["famille"]
    code = ["source", "uai", "voie", "mefstat11", "rentree"]
    seats = seats.assign(lignee=seats["cfd"].map(lineage), lignes=repeats(seats, code))
    cell = [*BY, "source", "uai", "lignee", "duree"]
    grouped = seats.groupby([*cell, "rentree"])
    known = grouped["places"].sum(skipna=False).to_frame().join(grouped["lignes"].max())
    known = known.dropna().reset_index()
    before = known.assign(rentree=known["rentree"] + 1).rename(columns={"places": "places_avant"})
    both = known.merge(before, on=[*cell, "rentree", "lignes"])
    table = both.groupby([*BY, "rentree"]).agg(
        places_avant=("places_avant", "sum"),
        places_apres=("places", "sum"),
        cellules=("uai", "size"),
    )
    before = table["places_avant"].where(table["places_avant"] > 0)
    table["evolution"] = table["places_apres"] / before - 1
    return table.reset_index()


def changes(same: pd.DataFrame, rentree: int) -> pd.Series:
    """Return how the places of `places_constantes` changed to a rentrée, in all, by territory.

    A territory without places the year before has no change.
    """
    rows = same[same["rentree"] == rentree].groupby("territoire")
    sums = rows[["places_avant", "places_apres"]].sum()
    sums = sums[sums["places_avant"] > 0]
    return sums["places_apres"] / sums["places_avant"] - 1


def places_par_departement(p: Panels) -> pd.DataFrame:
    """Return the region's entry places of the rentrée by département, a column per filière.

    Column `TOTAL` is their sum. 0 where no course is taught, missing where there are some of which
    no file gives the places, and where no file is of that rentrée.
    """
    facts = p.donnees.programme.territoire
    every, rentree = p.capacites.table, p.donnees.rentree
    seats = of_programme(p, every)
    rows = seats[(seats["territoire"] == HERE) & (seats["rentree"] == rentree)]
    none = 0.0 if every["rentree"].eq(rentree).any() else np.nan
    names = facts.noms_departements
    keys = [rows["code_departement"].map(names), rows["filiere"]]
    sums = rows.groupby(keys)["places"].sum(min_count=1).astype(float).rename_axis([None, None])
    cells = pd.MultiIndex.from_product(
        [list(dict.fromkeys(names.values())), list(p.donnees.programme.codes_filieres)]
    )
    table = sums.reindex(cells, fill_value=none).unstack(sort=False)  # noqa: PD010
    table[TOTAL] = table.sum(axis=1, skipna=False)
    return table.reset_index(names="departement")


def places_sur_la_carte(p: Panels) -> pd.DataFrame:
    """Return entry places and, with a register, seats opened: code, nom, places, ouvertes."""
    rows = places_par_departement(p).set_index("departement")[TOTAL]
    names, register = p.donnees.programme.territoire.noms_departements, du_programme(p)
    table = pd.DataFrame({"code": list(names), "nom": list(names.values())})
    table = table.drop_duplicates("nom", ignore_index=True)
    table["places"] = table["nom"].map(rows)
    if not register.empty:
        seats = register["places_ouvertes"].astype(float).clip(lower=0)  # closures are no openings
        opened = seats.groupby(register["code_departement"].map(names)).sum(min_count=1)
        table["ouvertes"] = opened.reindex(table["nom"], fill_value=0.0).to_numpy()
    return table
