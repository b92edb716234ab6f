"""What is wrong in the files: counted by column, never told by person, refused above a share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Individus
from fpi_eval.records import declared_files as schema
from fpi_eval.records.open import Records, open_folder, regions_table, run
from fpi_eval.records.read import NO_CODE

EMPTY, UNKNOWN, ORDER, TIME = "valeur vide", "code inconnu", "fin avant le début", "date impossible"
TWICE, ORPHAN, NO_COURSE = "écrit deux fois", "contrat sans personne", "formation sans code"
AMOUNT = "montant illisible"
FIRST_DAY, LAST_DAY = ibis.date("1950-01-01"), ibis.date("2099-12-31")


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults found: one row by table, column and kind, with rows at fault and their share.

    ``table`` columns: ``fichier``, ``colonne``, ``defaut``, ``lignes``, ``part``. No row of it
    is about one person.
    """

    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def summary(self) -> str:
        """Return French sentences, one a fault."""
        if self.table.empty:
            return "Fichiers individuels : aucun défaut."
        lines = [
            f"{row.fichier}, colonne « {row.colonne} » : {row.defaut}, "
            f"{text.pluriel(row.lignes, 'ligne')} ({text.pourcent(row.part, 2)})."
            for row in self.table.itertuples()
        ]
        return "\n".join(lines)


@known_options
def faults_of(folder: Path, individus: Individus, departements: pd.DataFrame) -> Faults:
    """Return the faults of a folder of individual files, without the rest of a year."""
    with open_folder(folder, individus, regions_table(departements)) as records:
        return examine(records)[0]


def examine(records: Records) -> tuple[Faults, Records]:
    """Return the faults of the files, and the records without the rows at fault.

    Raises `FpiError`: a fault touches more rows than ``part_fautes`` of ``[individus]``.
    """
    found = []
    kept = {}
    for what, table in ((schema.PERSONS, records.persons), (schema.CONTRACTS, records.contracts)):
        rules = _rules(what, table)
        found += _count(what, table, rules)
        wrong = {(r["colonne"], r["defaut"]) for r in found if r["fichier"] == what}
        bad = [rule(table) for key, rule in rules.items() if key in wrong]
        kept[what] = table.filter(~reduce(lambda a, b: a | b, bad)) if bad else table
    persons, contracts = kept[schema.PERSONS], kept[schema.CONTRACTS]
    found += _repeated(persons) + _orphans(persons, contracts)
    if any(row["defaut"] == TWICE for row in found):
        persons = _once(persons)
    faults = Faults(pd.DataFrame(found, columns=["fichier", "colonne", "defaut", "lignes", "part"]))
    _refuse(faults, records.individus.part_fautes)
    return faults, records.with_tables(persons, contracts)


def _rules(what: str, table: Any) -> dict[tuple[str, str], Callable]:
    """Return column and fault → expression true where a row is at fault."""
    rules: dict[tuple[str, str], Callable] = {}
    for column in schema.COLUMNS[what]:
        name = column.name
        if name not in table.columns:
            continue
        if not column.nullable:
            rules[name, EMPTY] = lambda t, n=name: t[n].isnull()
        if column.pattern:
            rules[name, UNKNOWN] = lambda t, n=name, p=column.pattern: (
                ~t[n].cast("string").re_search(p)
            ).fill_null(False)
        if column.kind == "float64":
            rules[name, AMOUNT] = lambda t, n=name: (t[n] == NO_CODE).fill_null(False)
        if column.kind == "date":
            rules[name, TIME] = lambda t, n=name: (~t[n].between(FIRST_DAY, LAST_DAY)).fill_null(
                False
            )
    if what == schema.PERSONS:
        codes = [c for c in ("mefstat11", "cfd") if c in table.columns]
        rules["mefstat11", NO_COURSE] = lambda t: reduce(
            lambda a, b: a & b, (t[c].isnull() for c in codes)
        )
    elif "fin" in table.columns:
        rules["fin", ORDER] = lambda t: (
            (t["fin"] < t["debut"]) & (t["fin"] >= FIRST_DAY)
        ).fill_null(False)
    return rules


def _count(what: str, table: Any, rules: dict) -> list[dict]:
    """Return the faults that one pass over the table counts."""
    sums = {f"f{k}": rule(table).cast("int64").sum() for k, rule in enumerate(rules.values())}
    row = run(table.aggregate(n=table.count(), **sums)).iloc[0]
    return [
        _fault(what, column, kind, int(row[f"f{k}"]), int(row["n"]))
        for k, (column, kind) in enumerate(rules)
        if row["n"] and row[f"f{k}"] > 0
    ]


def _fault(what: str, column: str, kind: str, rows: int, total: int) -> dict:
    return {
        "fichier": what,
        "colonne": column,
        "defaut": kind,
        "lignes": rows,
        "part": rows / total,
    }


def _repeated(persons: Any) -> list[dict]:
    """Return persons written more than once in a millésime. Contracts may be: a maximum is."""
    by_person = persons.group_by(["id_personne", "millesime"]).aggregate(n=persons.count())
    row = run(by_person.aggregate(lines=by_person["n"].sum(), people=by_person.count())).iloc[0]
    total = int(row["lines"] or 0)
    twice = total - int(row["people"])
    return [_fault(schema.PERSONS, "id_personne", TWICE, twice, total)] if twice else []


def _orphans(persons: Any, contracts: Any) -> list[dict]:
    """Return contracts whose person is not in the files of that millésime."""
    keys = ["id_personne", "millesime"]
    lost = run(contracts.anti_join(persons.select(*keys), keys).aggregate(n=ibis._.count()))
    rows = int(lost["n"].iloc[0])
    if not rows:
        return []
    total = int(run(contracts.aggregate(n=contracts.count()))["n"].iloc[0])
    return [_fault(schema.CONTRACTS, "id_personne", ORPHAN, rows, total)]


def _once(persons: Any) -> Any:
    """Return one row per person and millésime: the least in each column, whatever the engine."""
    keys = ["id_personne", "millesime"]
    others = [name for name in persons.columns if name not in keys]
    first = ibis.row_number().over(
        ibis.window(
            group_by=keys, order_by=[persons[n].cast("string").fill_null("") for n in others]
        )
    )
    return persons.mutate(rang=first).filter(ibis._.rang == 0).drop("rang")


def _refuse(faults: Faults, limit: float) -> None:
    worst = faults.table[faults.table["part"] > limit]
    if worst.empty:
        return
    raise FpiError(
        f"fichiers individuels refusés : un défaut touche plus de {text.pourcent(limit, 2)} des "
        f"lignes (« part_fautes » de [individus]).\n{Faults(worst).summary()}\nFaites corriger "
        "l'extraction, déclarez le bon nom de colonne, ou relevez ce seuil en le justifiant."
    )
