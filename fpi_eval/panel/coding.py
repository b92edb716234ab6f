"""One checked reading of a table's columns: labels, years, opening years, numbers.

A missing label never becomes a code, an opening year that means *never* is recognised or refused,
and what is refused is named: column, rows, what was found, what to do.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import hint

FOUR_DIGITS = 1000
NEVER = (0, -1)  # how other packages code a unit that is never treated
SHOWN = 3  # rows named in a refusal
BLANK = "une année est attendue, ou une case vide pour « jamais »."
EXPECTED = "une année par ligne est attendue (nombre, date ou période annuelle)."


def column(table: pd.DataFrame, name: str, use: str = "") -> pd.Series:
    """Return a column; raise when it is absent, with what it is for, or there twice."""
    if isinstance(name, list | tuple):
        raise FpiError(
            f"une seule colonne est attendue, pas une liste : {text.liste(map(str, name))}."
        )
    if isinstance(name, pd.Series | np.ndarray):
        raise FpiError("le nom d'une colonne est attendu, non ses valeurs : mettez-les au tableau.")
    not_in_the_index(table, name)
    if name not in table.columns:
        found = ", ".join(map(str, table.columns))
        meant = hint(name, table.columns)
        raise FpiError(f"colonne absente{use} (trouvé : {found}).{meant}", colonne=name)
    found = table[name]
    if isinstance(found, pd.DataFrame):
        raise FpiError("deux colonnes portent ce nom : gardez-en une.", colonne=name)
    return found


def needed(table: pd.DataFrame, *names: str, use: str = "") -> None:
    """Raise when a table has not all of the columns that its reader needs, or has one twice."""
    for name in names:
        column(table, name, use)


def some(table: pd.DataFrame) -> None:
    """Raise when a table has no row."""
    if table.empty:
        raise FpiError("le tableau n'a aucune ligne : vérifiez le filtre qui l'a fait.")


def not_in_the_index(table: pd.DataFrame, name: str) -> None:
    """Raise when what is looked for among columns is a level of the index."""
    if name not in table.columns and name in table.index.names:
        raise FpiError(
            "c'est l'index du tableau : faites-en une colonne par .reset_index().", colonne=name
        )


def named_once(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without its index where a level of it is named as a column is."""
    twice = set(table.index.names) & set(table.columns)
    return table.reset_index(drop=True) if twice else table


def once(table: pd.DataFrame, unit: str, time: str, at: np.ndarray | None = None) -> None:
    """Raise when a unit has two rows in a year, or when either column is absent.

    ``at`` are the years as read, shape (n_rows,): « 2023 » and « 2023-2024 » are one.
    """
    pair = [_alike(column(table, name)) for name in (unit, time)]
    if at is not None:
        pair[1] = pd.Series(at, table.index)
    if in_order(*pair):
        return
    twice = pd.DataFrame(dict(enumerate(pair))).duplicated(keep=False).to_numpy()
    if twice.any():
        first, year = (values[twice].iloc[0] for values in pair)
        example = f"« {first} » en {str(year).removesuffix(' 00:00:00').removesuffix('.0')}"
        raise FpiError(
            "deux lignes ou plus pour une même unité et une même année "
            f"({text.pluriel(int(twice.sum()), 'ligne')}, dont {example}) : "
            "gardez-en une.",
            colonne=f"{unit} », « {time}",
        )


def in_order(unit: pd.Series, time: pd.Series) -> bool:
    """Return whether numbers go up from row to row, by unit and year: then none is there twice."""
    if not all(isinstance(c.dtype, np.dtype) and c.dtype.kind in "iuf" for c in (unit, time)):
        return False
    u, t = unit.to_numpy(), time.to_numpy()
    return bool(((u[1:] > u[:-1]) | (u[1:] == u[:-1]) & (t[1:] > t[:-1])).all())


