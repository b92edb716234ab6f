"""Write a twin as files in the formats of the real sources, traps included."""

from collections.abc import Iterable
from pathlib import Path

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.twin.draw import Twin
from fpi_eval.twin.files.codes import write_codes
from fpi_eval.twin.files.exam_results import (
    write_bac,
    write_bac_departement,
    write_cap,
    write_lycees,
)
from fpi_eval.twin.files.fine import write_fine
from fpi_eval.twin.files.job_files import write_geography, write_naf, write_urssaf
from fpi_eval.twin.files.outcome_files import write_establishments, write_regions
from fpi_eval.twin.files.parcoursup_files import write_parcoursup
from fpi_eval.twin.files.seat_files import rows_of, write_affelnet, write_bts, write_constat
from fpi_eval.twin.files.tensions import write_tensions
from fpi_eval.twin.world import FIRST, LAST


def rentrees(years: Iterable[int]) -> list[int]:
    """Return the rentrées to write, in order; raise where there is none, or one of no twin."""
    found = sorted({int(year) for year in years})
    if not found or found[0] < FIRST or found[-1] > LAST:
        asked = f"{found[0]} à {found[-1]}" if found else "aucune"
        raise FpiError(f"jumeau : les rentrées vont de {FIRST} à {LAST} (demandé : {asked}).")
    return found


@known_options
def write_files(
    twin: Twin, folder: str | Path, *, years: Iterable[int] = range(FIRST, LAST + 1)
) -> list[Path]:
    """Write the files of a twin and return their paths.

    The folder gets ``orion/``, ``inserjeunes/``, ``parcoursup/``, ``resultats/``, ``urssaf/``,
    ``geographie/``, ``dares/``, ``nomenclatures/`` and, from the first opening on, the register
    ``ouvertures.csv``, with the names, headers, encodings and line ends of the real files of
    each year. The same seed writes the same bytes.

    Parameters
    ----------
    twin : Twin
    folder : path
        Created if needed; existing files of the same name are replaced.
    years : iterable of int
        Rentrées whose seats and enrolment are written. Outcomes follow: a millésime
        ``2021_2022`` pools the leavers of June 2021 and June 2022, pupils of rentrées 2020
        and 2021.
    """
    years = rentrees(years)
    folder = Path(folder)
    span = range(max(FIRST, years[0] - 1), years[-1] + 1)
    rows = {year: rows_of(twin.whole, twin.cells, year) for year in span}
    paths = []
    for name in ("orion", "inserjeunes", "resultats"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for year in years:
        before = rows.get(year - 1, rows[year])
        paths.append(write_affelnet(rows[year], year, folder / "orion"))
        paths.append(write_bts(rows[year], year, folder / "orion"))
        paths.append(write_constat(rows[year], before, year, folder / "orion"))
    shown = {year: rows[year] for year in years}
    millesimes = [(year, year + 1) for year in years if year >= 2018 and year - 1 in rows]
    if millesimes:
        paths.append(write_regions(rows, millesimes, folder / "inserjeunes"))
        paths.append(write_fine(rows, millesimes, years[-1], folder / "inserjeunes"))
    for millesime in millesimes:
        paths += write_establishments(rows, millesime, folder / "inserjeunes")
    sessions = [year + 1 for year in years]
    paths.append(write_bac(rows, sessions, folder / "resultats"))
    paths.append(write_bac_departement(rows, sessions, folder / "resultats"))
    paths += write_cap(rows, sessions, folder / "resultats")
    paths.append(write_lycees(rows, sessions, folder / "resultats"))
    paths.append(write_urssaf(twin.jobs, twin.cells, years[-1], folder / "urssaf"))
    paths += write_geography(twin.cells, folder / "geographie")
    paths.append(write_naf(folder / "nomenclatures" / "naf2008"))
    paths.append(write_tensions(twin.seed, folder / "dares"))
    paths += write_parcoursup(shown, folder / "parcoursup")
    paths += write_codes(twin.cells, folder / "nomenclatures")
    openings = twin.openings[twin.openings["rentree"] <= years[-1]]
    if openings.empty:  # before the first opening nobody has a register
        return paths
    paths.append(folder / "ouvertures.csv")
    openings = openings.astype({"cout": int, "subvention": int})
    openings.to_csv(paths[-1], sep=";", index=False, encoding="utf-8", lineterminator="\n")
    return paths
