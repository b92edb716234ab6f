"""The only way out of the secure centre: protected tables, each with its line in the export log."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from fpi_eval.absent import Absent, or_why
from fpi_eval.calendar import employed, in_industry
from fpi_eval.disclosure import (
    Protected,
    Publication,
    Rate,
    Thresholds,
    ToPublish,
    protect,
    protect_together,
    with_margins,
)
from fpi_eval.disclosure.rules import COMPLEMENT, EFFECTIF, TOTAL, small
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Individus
from fpi_eval.records import producer_rules as rules
from fpi_eval.records.open import Records, run
from fpi_eval.records.panel import located
from fpi_eval.several_regions import worded
from fpi_eval.table_files import replace_files
from fpi_eval.text import liste

LOG = "journal_exports.csv"
GUARD = ".journal_exports.verrou"  # held while tables and their lines are put in place
MONTHS = 6  # after leaving, when work is looked at
OTHERS, UNKNOWN = "Autres secteurs", "inconnue"
PEOPLE, YEAR = "personnes", "rentree"
WAGES, DIVISIONS = [YEAR, "emploi"], [YEAR, "secteur", "division"]
INSIDE, OUTSIDE = "Industrie", "Hors industrie"
THERE, ELSEWHERE = "Industrie de la région", "Autres emplois"
ROUNDED = 10  # euros: a median of few people is one's wage
FEW_EMPLOYERS = (
    "trop peu d'employeurs, même tous secteurs réunis (industrie d'un côté, le reste de l'autre), "
    "pour sortir ce tableau : élargissez la région."
)
TOLD = (
    "trop peu de sortants : le total de l'industrie rendrait un effectif que masque le tableau par "
    "filière."
)


def thresholds(individus: Individus) -> Thresholds:
    """Return the secure centre's thresholds, as `[individus]` declares them."""
    return Thresholds(effectif_minimum=individus.effectif_minimum)


@known_options
def outcomes_table(
    counted: pd.DataFrame,
    individus: Individus,
    *,
    by: Sequence[str],
    known: Sequence[Publication] = (),
) -> Protected:
    """Return leavers, at work and in the region's industry by groups, protected, with rates.

    ``known`` are the tables of the same people already out (their ``publication``), whatever their
    groups: no difference with them gives a hidden count back. Each rentrée is protected apart, but
    with ``known``, and has no total with others: a table made a year later hides the same.
    """
    values = ["sortants", employed(MONTHS), in_industry(MONTHS)]
    rows = counted.dropna(subset=values)
    if rows.empty:
        raise FpiError(
            "aucun sortant du programme dont ces fichiers disent l'emploi à six mois : ce tableau "
            "n'a pas de ligne."
        )
    dims = list(dict.fromkeys([*by, *(dim for one in known for dim in one.dims)]))
    if lost := [dim for dim in dims if dim not in rows]:
        raise FpiError(
            f"ce qui est compté n'a pas de colonne {liste(lost)}. « by » et « known » prennent des "
            "groupes qui y sont : un tableau par d'autres groupes (secteurs, salaires) n'y est pas."
        )
    detail = rows.groupby(dims, observed=True)[values].sum().reset_index()
    rates = [
        Rate("taux_emploi", values[1], values[0]),
        Rate("part_industrie_region", values[2], values[1]),
    ]

    def safe(rows: pd.DataFrame) -> Protected:
        years = {YEAR: sorted(set(rows[YEAR]))} if YEAR in by else {}
        cells = with_margins(rows, list(by), windows=years)
        layout = ToPublish("individus", cells, tuple(values), tuple(rates))
        how: dict[str, Any] = {"dims": dims, "thresholds": thresholds(individus)}
        return protect_together(rows, [layout], known=known, **how)[layout.name]

    if known or YEAR not in by:
        return safe(detail)
    return _joined([safe(rows) for _, rows in detail.groupby(YEAR)])


def _joined(tables: Sequence[Protected]) -> Protected:
    """Return tables of other rows as one."""
    frame, hidden, reasons = (
        pd.concat([getattr(one, name) for one in tables], ignore_index=True)
        for name in ("frame", "hidden", "reasons")
    )
    known = pd.concat([one.publication.structure for one in tables], ignore_index=True)
    first = tables[0].publication
    return Protected(
        frame,
        hidden,
        sum(one.n_primary for one in tables),
        sum(one.n_complementary for one in tables),
        replace(first, frame=frame, hidden=hidden, structure=known),
        reasons,
    )


