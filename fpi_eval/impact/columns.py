"""Estimators on any long table: columns named once, checked, read as those of the cell panel."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps

import numpy as np
import pandas as pd

from fpi_eval import misspelt, text
from fpi_eval.errors import FpiError
from fpi_eval.panel import coding
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.cells import AT_ENTRY, LAG, SIZE, lag_column
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.wide import Wide, widen

ALWAYS = ("unit", "time", "dose")
OR_NONE = ("course", "region", "cluster", "departement", "famille", "size")
IF_THERE = ("duree", "other_dose", "new", "filiere", "voisinage", "exposure_etab", "exposure_dep")
LABELS = ("course", "region", "cluster", "departement", "famille")
SEATS = ("dose", "other_dose", "exposure_etab", "exposure_dep")
FRAME = {"time", "y", "dose", "lag"}  # columns of an estimation frame
TYPES = {"time": np.int64, "new": np.bool_, **dict.fromkeys(SEATS, np.float64)}
LONGEST = 10  # years of study: more are months, people or seats
NEVER_OPENED = "aucune cellule ouverte pendant la période observée."
DOC = """
    Notes
    -----
    Any long table will do, its columns named: ``unit`` (what is followed over the years), ``time``,
    ``dose`` (seats in force), ``course`` and ``region`` (compared within), ``cluster`` and
    ``departement`` (whose shocks are shared, one a unit), ``famille`` (neighbours in the
    département; without one, those of the same course), ``voisinage`` (neighbours there instead,
    if the table has it),
    ``size`` (students before, of which one keeps the mean before the first opening), ``duree``
    (years of study), ``new``, ``other_dose``, ``filiere``, ``exposure_etab`` and ``exposure_dep``
    (seats opened around, computed unless given). What the table does not have is declared None.
    ``lag``: years from entry to the outcome, a number or a column; by default 0 for outcomes at
    entry, else ``duree`` − 1 (also ``lag="duree"``), or 0 where there is no ``duree``.
"""


@misspelt.checked_fields()
@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns that estimators read; the defaults are those of the cell panel."""

    unit: str = "cell"
    time: str = "rentree"
    dose: str = "seats"
    course: str | None = "course"
    region: str | None = "code_region"
    cluster: str | None = "uai"
    departement: str | None = "code_departement"
    famille: str | None = "famille"
    voisinage: str | None = "voisinage"
    size: str | None = "entrants"
    duree: str | None = "duree"
    lag: str | int | Mapping[str, str | int] | None = None
    new: str | None = "nouvelle"
    other_dose: str | None = "autres_places"
    filiere: str | None = "filiere"
    exposure_etab: str | None = "exposure_etab"
    exposure_dep: str | None = "exposure_dep"


NAMES = tuple(f.name for f in fields(Columns))
CANONICAL: dict[str, str] = {f.name: str(f.default) for f in fields(Columns) if f.name != "lag"}


def any_table(estimator: Callable) -> Callable:
    """Return the estimator of the cell panel, open to any long table whose columns are named."""
    own = inspect.signature(estimator)
    kinds = {n: p.kind for n, p in own.parameters.items()}
    options = {n for n, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY}
    passes_on = inspect.Parameter.VAR_KEYWORD in kinds.values()
    panel, *others = own.parameters.values()
    asked = own.replace(parameters=[panel.replace(annotation=panel.empty), *others])

    @wraps(estimator)
    def run(panel, *args, **given):
        if not passes_on:
            misspelt.only_known(estimator.__name__, given, [*own.parameters, *NAMES])
        named = {n: given.pop(n) for n in NAMES if n in given and n not in options}
        misspelt.bound(estimator.__name__, inspect.signature(Columns), (), named)
        bound = misspelt.bound(estimator.__name__, asked, (panel, *args), given)
        bound.apply_defaults()
        table = as_panel(panel, named, bound.arguments.get("y"))
        return estimator(table, *bound.args[1:], **bound.kwargs)

    extra = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default)
        for f in fields(Columns)
        if f.name not in options
    ]
    shown = [*own.parameters.values(), *extra]
    signature = own.replace(parameters=sorted(shown, key=lambda p: p.kind))
    setattr(run, "__signature__", signature)  # noqa: B010 (mypy knows no such attribute)
    run.__doc__ = f"{inspect.cleandoc(estimator.__doc__ or '')}\n\n{inspect.cleandoc(DOC)}\n"
    return run


