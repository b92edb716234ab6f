"""Sums of counts over sums of counts, with their intervals and comparisons."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from fpi_eval.errors import FpiError
from fpi_eval.indicators.declare import STOCKS, Indicator
from fpi_eval.misspelt import known_options

CONFIDENCE = 0.95


@known_options
def compute(panel: pd.DataFrame, indicator: Indicator, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the indicator by group.

    Parameters
    ----------
    panel : DataFrame
        Rows of counts; a row with a missing count in numerator or denominator is left out of both.
    indicator : Indicator
    by : sequence of str
        Grouping columns; none for one row.

    Returns
    -------
    DataFrame
        `by`, then `indicateur`, `numerator`, `denominator` (missing for a count), `value`,
        `ci_low`, `ci_high` (Wilson 95 %, missing unless a proportion), `n_rows` and `n_missing`
        (rows left out).

    Raises
    ------
    FpiError
        If a column is absent; if two millésimes of a group share a cohort; if stocks (places,
        wishes, entrants) would be added over years or over entry levels; if the indicator is read
        above its level; or if a proportion exceeds 1.
    """
    by = list(by)
    _check_columns(panel, indicator, by)
    rows = panel
    if indicator.niveau is not None:
        rows = panel[panel["niveau"] == indicator.niveau]
    _check_sums(rows, indicator, by)
    complete = rows[list(indicator.columns)].notna().all(axis=1)
    plus, minus = (rows[list(c)].sum(axis=1) for c in (indicator.numerator, indicator.minus))
    counts = pd.DataFrame(
        {
            "numerator": (plus - minus).where(complete),
            "denominator": np.nan
            if indicator.denominator is None
            else rows[indicator.denominator].where(complete),
            "n_rows": complete.astype(int),
            "n_missing": (~complete).astype(int),
        }
    )
    if by:
        groups = counts.groupby([rows[name] for name in by], dropna=False, observed=True)
        sums = groups.sum(min_count=1).reset_index()
    else:
        sums = counts.sum(min_count=1).to_frame().T
    return _with_value(sums, indicator, by)


@known_options
def compute_all(
    panel: pd.DataFrame, indicators: Iterable[Indicator], by: Sequence[str] = ()
) -> pd.DataFrame:
    """Return several indicators stacked, one row per indicator and group."""
    return pd.concat([compute(panel, one, by) for one in indicators], ignore_index=True)


def _with_value(sums: pd.DataFrame, indicator: Indicator, by: list[str]) -> pd.DataFrame:
    numerator, denominator = (sums[c].astype(float) for c in ("numerator", "denominator"))
    low = high = np.full(len(sums), np.nan)
    if indicator.denominator is None:
        value = numerator
    else:
        value = indicator.facteur * numerator / denominator.where(denominator > 0)
    if indicator.proportion:
        if (numerator > denominator).any():
            raise FpiError(
                f"« {indicator.label} » : le numérateur dépasse le dénominateur. Vérifiez que les "
                "deux colonnes portent sur les mêmes personnes."
            )
        low, high = wilson(numerator, denominator)
    result = sums[by].assign(indicateur=indicator.name, numerator=numerator)
    result = result.assign(denominator=denominator, value=value, ci_low=low, ci_high=high)
    return result.assign(**{c: sums[c].fillna(0).astype(int) for c in ("n_rows", "n_missing")})


