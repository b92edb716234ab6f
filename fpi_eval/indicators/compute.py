"""Sums of counts over sums of counts, with their intervals and comparisons."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from fpi_eval.errors import FpiError
from fpi_eval.indicators.declare import STOCKS, Indicator
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding

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
    rows = _read(panel, indicator, by)
    if indicator.niveau is not None:
        rows = rows[rows["niveau"] == indicator.niveau]
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
    found = [compute(panel, one, by) for one in indicators]
    if not found:
        raise FpiError("aucun indicateur demandé : nommez-en un au moins.")
    return pd.concat(found, ignore_index=True)


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


@known_options
def wilson(
    count: pd.Series | np.ndarray, total: pd.Series | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Wilson 95 % interval of a proportion, missing where the total is 0 or missing."""
    count, total = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    low, high = np.full(len(count), np.nan), np.full(len(count), np.nan)
    known = (total > 0) & ~np.isnan(count)
    if known.any():
        low[known], high[known] = proportion_confint(
            count[known], total[known], alpha=1 - CONFIDENCE, method="wilson"
        )
    return low, high


@known_options
def beside_last_year(
    panel: pd.DataFrame, indicator: Indicator, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Return `compute` by rentrée and group, with last year's ``reference`` and the ``ecart``."""
    keys = ["rentree", *by]
    panel = panel.assign(rentree=coding.years(panel, "rentree"))
    values = compute(panel, indicator, keys)
    before = values.assign(rentree=values["rentree"] + 1, reference=values["value"])
    both = values.merge(before[[*keys, "reference"]], "left", keys)
    return both.assign(ecart=both["value"] - both["reference"])


def _read(panel: pd.DataFrame, indicator: Indicator, by: list[str]) -> pd.DataFrame:
    """Return the panel, its counts as numbers; raise on a column that is absent."""
    extra = ["niveau"] if indicator.niveau is not None else []
    for name in (*indicator.columns, *by, *extra):
        coding.column(panel, name, f", nécessaire à « {indicator.label} »")
    if indicator.par_uai and "uai" not in by:
        raise FpiError(
            f"« {indicator.label} » est publié par établissement : ajoutez « uai » à « by », ou "
            "choisissez un autre indicateur."
        )
    return coding.with_numbers(coding.named_once(panel), indicator.columns)


def _check_sums(rows: pd.DataFrame, indicator: Indicator, by: list[str]) -> None:
    """Refuse sums that count people twice: shared cohorts, years of a stock, entry levels."""
    if "millesime" in rows and "millesime" not in by:
        cohorts = rows[[*by, "millesime"]].drop_duplicates()
        cohorts = cohorts.assign(_cohort=cohorts["millesime"].astype(str).str.split("_")).explode(
            "_cohort"
        )
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