def opened(
    panel: CellPanel | pd.DataFrame,
    y: str | None,
    *,
    time: str | None,
    lag,
    duree: str | None,
    **names,
) -> Wide:
    """Return any long table as cohorts of openings, dated when their outcome can first move."""
    table = _table(panel)
    time = time or ("time" if "time" in table and "rentree" not in table else "rentree")
    if time not in table:
        coding.not_in_the_index(table, time)
        found = ", ".join(map(str, table.columns))
        raise FpiError(f"absente : nommez-la par time=… (trouvé : {found}).", colonne=time)
    y = y or ("diplomes" if time == "rentree" else "y")
    if lag is None and set(table) >= FRAME and y == "y":
        lag = 0  # an estimation frame: its openings are already those of its outcome
    coding.column(table, y)
    if lag is None:
        if duree not in (None, CANONICAL["duree"]):
            coding.column(table, duree)
        at_entry = y in AT_ENTRY or duree not in table
        years = 0 if duree is None or at_entry else _years(table, time, duree, 1) - 1
    else:
        years = _lag(table, Columns(unit=names["unit"], time=time, duree=duree), lag)
    called = lag if isinstance(lag, str) else duree or "lag"
    wide = widen(table, outcome=y, time=time, lag=years, lag_name=called, **names)
    if not len(wide.cohorts):
        raise FpiError(NEVER_OPENED, colonne=names["cohort"])
    return wide


def _table(panel: CellPanel | Sample | pd.DataFrame) -> pd.DataFrame:
    table = panel.frame if isinstance(panel, Sample) else CellPanel.of(panel).table
    if not isinstance(table, pd.DataFrame):
        raise FpiError(misspelt.no_table(table, ", une ligne par unité × année"))
    coding.some(table)
    return coding.named_once(table)


def as_panel(
    panel: CellPanel | pd.DataFrame, named: Mapping | None = None, y: str | None = None
) -> pd.DataFrame:
    """Return a table as the cell panel that estimators read: its names, its order, checked.

    A table that already is one comes back as it is.

    Raises
    ------
    FpiError
        A column that is absent and not declared None, a missing label, a year, a dose or an
        outcome that is none.
    """
    table = _table(panel)
    named = dict(named or {})
    columns = Columns(**named)
    _there(table, columns, named)
    made = _made(table, columns)
    coding.once(table, columns.unit, columns.time, made.get("rentree"))
    if y is not None:
        coding.numbers(table, y)
        if y in made:
            raise FpiError("le panel des cellules se sert de ce nom : renommez-la.", colonne=y)
    gone = {CANONICAL[r] for r in IF_THERE if getattr(columns, r) is None} - set(made)
    out = table if table.index.is_unique else table.reset_index(drop=True)
    out = out.drop(columns=gone & set(out)) if gone & set(out) else out
    return _ordered(out.assign(**made) if made else out)


def _ordered(panel: pd.DataFrame) -> pd.DataFrame:
    """Return rows by unit and year: what is drawn at random does not depend on their order."""
    unit, year = panel["cell"], panel["rentree"]
    return panel if coding.in_order(unit, year) else panel.iloc[np.lexsort((year, unit))]


def _there(table: pd.DataFrame, columns: Columns, named: Mapping) -> None:
    """Raise when a column is absent: to be named or, where that has a meaning, declared None."""
    found = ", ".join(map(str, table.columns))
    for role in ALWAYS:
        name = getattr(columns, role)
        coding.not_in_the_index(table, name)
        if name not in table:
            raise FpiError(f"absente : nommez-la par {role}=… (trouvé : {found}).", colonne=name)
    for role in IF_THERE:
        if named.get(role) is not None:
            coding.column(table, named[role])
    for name in {getattr(columns, role) for role in CANONICAL} & set(table):
        coding.column(table, name)
    absent = [r for r in OR_NONE if getattr(columns, r) not in (None, *table.columns)]
    useless = {"famille"} if columns.departement is None else set()
    useless |= {"size"} if SIZE in table and "size" not in named else set()
    absent = [r for r in absent if r not in useless]
    if absent:
        how, none = (", ".join(f"{r}={v}" for r in absent) for v in ("…", "None"))
        end = f"({how}) ou déclarez que le tableau n'en a pas ({none}). Trouvé : {found}."
        first, *others = (str(getattr(columns, r)) for r in absent)
        if not others:
            raise FpiError(f"absente : nommez-la {end}", colonne=first)
        all_absent = text.liste(f"« {name} »" for name in (first, *others))
        raise FpiError(f"colonnes {all_absent} absentes : nommez-les {end}")


