"""From persons and contracts to the cell panel: counts by establishment, course, voie, session."""

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from fpi_eval.calendar import HORIZONS, employed, in_industry
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.from_files import coded
from fpi_eval.panel.identity import latest_uai
from fpi_eval.panel.year import Year
from fpi_eval.records import producer_rules as rules
from fpi_eval.records.open import Records, run

KEYS = ["uai", "mefstat11", "cfd", "voie", "rentree"]
CELL = ["uai", "course", "voie", "rentree"]


def living_there(months: int) -> str:
    """Return the column of leavers in industry, wherever, who live in that region."""
    return f"en_emploi_industrie_residents_{months}"


def counts(records: Records) -> pd.DataFrame:
    """Return counts of persons by establishment × diploma code × voie × rentrée.

    Columns: the keys, ``terminale``, ``diplomes``, ``sortants``, and at each horizon those in work
    (``en_emploi_k_mois``), in the industry of the establishment's region by place of work
    (``en_emploi_industrie_region_k``), in industry and living in that region
    (``en_emploi_industrie_residents_k``). A horizon that no contract of a rentrée and voie tells is
    missing: its file was not delivered.
    """
    persons = persons_of(records)
    joined = persons.left_join(main_contracts(records), ["id_personne", "rentree"])
    sums = {
        "terminale": joined.count(),
        "diplomes": joined["diplome"].sum(),
        "sortants": joined["sortant"].sum(),
    }
    for months in HORIZONS:
        best, leaver = joined[f"contrat_{months}"], joined["sortant"] == 1
        works = leaver & best.notnull()
        factory = works & rules.is_industry(
            rules.division_of(best), joined["filiere"], records.secteurs
        )
        here = rules.region_of(best) == joined["region"]
        home = joined["region_residence"] == joined["region"]
        for name, true in (
            (employed, works),
            (in_industry, factory & here),
            (living_there, factory & home),
        ):
            sums[name(months)] = true.fill_null(False).cast("int64").sum()
    table = run(joined.group_by(KEYS).aggregate(**sums))
    return _tidy(table, list(sums))


def main_contracts(records: Records) -> Any:
    """Return one row per person: the main contract at each horizon, packed (`rules.packed`)."""
    table = _ready(records).select("id_personne", "rentree", "horizon", "contrat")
    return table.group_by(["id_personne", "rentree"]).aggregate(
        **{f"contrat_{k}": table["contrat"].max(where=table["horizon"] == k) for k in HORIZONS}
    )


def _ready(records: Records) -> Any:
    """Return contracts that run on the day that counts, each with its whole number."""
    table = records.contracts.mutate(rentree=rules.rentree(records.contracts["millesime"]))
    table = table.filter(rules.in_force(table, records.individus))
    table = _placed(table, records, "commune", "region")
    return table.mutate(contrat=rules.packed(table, records.individus))


def located(records: Records, months: int) -> Any:
    """Return persons at work at one horizon, with employer and wage of the main contract (lazy).

    Of contracts alike in all that makes the main one, the employer first in order is read.
    """
    table, keys = _ready(records).filter(ibis._.horizon == months), ["id_personne", "rentree"]
    told = {n: v for n, v in {"employeur": "", "salaire": 0.0}.items() if n in table.columns}
    order = [table["contrat"].desc(), *(table[n].fill_null(v) for n, v in told.items())]
    rank = ibis.row_number().over(ibis.window(group_by=keys, order_by=order))
    best = table.mutate(rang=rank).filter(ibis._.rang == 0).select(*keys, "contrat", *told)
    return persons_of(records).inner_join(best, keys)