def labels(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of labels, none missing; 84 and « 2A » in one column are both texts."""
    values = column(table, name)
    refuse(values.isna(), name, "identifiant manquant", "complétez-le ou retirez la ligne.")
    return _alike(values)


def _alike(values: pd.Series) -> pd.Series:
    return values.map(str) if mixed(values) else values


def mixed(values: pd.Series) -> bool:
    """Return whether a column holds texts and numbers together, which have no order."""
    return values.dtype == object and pd.api.types.infer_dtype(values).startswith("mixed")


def codes(table: pd.DataFrame, name: str, *, ordered: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as integers 0..k-1, in order or as they come, and them; none missing."""
    values = labels(table, name)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iu" and len(values):
        found = values.to_numpy()
        if (found[1:] >= found[:-1]).all():  # in order already: nothing to hash
            first = np.append(True, found[1:] != found[:-1])
            return np.cumsum(first) - 1, found[first]
    integers, names = pd.factorize(values, sort=ordered)
    return integers.astype(np.int64, copy=False), np.asarray(names)


def numbers(table: pd.DataFrame, name: str, *, missing: bool = True) -> np.ndarray:
    """Return a column as floats, NaN where missing; texts, dates and infinities are refused."""
    found = floats(column(table, name), name)
    refuse(np.isinf(found), name, "valeur infinie", "corrigez-la ou laissez la case vide.")
    if not missing:
        refuse(np.isnan(found), name, "valeur manquante", "complétez-la ou retirez la ligne.")
    return found


def with_numbers(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return the table, those of its columns that are no plain numbers read as such."""
    kinds = {name: column(table, name).dtype for name in names}
    odd = [n for n, k in kinds.items() if not (isinstance(k, np.dtype) and k.kind in "iuf")]
    return table.assign(**{name: numbers(table, name) for name in odd}) if odd else table


def years(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column of years, dates or annual periods as whole years, none missing."""
    found = calendar_years(column(table, name), name)
    refuse(np.isnan(found), name, "année manquante", "complétez-la ou retirez la ligne.")
    refuse(np.isinf(found), name, "année infinie", EXPECTED)
    refuse(found != np.round(found), name, "année qui n'est pas entière", EXPECTED)
    return found.astype(np.int64)


def cohorts(table: pd.DataFrame, name: str, seen: np.ndarray) -> np.ndarray:
    """Return first treated years, NaN if never; ``seen`` are the years of the table.

    Never is an empty cell or infinity; 0 or −1 too where the years seen are all above them.
    """
    found = calendar_years(column(table, name), name, BLANK)
    found = np.where(found == np.inf, np.nan, found)
    start = seen.min() if len(seen) else 1
    if start > 0:
        found = np.where(np.isin(found, NEVER), np.nan, found)
        least = FOUR_DIGITS if start >= FOUR_DIGITS else 1
        refuse(found < least, name, "année d'ouverture impossible", BLANK)
    elif start in NEVER and not np.isnan(found).any():
        why = f"{start} est une année du tableau et peut aussi vouloir dire « jamais »"
        refuse(found == start, name, why, BLANK)
    refuse(
        np.isinf(found) | (found != np.round(found)) & ~np.isnan(found),
        name,
        "année d'ouverture qui n'est pas entière",
        EXPECTED,
    )
    return found


def floats(
    values: pd.Series, name: str, remedy: str = "un nombre ou une case vide est attendu."
) -> np.ndarray:
    """Return values as floats, NaN where missing; raise on a date or a text that is no number."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind in "mM" or isinstance(values.dtype, pd.PeriodDtype):
        raise FpiError("dates trouvées : des nombres sont attendus.", colonne=name)
    if values.dtype.kind == "c":
        raise FpiError("nombres complexes : des nombres réels sont attendus.", colonne=name)
    if values.dtype.kind in "iufb" and isinstance(values.dtype, np.dtype):
        return values.to_numpy(dtype=float)
    blank = values.isna() | values.astype("string").str.strip().eq("").fillna(False)
    found = pd.to_numeric(values.where(~blank), errors="coerce").astype("Float64")
    found = found.to_numpy(dtype=float, na_value=np.nan)
    wrong = np.isnan(found) & ~blank.to_numpy(dtype=bool)
    if wrong.any():
        said = [f"« {v} »" for v in pd.unique(values[wrong])[:SHOWN]]
        what = "ne sont pas des nombres" if len(said) > 1 else "n'est pas un nombre"
        refuse(wrong, name, f"{text.liste(said)} {what}", remedy)
    return found


def calendar_years(values: pd.Series, name: str, remedy: str = EXPECTED) -> np.ndarray:
    """Return years as floats from numbers, dates or periods, NaN where missing.

    A school year written 2023-2024 is the year of its September.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if pd.api.types.infer_dtype(values, skipna=True) == "string":
        values = values.map(_september, na_action="ignore")
    if not (values.dtype.kind == "M" or isinstance(values.dtype, pd.PeriodDtype)):
        if not _dates(values.dropna()):
            return floats(values, name, remedy)
        values = pd.to_datetime(values.map(str).where(values.notna()))
    found = values.dt.year.to_numpy(dtype=float, na_value=np.nan)
    known = values.notna()
    if values[known].nunique() > len(np.unique(found[known])):
        raise FpiError("plusieurs dates dans une même année : " + EXPECTED, colonne=name)
    return found


def _september(year: str) -> str:
    """Return 2023 for « 2023-2024 », and any other text as it is."""
    found = re.fullmatch(r"\s*(\d{4})\s*[-/–]\s*(\d{4})\s*", year)
    return found[1] if found and int(found[2]) == int(found[1]) + 1 else year


def _dates(known: pd.Series) -> bool:
    """Return whether objects are dates or periods, or texts like 2019-09-01."""
    kind = pd.api.types.infer_dtype(known)
    written = kind == "string" and known.str.fullmatch(r"\d{4}-\d{2}-\d{2}.*").all()
    return len(known) > 0 and (written or kind in ("date", "datetime", "datetime64", "period"))


def constant(values: np.ndarray, unit: np.ndarray, n: int, name: str) -> np.ndarray:
    """Return one value a unit (coded 0..n-1); raise when it changes over years."""
    out = np.empty(n, dtype=values.dtype)
    out[unit] = values
    same = out[unit] == values
    if values.dtype.kind == "f":
        same |= np.isnan(values) & np.isnan(out[unit])
    if not same.all():
        raise FpiError(
            f"« {name} » change d'une année à l'autre pour {int((~same).sum())} ligne(s) : "
            "donnez une seule valeur par cellule (par exemple la moyenne avant ouverture).",
            colonne=name,
        )
    return out


def refuse(
    wrong: Sequence[bool] | np.ndarray | pd.Series, name: str, found: str, remedy: str
) -> None:
    """Raise when some rows are wrong, with their numbers in the table, counted from 1."""
    at = np.flatnonzero(np.asarray(wrong, dtype=bool)) + 1
    if not len(at):
        return
    which = text.liste(map(str, at[:SHOWN])) if len(at) <= SHOWN else f"{at[0]}, {at[1]}…"
    rows = "à la ligne" if len(at) == 1 else f"sur {len(at)} lignes :"
    raise FpiError(f"{found} {rows} {which} du tableau ; {remedy}", colonne=name)
