"""Files of persons or contracts as one lazy table: CSV, Parquet (partitioned or not), SAS7BDAT.

Nothing is loaded: the engine scans files when an expression runs. SAS files, which no engine
reads, are first turned into Parquet in the scratch folder, by pieces.
"""

import re
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from fpi_eval.errors import FpiError
from fpi_eval.pinned import verify
from fpi_eval.programme import Individus
from fpi_eval.records import declared_files as schema
from fpi_eval.sources.reading.raw import HEADER_MAX, first_record

IN_NAME = {
    "millesime": r"\d{4}[-_]\d{4}",
    "voie": "scolaire|apprentissage",
    "horizon": "6|12|18|24",
}
SUFFIXES = (".parquet", ".csv", ".sas7bdat", ".xpt")
PIECE = 200_000  # rows of a SAS file held at once
NO_CODE, NO_DAY = -1, date(1900, 1, 1)  # faults: no code or wage, before every contract
ENDLESS = 1e15  # no code or wage: written so, a number is a fault
NEVER = date(9999, 12, 31)  # an end that is not planned, written otherwise than by an empty cell


def scan(connection: Any, what: str, individus: Individus, folder: Path, scratch: Path) -> Any:
    """Return the table of ``what`` under our names and types, from every file that is declared."""
    pattern = getattr(individus, what)
    files = matching(folder, pattern)
    if not files:
        raise FpiError(
            f"aucun fichier « {pattern} » ({', '.join(SUFFIXES)}) dans ce dossier. Corrigez "
            f"« {what} » ou « dossier » dans [individus] de programme.toml.",
            fichier=str(folder),
        )
    declared = getattr(individus, f"colonnes_{what}")
    groups: dict[tuple, list[Path]] = {}
    for path, said in files:
        for part in path.rglob("*") if path.is_dir() else (path,):
            if part.is_file():
                verify(part)
        # Of files of these kinds, DuckDB tells each row's: one scan reads them all.
        one_scan = connection.name == "duckdb" and path.suffix in (".csv", ".parquet")
        key = (path.suffix, tuple(said if one_scan else said.items()), _header(path), one_scan)
        groups.setdefault(key, []).append(path)
    tables = []
    for (suffix, said, header, one_scan), paths in groups.items():
        table = _read(connection, paths, suffix, scratch, header)
        values = _from_name(table, pattern) if one_scan else dict(said)
        tables.append(_typed(table, what, values, declared, paths[0]))
    whole = _all(_alike(tables))
    if lost := set(declared) - set(whole.columns):
        raise FpiError(
            f"aucun fichier « {pattern} » n'a cette colonne. Corrigez « {min(lost)} » dans "
            f"[individus.colonnes_{what}] de programme.toml, ou retirez-la.",
            fichier=str(folder),
            colonne=declared[min(lost)],
        )
    return whole


def _from_name(table: Any, pattern: str) -> dict[str, Any]:
    """Return what the name of each row's file says, as expressions."""
    slash = r"[/\\]"  # Windows has the other one
    rule = f"(?:^|/){_rule(pattern)}(?:/|$)".replace("/", slash)
    names = re.split(r"\{(\w+)\}", pattern)[1::2]
    return {name: table["filename"].re_extract(rule, k) for k, name in enumerate(names, start=1)}


def matching(folder: Path, pattern: str) -> list[tuple[Path, dict[str, str]]]:
    """Return the files of a pattern, and what their names say of their rows."""
    parts = re.split(r"\{(\w+)\}", pattern)
    if unknown := set(parts[1::2]) - set(IN_NAME):
        raise FpiError(
            f"[individus] « {pattern} » : {{{min(unknown)}}} inconnu. Attendu : "
            f"{', '.join('{' + name + '}' for name in IN_NAME)}.",
            fichier="programme.toml",
        )
    rule = re.compile(_rule(pattern))
    found: dict[Path, dict[str, str]] = {}
    for path in sorted(folder.rglob("*")):  # a folder comes before its pieces, which it holds
        match = rule.fullmatch(path.relative_to(folder).as_posix())
        if match and found.keys().isdisjoint(path.parents):
            found[path] = match.groupdict()
    return list(found.items())


