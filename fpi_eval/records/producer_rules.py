"""The producer's rules, as expressions that every engine reads alike.

Leaver: a final-year student not enrolled the next year, in school or as an apprentice (DEPP-Dares,
InserJeunes, « sortants »). In work at k months: a salaried contract runs on the day that counts,
in January for 6 and 18 months, in July for 12 and 24 (DEPP-Dares; the day of the month is not
published: `jour` of `[individus]`, assumed). One contract each day: the producer's main one
(``CONTRAT_PRINCIPAL``), then permanent first, then the longest, then the earliest. Industry: NAF
rev. 2 sections B to E, divisions 05 to 39 (INSEE), or the sectors declared for the filière.
Region: that of the commune of work (INSEE), beside that of residence. Public jobs count in the
producer's figures from the leavers of 2022 on; `emplois_publics = false` leaves them out for all.
"""

from collections.abc import Mapping
from typing import Any

import ibis

from fpi_eval.programme import Individus

INDUSTRY = (5, 39)  # NAF rev. 2, divisions of sections B to E
LEAVING_MONTH = 7
#: A contract as one whole number, so that the best one is a maximum: no collation, no order of
#: nulls, no tie broken at random. Low bits carry what is then read: region, division.
DIVISION, REGION, EARLY, LONG, PERMANENT, MAIN = 1, 1 << 7, 1 << 14, 1 << 30, 1 << 46, 1 << 47
ORIGIN = -7_305  # 1 January 1950, in days since 1970
DAYS = (1 << 16) - 1


def rentree(millesime: Any) -> Any:
    """Return the school year of a millésime written ``2021-2022``."""
    return millesime.left(4).cast("int64")


def day_that_counts(year: Any, horizon: Any, individus: Individus) -> Any:
    """Return the day on which work is looked at, ``horizon`` months after July of leaving."""
    months = horizon + LEAVING_MONTH - 1
    return ibis.date(
        (year + 1 + months // 12).cast("int32"),
        (months % 12 + 1).cast("int32"),
        ibis.literal(individus.jour, "int32"),
    )


def in_force(contracts: Any, individus: Individus) -> Any:
    """Return whether a contract runs on the day that counts, and is in the field."""
    day = day_that_counts(contracts["rentree"], contracts["horizon"], individus)
    runs = contracts["debut"] <= day
    if "fin" in contracts.columns:
        runs &= contracts["fin"].isnull() | (contracts["fin"] >= day)
    if not individus.emplois_publics:
        runs &= contracts["public"].fill_null(0) == 0
    return runs


def packed(contracts: Any, individus: Individus) -> Any:
    """Return a contract as a whole number, larger when it is more the main one."""
    start = (contracts["debut"].epoch_days().cast("int64") - ORIGIN).clip(0, DAYS)
    value = (DAYS - start) * EARLY
    length: Any = DAYS  # no literal of the engine, whose product would not fit
    if "fin" in contracts.columns:
        days = contracts["fin"].epoch_days().cast("int64") - ORIGIN - start
        length = days.clip(0, DAYS - 1).fill_null(DAYS)
    value += length * LONG
    if "nature" in contracts.columns:
        fixed = contracts["nature"].isin(individus.permanents).fill_null(False)
        value += fixed.cast("int64") * PERMANENT
    if "principal" in contracts.columns:
        value += contracts["principal"].fill_null(0).cast("int64") * MAIN
    division = contracts["ape"].left(2).try_cast("int64").fill_null(0)
    return value + contracts["region"].fill_null(0) * REGION + division * DIVISION


def division_of(value: Any) -> Any:
    """Return the NAF division of a packed contract, 0 if unknown."""
    return value % REGION


def region_of(value: Any) -> Any:
    """Return the region of work of a packed contract, 0 if unknown."""
    return value // REGION % (EARLY // REGION)


def is_industry(division: Any, filiere: Any, secteurs: Mapping[str, list[int]] | None) -> Any:
    """Return whether a NAF division is industry, or among the sectors of the person's filière."""
    if secteurs is None:
        return division.between(*INDUSTRY)
    chosen = ibis.literal(False)
    for code, divisions in secteurs.items():
        chosen |= (filiere == code) & division.isin(divisions)
    return chosen