def wilson(count: pd.Series, total: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the Wilson 95 % interval of a proportion, missing where the total is 0 or missing."""
    count, total = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    low, high = np.full(len(count), np.nan), np.full(len(count), np.nan)
    known = (total > 0) & ~np.isnan(count)
    if known.any():
        low[known], high[known] = proportion_confint(
            count[known], total[known], alpha=1 - CONFIDENCE, method="wilson"
        )
    return low, high


def newcombe(one: pd.DataFrame, other: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a difference of two independent proportions (Newcombe 1998, 10)."""
    p, q = one["value"].to_numpy(), other["value"].to_numpy()
    low, high = one["ci_low"].to_numpy(), one["ci_high"].to_numpy()
    low2, high2 = other["ci_low"].to_numpy(), other["ci_high"].to_numpy()
    gap = p - q
    return gap - np.hypot(p - low, high2 - q), gap + np.hypot(high - p, q - low2)


@known_options
def compare(
    panel: pd.DataFrame,
    indicator: Indicator,
    *,
    avec: str,
    by: Sequence[str] = (),
    code: str | None = None,
) -> pd.DataFrame:
    """Return the indicator beside a reference, and the gap between them.

    Parameters
    ----------
    avec : {"rentree", "millesime", "code_academie", "code_region", "code_departement"}
        A year: each value beside the previous one (for a millésime, the latest that shares no
        cohort with it). A territory: `code` beside all the others together.
    by : sequence of str
        Other grouping columns.
    code : str, optional
        The territory compared with the others.

    Returns
    -------
    DataFrame
        As `compute`, with `reference`, `ecart` and the gap's 95 % interval `ecart_low`,
        `ecart_high` (proportions only).
    """
    if avec in ("rentree", "millesime"):
        values = compute(panel, indicator, [avec, *by])
        other = values.assign(**{avec: values[avec].map(_next_year)})
        keys = [avec, *by]
    else:
        if code is None or code not in set(panel[avec]):
            raise FpiError(f"code « {code} » absent des données.", colonne=avec)
        inside = panel[avec] == code
        values = compute(panel[inside], indicator, by).assign(**{avec: code})
        other = compute(panel[~inside], indicator, by).assign(**{avec: code})
        keys = [avec, *by]
    both = values.merge(
        other[[*keys, "value", "ci_low", "ci_high"]], on=keys, how="left", suffixes=("", "_ref")
    )
    reference = both[["value_ref", "ci_low_ref", "ci_high_ref"]]
    reference = reference.set_axis(["value", "ci_low", "ci_high"], axis=1)
    low, high = newcombe(both, reference)
    result = both.drop(columns=["ci_low_ref", "ci_high_ref"])
    result = result.rename(columns={"value_ref": "reference"})
    return result.assign(
        ecart=result["value"] - result["reference"], ecart_low=low, ecart_high=high
    )


def _next_year(year: int | str) -> int | str:
    """Return the year that `year` is the reference of: two later for a two-cohort millésime."""
    if isinstance(year, str):
        first, last = (int(part) for part in year.split("_"))
        return f"{first + 2}_{last + 2}"
    return year + 1


def _check_columns(panel: pd.DataFrame, indicator: Indicator, by: list[str]) -> None:
    extra = ["niveau"] if indicator.niveau is not None else []
    for name in (*indicator.columns, *by, *extra):
        if name not in panel:
            raise FpiError(f"colonne absente, nécessaire à « {indicator.label} ».", colonne=name)
    if indicator.par_uai and "uai" not in by:
        raise FpiError(
            f"« {indicator.label} » est publié par établissement : ajoutez « uai » à « by », ou "
            "choisissez un autre indicateur."
        )


def _check_sums(rows: pd.DataFrame, indicator: Indicator, by: list[str]) -> None:
    """Refuse sums that count people twice: shared cohorts, years of a stock, entry levels."""
    if "millesime" in rows and "millesime" not in by:
        cohorts = rows[[*by, "millesime"]].drop_duplicates()
        cohorts = cohorts.assign(_cohort=cohorts["millesime"].str.split("_")).explode("_cohort")
        if cohorts.duplicated([*by, "_cohort"]).any():
            raise FpiError(
                "deux millésimes du même groupe partagent une cohorte, comptée deux fois : "
                "ajoutez « millesime » à « by », ou gardez un millésime sur deux."
            )
    if not STOCKS & set(indicator.columns):
        return
    _one_value(rows, indicator, by, "niveau_entree", "compterait les mêmes élèves deux fois")
    if indicator.denominator is None:
        _one_value(rows, indicator, by, "rentree", "additionnerait un stock sur plusieurs années")


def _one_value(
    rows: pd.DataFrame, indicator: Indicator, by: list[str], column: str, why: str
) -> None:
    if column not in rows or column in by:
        return
    pairs = rows[[*by, column]].drop_duplicates()
    several = pairs.duplicated(by).any() if by else len(pairs) > 1
    if several:
        raise FpiError(
            f"« {indicator.label} » : une somme sur « {column} » {why}. Ajoutez « {column} » à "
            "« by », ou filtrez avant.",
            colonne=column,
        )
