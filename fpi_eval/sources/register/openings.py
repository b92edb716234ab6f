"""The register of openings: one row per opening of seats, checked row by row.

The register is the programme's own, so the project defines its format: `.csv` (``;``, ``,`` or
tabs, UTF-8, UTF-16 or cp1252, Excel's ``sep=;`` line), `.xlsx` or `.ods`, columns as in
`REGISTRE`. A closure that finances an opening is a row with negative places. An empty
`places_ouvertes` means not known yet, never zero.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.programme import Territoire
from fpi_eval.sources.reading import CFD, MEFSTAT11, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming, match_header, spelling
from fpi_eval.sources.reading.raw import SEPARATORS, RawFile, read_bytes
from fpi_eval.sources.reading.reading import Provenance, Reading
from fpi_eval.sources.register.fault import plain_number
from fpi_eval.sources.register.faults import faults_of
from fpi_eval.sources.register.grid import TITLE_ROWS, TOTAL, header_row, read_grid
from fpi_eval.sources.register.known import Known
from fpi_eval.sources.register.repair import repaired
from fpi_eval.sources.territoires import departement_code
from fpi_eval.text import NIVEAUX, VOIES, pluriel

FEUILLE = "Ouvertures"
SHOWN = 20
TEXTS = (".csv", ".tsv", ".txt")
MAX_PLACES = 500

REGISTRE = TableSchema(
    name="ouvertures",
    columns=(
        column("code", "projet", "projet", nullable=False),
        column("uai", "uai", "uai", nullable=False),
        column("texte", "etablissement", "etablissement", required=False),
        column("texte", "commune", "commune", required=False),
        column("texte", "departement", "departement", required=False),
        column("texte", "academie", "academie", required=False),
        column("code", "mefstat11", "mefstat11", required=False, pattern=MEFSTAT11),
        column("code", "cfd", "cfd", required=False, pattern=CFD),
        column("texte", "formation", "formation", required=False),
        column("code", "filiere", "filiere", nullable=False),
        column("code", "niveau", "niveau", nullable=False, choices=tuple(NIVEAUX)),
        column("code", "voie", "voie", nullable=False, choices=tuple(VOIES)),
        column("entier", "rentree", "rentree", nullable=False, low=2000, high=2099),
        column("entier", "places_prevues", "places_prevues", nullable=False, low=-MAX_PLACES,
               high=MAX_PLACES),
        column("entier", "places_ouvertes", "places_ouvertes", low=-MAX_PLACES, high=MAX_PLACES),
        column("nombre", "cout", "cout", required=False, low=0),
        column("nombre", "subvention", "subvention", required=False, low=0),
    ),
    key=("projet", "uai", "mefstat11", "cfd", "voie", "rentree"),
)  # fmt: skip


def read_ouvertures(
    path: Path,
    *,
    territoire: Territoire | None = None,
    projets: Sequence[str] = (),
    filieres: Mapping[str, str] | None = None,
    renaming: Renaming | None = None,
    known: Known | None = None,
) -> Reading:
    """Return the register of openings, every row of it sound.

    Parameters
    ----------
    path : Path
        A text file (`TEXTS`), `.ods` or `.xlsx` (sheet ``Ouvertures``, or the only sheet).
    territoire : Territoire, optional
        The programme's: the département and the académie are then checked against it.
    projets : sequence of str, optional
        Projects that may be named; any without it.
    filieres : mapping, optional
        Code and French name of the filières that may be named; any without it.
    known : Known, optional
        Courses, establishments and dates against which what is written is checked.

    Returns
    -------
    Reading
        Table: the columns of `REGISTRE` (places, cout and subvention float64, NaN when empty; cfd,
        that of the mefstat11 where it is known), `code_departement` from the UAI, and `ligne`, the
        row's line in the file.

    Raises
    ------
    FpiError
        All faults of all rows, the first twenty shown: line, column, found, expected, advice.
    """
    path = Path(path)
    text = path.suffix.lower() in TEXTS
    cells, origin = (_cells_of_csv if text else _cells_of_book)(path, renaming or Renaming())
    cells, origin = _without_totals(cells, origin)
    cells = repaired(cells, known)
    named = dict(filieres or {})
    cells["filiere"] = cells["filiere"].map(lambda v: _code_of(v, named))
    if cells.empty:
        raise FpiError(
            "le registre ne contient aucune ouverture. Ajoutez une ligne par ouverture.",
            fichier=path.name,
        )
    schema = _schema(projets, tuple(named))
    faults = faults_of(cells, schema, territoire=territoire, known=known)
    if faults:
        raise _gathered(faults, path.name)
    if known is not None:  # a diploma's renovation is followed by its own code
        cells["cfd"] = [known.cfd_of(row) for row in cells.to_dict("records")]
    return Reading(_typed(cells), origin)


def _schema(projets: Sequence[str], filieres: tuple[str, ...]) -> TableSchema:
    """Return the register's columns with the projects and filières that the programme declares."""
    known = {"projet": tuple(name.upper() for name in projets), "filiere": filieres}
    columns = (replace(c, choices=known.get(c.name, c.choices)) for c in REGISTRE.columns)
    return replace(REGISTRE, columns=tuple(columns))