def sectors_table(records: Records) -> Protected:
    """Return people at work in their establishment's region by NAF division, employers protected.

    Leavers of the last rentrée: of several together, tables of two years would tell the last one.
    A division with too few employers, or one that employs nearly all (dominance), is merged with
    others until none is left alone: totals stay, and no difference tells an employer's staff.
    Industry stands apart: `outcomes_table` tells how many work in it, so what is hidden or merged
    in industry is so with industry alone. Where one side has too few employers in all, it is hidden
    whole, with the total of both.
    """
    found = sectors(records)
    if found.empty:
        raise FpiError("personne n'est en emploi à six mois dans la région de son établissement.")
    part = _in_industry(found["division"], records).map({True: INSIDE, False: OUTSIDE})
    sides = {
        s: or_why(partial(merged, rows, records.individus), "{why}")
        for s, rows in found.groupby(part)
    }
    told = [rows.assign(secteur=s) for s, rows in sides.items() if not isinstance(rows, Absent)]
    if not told:
        raise FpiError(FEW_EMPLOYERS)
    margins, year = [("secteur", "division"), ("secteur",), ()], found[YEAR].iloc[0]
    table = protect(
        pd.concat(told, ignore_index=True)[["secteur", "division", PEOPLE]].assign(**{YEAR: year}),
        dims=DIVISIONS,
        margins=margins[: 3 if len(told) == len(sides) else 2],
        windows={YEAR: [year]},
        values=[PEOPLE],
        thresholds=thresholds(records.individus),
        name="secteurs",
    )
    lost = [s for s, rows in sides.items() if isinstance(rows, Absent)]
    return _without(table, lost[0]) if lost else table


def beside(sectors: Protected | Absent, leavers: Protected | Absent) -> Protected | Absent:
    """Return the sectors, absent where leavers hide how many work in industry: they would tell."""
    if isinstance(sectors, Absent) or isinstance(leavers, Absent):
        return sectors
    frame, year = leavers.frame, sectors.frame[YEAR].iloc[0]
    whole = (frame[[*leavers.publication.dims]].drop(columns=YEAR) == TOTAL).all(axis=1)
    lost = leavers.hidden[in_industry(MONTHS)] & whole & (frame[YEAR] == year)
    return Absent(TOLD) if lost.any() else sectors


def _without(table: Protected, side: str) -> Protected:
    """Return the table with a side hidden whole, and the total that would give it back."""
    year = table.frame[YEAR].iloc[0]
    rows = pd.DataFrame({YEAR: year, "secteur": [side, TOTAL], "division": TOTAL})
    frame = pd.concat([table.frame, rows], ignore_index=True)
    hidden = table.hidden.reindex(frame.index, fill_value=True)
    there = rows.iloc[:1].assign(division=OTHERS, **{PEOPLE: True})
    structure = pd.concat([table.publication.structure, there], ignore_index=True)
    publication = replace(table.publication, frame=frame, hidden=hidden, structure=structure)
    return replace(
        table,
        frame=frame,
        hidden=hidden,
        n_primary=table.n_primary + 1,
        n_complementary=table.n_complementary + 1,
        publication=publication,
        reasons=pd.concat(
            [table.reasons, rows.assign(**{PEOPLE: [EFFECTIF, COMPLEMENT]})], ignore_index=True
        ),
    )


def _in_industry(divisions: pd.Series, records: Records) -> pd.Series:
    """Return which divisions are industry, for some filière at least where sectors are declared."""
    number = pd.to_numeric(divisions, errors="coerce")
    if records.secteurs is None:
        return number.between(*rules.INDUSTRY)
    return number.isin({one for some in records.secteurs.values() for one in some})


def sectors(records: Records) -> pd.DataFrame:
    """Return people, employers and the first employer's people by division: not to be shown.

    Of the last rentrée whose leavers are at work.
    """
    _asked(records, "employeur", "la règle de dominance demande l'employeur de chaque contrat")
    people = located(records, MONTHS)
    people = people.filter(
        (people["sortant"] == 1) & (rules.region_of(people["contrat"]) == people["region"])
    )
    people = people.mutate(division=rules.division_of(people["contrat"]))
    table = _employers(people.filter(people[YEAR] == people[YEAR].max()), [YEAR, "division"])
    table["division"] = table["division"].map("{:02d}".format).replace({"00": UNKNOWN})
    return table.sort_values("division", ignore_index=True, kind="stable")


def _employers(people: Any, by: list[str]) -> pd.DataFrame:
    """Return people, employers and the first employer's people, by group."""
    firms = people.group_by([*by, "employeur"]).aggregate(n=people.count())
    return run(
        firms.group_by(by).aggregate(
            personnes=firms["n"].sum(),
            employeurs=firms["employeur"].nunique(),
            premier=firms["n"].max(),
        )
    )


def _asked(records: Records, name: str, why: str) -> None:
    """Raise where contracts lack an optional column."""
    if name not in records.contracts.columns:
        raise FpiError(
            f"{why} : déclarez sa colonne dans [individus.colonnes_contrats] de programme.toml.",
            colonne=name,
        )