def _rule(pattern: str) -> str:
    """Return the regular expression of a declared pattern, one group a placeholder."""
    parts = re.split(r"\{(\w+)\}", pattern)
    regex = "".join(
        f"(?P<{part}>{IN_NAME[part]})" if k % 2 else re.escape(part).replace(r"\*", ".*")
        for k, part in enumerate(parts)
    )
    ends = "|".join(re.escape(s) for s in SUFFIXES)
    return regex if Path(pattern).suffix in SUFFIXES else f"{regex}(?:{ends})"


def _header(path: Path) -> tuple[str, ...]:
    """Return the names on the first line of a CSV file: an engine that guesses may take a row."""
    if path.suffix != ".csv":
        return ()
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            names = first_record(lines.read(HEADER_MAX), ";", path.name)
    except UnicodeDecodeError:
        raise FpiError(
            "ce n'est pas du texte en UTF-8 : autres accents, ou fichier compressé. "
            "Décompressez-le, ou enregistrez-le en UTF-8.",
            fichier=path.name,
        ) from None
    if not any(names):
        raise FpiError("aucun nom de colonne en première ligne. Déposez-le entier.",
                       fichier=path.name, ligne=1)  # fmt: skip
    _refuse_twice(names, path)
    return tuple(names)


def _refuse_twice(names: list[str], path: Path) -> None:
    """Raise where the first line has a name twice; not one that may be of a row, and a person's."""
    lower = [name.lower() for name in names]
    known = {c.name for columns in schema.COLUMNS.values() for c in columns}
    twice = sorted({name for name in lower if lower.count(name) > 1}, key=lambda n: n not in known)
    if twice:
        raise FpiError(
            "un nom est écrit deux fois en première ligne, ou elle n'est pas l'en-tête. Attendu : "
            "chaque colonne une seule fois, majuscules ou non.",
            fichier=path.name,
            ligne=1,
            colonne=twice[0] if twice[0] in known else None,
        )


def _read(
    connection: Any, paths: list[Path], suffix: str, scratch: Path, header: tuple[str, ...]
) -> Any:
    names = [(p / "**" / "*.parquet" if p.is_dir() else p).as_posix() for p in paths]
    if suffix in (".sas7bdat", ".xpt"):
        names = [str(converted(path, scratch)) for path in paths]
        suffix = ".parquet"
    if suffix == ".parquet":
        if connection.name != "duckdb":
            return _all([connection.read_parquet(name) for name in names])
        return connection.read_parquet(
            names, union_by_name=True, hive_partitioning=True, filename=True
        )
    if connection.name == "duckdb":  # every column as text: a code keeps its zeros
        return connection.read_csv(
            names,
            delim=";",
            header=True,
            auto_detect=False,
            quote='"',
            filename=True,
            columns=dict.fromkeys(header, "VARCHAR"),
        )
    return _all([connection.read_csv(n, header=True, sep=";", inferSchema=False) for n in names])


def _all(tables: list[Any]) -> Any:
    """Return tables one under the other, halved so that a thousand files stay ten deep."""
    if len(tables) == 1:
        return tables[0]
    middle = len(tables) // 2
    return _all(tables[:middle]).union(_all(tables[middle:]))


def converted(path: Path, scratch: Path) -> Path:
    """Return a Parquet copy of a SAS file, made by pieces in the scratch folder."""
    try:
        import pyreadstat
    except ImportError as error:
        raise FpiError(
            "lire un fichier SAS demande pyreadstat. Installez-le, dans le dossier du projet : "
            "pip install -e '.[individus]'.",
            fichier=path.name,
        ) from error
    import pyarrow as pa
    import pyarrow.parquet as pq

    reader = pyreadstat.read_sas7bdat if path.suffix == ".sas7bdat" else pyreadstat.read_xport
    target, writer = Path(tempfile.mkdtemp(dir=scratch)) / f"{path.stem}.parquet", None
    for piece, _ in pyreadstat.read_file_in_chunks(reader, str(path), chunksize=PIECE):
        table = pa.Table.from_pandas(piece, preserve_index=False)
        if writer is None:  # dates all missing in the first piece have no type yet
            kinds = (pa.string() if kind == pa.null() else kind for kind in table.schema.types)
            schema = pa.schema(list(zip(table.column_names, kinds, strict=True)))
            writer = pq.ParquetWriter(target, schema)
        writer.write_table(table.cast(writer.schema))
    if writer is None:
        raise FpiError("fichier SAS sans ligne.", fichier=path.name)
    writer.close()
    return target