def _typed(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the checked strings in the register's types."""
    table = {}
    for one in REGISTRE.columns:
        values = cells[one.name]
        if one.is_number:
            table[one.name] = values.map(plain_number).astype("float64")
        else:
            table[one.name] = values.astype("str").mask(values == "")
    typed = pd.DataFrame(table)
    typed["rentree"] = typed["rentree"].astype("int64")
    typed["code_departement"] = typed["uai"].map(departement_code)
    typed["ligne"] = cells["ligne"].astype("int64")
    return typed.reset_index(drop=True)


def _gathered(faults: list[FpiError], fichier: str) -> FpiError:
    """Return one error for all the faults of the file."""
    if len(faults) == 1:
        only = faults[0]
        message = str(only).partition(" : ")[2]
        return FpiError(message, fichier=fichier, ligne=only.ligne, colonne=only.colonne)
    shown = [str(fault) for fault in faults[:SHOWN]]
    if len(faults) > SHOWN:
        shown.append(f"… et {pluriel(len(faults) - SHOWN, 'autre erreur', 'autres erreurs')}.")
    return FpiError(
        "\n  ".join([f"{pluriel(len(faults), 'erreur')} à corriger dans le registre.", *shown]),
        fichier=fichier,
    )


def _arrange(
    rows: list[list[str]], lines: list[int], header: list[str], renaming: Renaming, fichier: str
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Return the rows under our column names, blank rows left out."""
    places, unknown, absent = match_header(header, REGISTRE, renaming, fichier)
    if {"mefstat11", "cfd"} <= set(absent):
        raise FpiError(
            "aucune colonne ne dit la formation. Ajoutez « mefstat11 » ou « cfd ».",
            fichier=fichier,
            ligne=1,
            colonne="mefstat11",
        )
    kept = [(row, line) for row, line in zip(rows, lines, strict=True) if any(row)]
    cells = pd.DataFrame(
        {
            column.name: [
                row[places[column.name]] if column.name in places else "" for row, _ in kept
            ]
            for column in REGISTRE.columns
        },
        dtype=object,
    )
    cells["ligne"] = [line for _, line in kept]
    for name in ("projet", "uai", "mefstat11", "cfd"):
        cells[name] = cells[name].str.upper()
    for name, words in (("niveau", NIVEAUX), ("voie", VOIES)):
        cells[name] = cells[name].map(lambda v, w=words: _code_of(v, w))
    return cells, unknown, absent


def _code_of(value: str, words: Mapping[str, str]) -> str:
    """Return the code of a code or label as people write it (« Supérieur »: ``superieur``)."""
    known = {spelling(w): code for code, label in words.items() for w in (code, label)}
    return known.get(spelling(value), value)


def _cells_of_csv(path: Path, renaming: Renaming) -> tuple[pd.DataFrame, Provenance]:
    raw = RawFile(path, REGISTRE)
    _skip_title(raw)
    raw.refuse_swallowed_rows()
    columns = raw.strings(range(len(raw.header)))
    rows = [[str(v).strip() for v in row] for row in zip(*columns.values(), strict=True)]
    lines = list(range(2, len(rows) + 2))
    if raw.lines is not None:
        lines = [raw.lines[i] for i in range(len(rows))]
    cells, unknown, absent = _arrange(rows, lines, raw.header, renaming, path.name)
    return cells, Provenance(
        "ouvertures",
        path.name,
        raw.sha256,
        len(raw.content),
        len(cells),
        raw.encoding,
        raw.separator,
        unknown,
        absent,
    )


def _skip_title(raw: RawFile) -> None:
    """Begin at the header where title lines stand above it."""
    first = raw.text.splitlines(keepends=True)[:TITLE_ROWS]
    at = max(header_row([line.split(sep) for line in first], REGISTRE) for sep in SEPARATORS)
    if at:
        raw.skip(sum(map(len, first[:at])))
        raw.header_again()


def _without_totals(cells: pd.DataFrame, origin: Provenance) -> tuple[pd.DataFrame, Provenance]:
    """Return the rows without those that add up others: the word TOTAL, no course or school."""
    words = cells[[c.name for c in REGISTRE.columns]].apply(
        lambda column: column.map(lambda v: bool(TOTAL.match(spelling(v))))
    )
    names = ["uai", "mefstat11", "cfd"]
    totals = words.any(axis=1) & (words[names] | (cells[names] == "")).all(axis=1)
    if not totals.any():
        return cells, origin
    aside = {"ligne de total": int(totals.sum())}
    return cells[~totals].reset_index(drop=True), replace(origin, lignes_ecartees=aside)


def _cells_of_book(path: Path, renaming: Renaming) -> tuple[pd.DataFrame, Provenance]:
    content = read_bytes(path)
    grid = read_grid(content, FEUILLE, REGISTRE, path.name)
    cells, unknown, absent = _arrange(grid.rows, grid.lines, grid.header, renaming, path.name)
    digest = hashlib.sha256(content).hexdigest()
    return cells, Provenance(
        "ouvertures", path.name, digest, len(content), len(cells), grid.kind, "", unknown, absent
    )