def _made(table: pd.DataFrame, columns: Columns) -> dict[str, np.ndarray]:
    """Return the columns of the cell panel that the table does not have just as they are read."""
    unit, _ = coding.codes(table, columns.unit)
    read = {"unit": unit, "time": coding.years(table, columns.time)}
    for role in SEATS:
        if getattr(columns, role) in table:
            read[role] = coding.numbers(table, getattr(columns, role), missing=False)
    if columns.departement is None:
        read["exposure_dep"] = np.zeros(len(table))
    if columns.new in table:
        read["new"] = coding.numbers(table, str(columns.new), missing=False) != 0
    if columns.filiere in table and not _as_read(table, columns, "filiere"):
        read["filiere"] = np.asarray(table[columns.filiere])
    if columns.duree in table:
        read["duree"] = _years(table, columns.time, str(columns.duree), 1)
    for role in (*LABELS, *(["voisinage"] if columns.voisinage in table else ())):
        if _as_read(table, columns, role):
            coding.labels(table, getattr(columns, role))
        else:
            read[role] = _label(table, getattr(columns, role))
    for role in ("cluster", "departement"):
        if role in read and (name := getattr(columns, role)) is not None:
            coding.constant(pd.factorize(read[role])[0], unit, len(table), name)
    if columns.cluster is None:
        read["cluster"] = unit
    if columns.famille is None:  # a course of no family is its own, as in the cell panel
        read["famille"] = _label(table, columns.course)
    made = {CANONICAL[r]: v for r, v in read.items() if not _as_read(table, columns, r)}
    return made | _size(table, columns) | _lags(table, columns)


def _as_read(table: pd.DataFrame, columns: Columns, role: str) -> bool:
    """Return whether the table already has the column of a role, under its name and type."""
    name = getattr(columns, role)
    if name != CANONICAL[role] or name not in table:
        return False
    kind = table[name].dtype
    if isinstance(kind, pd.CategoricalDtype) or coding.mixed(table[name]):
        return False
    if role in ("unit", "duree"):
        return isinstance(kind, np.dtype) and kind.kind in "iu"
    return kind == TYPES[role] if role in TYPES else True


def _label(table: pd.DataFrame, name: str | None) -> np.ndarray:
    """Return the labels of a column, none missing; one label for all where there is none."""
    if name is None or name not in table:
        return np.zeros(len(table), dtype=np.int64)
    return np.asarray(coding.labels(table, name))


def _size(table: pd.DataFrame, columns: Columns) -> dict[str, np.ndarray]:
    """Return the students of each row, of which the panel keeps the mean before any opening."""
    if columns.size is None:
        return {SIZE: np.ones(len(table))}
    if columns.size not in table:  # already read
        return {}
    values, kind = coding.numbers(table, columns.size), table[columns.size].dtype
    plain = columns.size == CANONICAL["size"] and isinstance(kind, np.dtype) and kind.kind in "iuf"
    return {} if plain else {SIZE: values}


def _lags(table: pd.DataFrame, columns: Columns) -> dict[str, np.ndarray]:
    """Return the declared lags, in all or by outcome."""
    declared = columns.lag if isinstance(columns.lag, Mapping) else {"": columns.lag}
    return {
        f"{LAG} {outcome}".strip(): _lag(table, columns, lag)
        for outcome, lag in declared.items()
        if lag is not None
    }


def _lag(table: pd.DataFrame, columns: Columns, lag: str | int) -> np.ndarray:
    if lag == CANONICAL["duree"]:
        return _years(table, columns.time, columns.duree or str(lag), 1) - 1
    if isinstance(lag, str):
        found, (unit, names) = _years(table, columns.time, lag), coding.codes(table, columns.unit)
        coding.constant(found, unit, len(names), lag)
        return found
    if isinstance(lag, bool) or not isinstance(lag, int | np.integer) or lag < 0:
        raise FpiError(
            f"lag={lag!r} : un nombre d'années (0 ou plus), « duree » ou une colonne est attendu."
        )
    return np.full(len(table), int(lag))


def _years(table: pd.DataFrame, time: str, name: str, least: int = 0) -> np.ndarray:
    """Return a column of whole numbers of years, which no course has more of than the table."""
    found = lag_column(table, name, least)
    if (found > LONGEST).any():
        seen = coding.years(table, time)
        what = f"plus de {LONGEST} ans, et plus que le tableau n'en compte,"
        remedy = "une durée en années est attendue : est-ce la bonne colonne ?"
        coding.refuse(found > max(LONGEST, np.ptp(seen)), name, what, remedy)
    return found