def wages_table(records: Records, regions: Iterable[str]) -> Protected:
    """Return the median wage of leavers of some regions at work, in their industry or elsewhere.

    One row a rentrée, to the nearest `ROUNDED` euros, without counts. A median over too few people,
    too few employers or a dominant one is hidden: no other figure is a sum that gives it back.
    """
    _asked(records, "salaire", "aucun salaire dans ces fichiers")
    _asked(records, "employeur", "la règle de dominance demande l'employeur de chaque contrat")
    people = located(records, MONTHS)
    home = people["region"].isin([int(code) for code in regions])
    people = people.filter(home & (people["sortant"] == 1) & (people["salaire"] > 0))
    factory = rules.is_industry(
        rules.division_of(people["contrat"]), people["filiere"], records.secteurs
    )
    there = factory & (rules.region_of(people["contrat"]) == people["region"])
    people = people.mutate(emploi=there.fill_null(False).ifelse(THERE, ELSEWHERE))
    medians = run(people.group_by(WAGES).aggregate(salaire_median=people["salaire"].median()))
    table = (
        _employers(people, WAGES)
        .merge(medians, on=WAGES)
        .sort_values(WAGES, ignore_index=True, kind="stable")
    )
    if table.empty:
        raise FpiError("aucun salaire de sortants du programme dans ces fichiers.")
    least = records.individus.effectif_minimum
    few = small(table[PEOPLE], thresholds(records.individus))
    lost = _at_risk(table, records.individus) | few
    rounded = (table["salaire_median"].astype(float) / ROUNDED).round() * ROUNDED
    frame = table[WAGES].assign(salaire_median=rounded.mask(lost))
    hidden = pd.DataFrame({"salaire_median": lost})
    publication = Publication("salaires", table[WAGES], tuple(WAGES), (), table[WAGES], hidden)
    behind = (table[[PEOPLE]] // ROUNDED * ROUNDED).clip(lower=least)  # no table counts them
    return Protected(frame, hidden, int(lost.sum()), 0, publication, behind)


def merged(table: pd.DataFrame, individus: Individus) -> pd.DataFrame:
    """Return sectors with those of too few or one dominant employer put together.

    An employer may be in several sectors: the group has at least as many employers as its richest
    part, and its first one at most all the first ones together. Both bounds make the rule stricter.
    """
    alone = _at_risk(table, individus)
    if not alone.any():
        return table
    rest, group = table[~alone].sort_values(PEOPLE, kind="stable"), table[alone]
    while True:
        one = pd.DataFrame(
            [
                {
                    "division": OTHERS,
                    PEOPLE: group[PEOPLE].sum(),
                    "employeurs": group["employeurs"].max(),
                    "premier": group["premier"].sum(),
                }
            ]
        )
        if len(group) > 1 and not _at_risk(one, individus).iloc[0]:
            break
        if rest.empty:
            break
        group, rest = pd.concat([group, rest.iloc[:1]]), rest.iloc[1:]
    if _at_risk(one, individus).iloc[0]:
        raise FpiError(FEW_EMPLOYERS)
    return pd.concat([rest.sort_values("division", kind="stable"), one], ignore_index=True)


def _at_risk(table: pd.DataFrame, individus: Individus) -> pd.Series:
    few = table["employeurs"] < individus.employeurs_minimum
    return few | (table["premier"] > individus.part_dominante * table[PEOPLE])


@known_options
def release(tables: Mapping[str, Protected | Absent], folder: str | Path) -> list[Path]:
    """Write protected tables as CSV and their lines in the export log; nothing else goes out.

    A table that is absent is left out. No table is out without its line.

    The log has, for each table: day, file, cells, cells hidden by a rule and to protect others,
    smallest count shown (behind medians, which no table counts: to the ten below), and the file's
    fingerprint.
    """
    known = {name: one for name, one in tables.items() if not isinstance(one, Absent)}
    for name, table in known.items():
        if not isinstance(table, Protected):
            raise FpiError(
                f"« {name} » n'est pas un tableau protégé : seuls sortent ceux de "
                "fpi_eval.records.count (« .tables »), et ceux que font "
                "fpi_eval.records.outcomes_table ou fpi_eval.disclosure.protect."
            )
    folder = Path(folder)
    files, lines = dict[Path, bytes](), []
    for name, table in known.items():
        path, text = folder / f"{name}.csv", _csv(table.display())
        files[path] = text
        lines.append(_line(path, table, text))
    if not files:
        return []
    _put(folder, files, pd.DataFrame(lines))
    return list(files)


def _put(folder: Path, files: dict[Path, bytes], lines: pd.DataFrame) -> None:
    """Put files in place after their lines of the log: two releases wait for one another."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / LOG
    with FileLock(folder / GUARD):
        before = log.read_bytes() if log.is_file() else b""
        replace_files({log: before + _csv(lines, header=not before)} | files)


def _csv(table: pd.DataFrame, *, header: bool = True) -> bytes:
    """Return a table as CSV, in the words of the programme now written of."""
    return worded(table.to_csv(sep=";", index=False, header=header, lineterminator="\n")).encode()


def _line(path: Path, table: Protected, text: bytes) -> dict[str, Any]:
    """Return the log's line of a table that goes out as this text."""
    counts = table.frame[list(table.publication.counts)]
    if counts.columns.empty:  # figures of people who are not counted in the table
        counts = table.reasons[[PEOPLE]].mask(table.hidden.any(axis=1))
    shown = counts.where(counts > 0).min(axis=None)
    return {
        "jour": date.today().isoformat(),
        "fichier": path.name,
        "cases": int(counts.size),
        "masquees_regle": table.n_primary,
        "masquees_complement": table.n_complementary,
        "plus_petit_effectif": "" if pd.isna(shown) else int(shown),
        "sha256": hashlib.sha256(text).hexdigest(),
    }