def _typed(table: Any, what: str, said: dict[str, Any], declared: dict, path: Path) -> Any:
    """Return our columns with our types; what cannot be cast is a fault (`bad_rows`), not empty."""
    import ibis

    headers = [*table.columns, *(name for name in said if name not in table.columns)]
    try:
        names = schema.found(what, headers, declared)
    except FpiError as error:
        raise FpiError(str(error), fichier=path.name) from None
    columns = {}
    for column in schema.COLUMNS[what]:
        if (header := names.get(column.name)) is None:
            continue
        value = table[header] if header in table.columns else said[header]
        value = ibis.literal(value) if isinstance(value, str) else value
        columns[column.name] = _cast(value, column.kind)
    columns["millesime"] = columns["millesime"].replace("_", "-")  # one spelling in all files
    if "fin" in columns:
        columns["fin"] = columns["fin"].nullif(ibis.literal(NEVER))
    return table.select(**columns)


def _cast(value: Any, kind: str) -> Any:
    """Return a value of that kind; decimal types of both engines meet in float64."""
    if kind == "id":
        return value if value.type().is_integer() else _text(value)
    if kind == "string":
        return _text(value)
    if kind == "date":
        return _date(value)
    if not value.type().is_string():
        return _number(value, kind)
    value = value.strip().nullif("")
    number = (
        value.try_cast("float64") if kind == "int64" else value.replace(",", ".").try_cast(kind)
    )
    return _or(NO_CODE, _kept(number, kind), value)


def _number(value: Any, kind: str) -> Any:
    """Return a number as one of that kind; a floating column writes an empty cell as NaN too."""
    if not (value.type().is_floating() or value.type().is_decimal()):
        return value.cast(kind)
    value = value.cast("float64")
    value = value.isnan().ifelse(None, value)
    return _or(NO_CODE, _kept(value, kind), value)


def _kept(number: Any, kind: str) -> Any:
    """Return a finite number, without a fraction where it is a code; else nothing."""
    right = number.abs() < ENDLESS  # the one way in which both engines refuse NaN and infinity
    if kind == "int64":
        right &= number % 1 == 0
    return right.ifelse(number, None).try_cast(kind)


def _text(value: Any) -> Any:
    if value.type().is_floating():  # a SAS file has no other number
        value = value.cast("int64")
    return value.cast("string").strip().nullif("")


def _date(value: Any) -> Any:
    if not value.type().is_string():
        return value.cast("date")
    value = value.strip().nullif("")
    return _or(NO_DAY, value.try_cast("timestamp").cast("date"), value)


def _or(fault: Any, cast: Any, value: Any) -> Any:
    """Return a value cast, or one that no rule allows where it is written and cannot be."""
    import ibis

    wrong = cast.isnull() & value.notnull()
    return wrong.ifelse(ibis.literal(fault).cast(cast.type()), cast)


def _alike(tables: list[Any]) -> list[Any]:
    """Return tables with the same columns: one missing somewhere is empty there."""
    import ibis

    kinds: dict[str, Any] = {}
    for table in tables:
        kinds |= dict(table.schema().items())
    ids = {str(table["id_personne"].type()) for table in tables}
    if len(ids) > 1:
        kinds["id_personne"] = ibis.dtype("string")
    return [
        table.select(
            **{
                name: (table[name] if name in table.columns else ibis.null()).cast(kind)
                for name, kind in kinds.items()
            }
        )
        for table in tables
    ]