def persons_of(records: Records) -> Any:
    """Return persons with rentrée, regions of establishment and residence, leaver (lazy)."""
    table = records.persons
    for name in ("mefstat11", "cfd", "commune_residence"):
        if name not in table.columns:
            table = table.mutate(**{name: ibis.null("string")})
    table = table.mutate(
        rentree=rules.rentree(table["millesime"]),
        sortant=(table["poursuite"] == 0).cast("int64"),
        prefixe=table["uai"].left(3),
    )
    table = _placed(table, records, "commune_residence", "region_residence")
    places = ibis.memtable(records.regions[["uai", "region"]].rename(columns={"uai": "prefixe"}))
    table = table.left_join(places, "prefixe").drop("prefixe_right")
    if records.filieres is None:
        return table.mutate(filiere=ibis.null("string"))
    known = ibis.memtable(records.filieres)
    table = table.mutate(code=table["mefstat11"].coalesce(table["cfd"]))
    return table.left_join(known, "code").drop("code_right")


def _placed(table: Any, records: Records, column: str, name: str) -> Any:
    """Return the table with the region of a commune, missing if its département is unknown."""
    code = table[column]
    overseas = code.startswith("97")
    table = table.mutate(prefixe_commune=overseas.ifelse(code.left(3), code.left(2)))
    places = records.regions[["commune", "region"]].set_axis(["prefixe_commune", name], axis=1)
    joined = table.left_join(ibis.memtable(places), "prefixe_commune")
    return joined.drop("prefixe_commune_right", "prefixe_commune")


def _tidy(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return whole counts sorted here, not by an engine; unseen horizons are missing."""
    table[names] = table[names].fillna(0).astype("float64")
    for months in HORIZONS:
        seen = table.groupby(["voie", "rentree"])[employed(months)].transform("sum") > 0
        for name in (employed(months), in_industry(months), living_there(months)):
            table[name] = table[name].where(seen)
    for name in KEYS[:-1]:
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    table["rentree"] = table["rentree"].astype("int64")
    return table.sort_values(KEYS, na_position="first", ignore_index=True, kind="stable")


@dataclass(frozen=True, slots=True)
class Joined:
    """The cell panel with the outcomes of individual files, and the share of persons placed."""

    panel: CellPanel
    matched: float


def with_counts(annee: Year, counted: pd.DataFrame) -> Joined:
    """Return the year's cell panel with outcomes from individual files: estimators are unchanged.

    A cell that an establishment of the files does not mention in a rentrée has nobody in its
    final year; an establishment that they do not list, or with students of an unknown course, is
    unknown.
    """
    by_cell = on_courses(annee, counted)
    names = [c for c in by_cell if c not in CELL]
    cells = annee.cells.drop(columns=[c for c in names if c in annee.cells])
    table = cells.merge(by_cell, "left", CELL, indicator="_vu")
    found = table["_vu"] == "both"
    site = ["uai", "voie", "rentree"]
    whole = by_cell["course"].notna().groupby([by_cell[name] for name in site]).all()
    listed = pd.MultiIndex.from_frame(table[site]).isin(whole[whole].index)
    told = by_cell[names].notna().groupby([by_cell["voie"], by_cell["rentree"]]).any()
    told = told.reindex(pd.MultiIndex.from_frame(table[["voie", "rentree"]]), fill_value=False)
    for name in names:
        table[name] = table[name].mask(listed & told[name].to_numpy() & ~found, 0.0)
    total = by_cell["terminale"].sum()
    matched = float(table.loc[found, "terminale"].sum() / total) if total else float("nan")
    return Joined(annee.panel.with_table(table.drop(columns="_vu")), matched)


def on_courses(annee: Year, counted: pd.DataFrame) -> pd.DataFrame:
    """Return counts by lasting establishment × course (NaN: unknown) × voie × rentrée."""
    rows = coded(annee, counted)
    rows = rows.assign(uai=latest_uai(rows["uai"], annee.donnees.changements_uai))
    names = [c for c in counted if c not in KEYS and pd.api.types.is_numeric_dtype(counted[c])]
    return rows.groupby(CELL, dropna=False)[names].sum(min_count=1).reset_index()
