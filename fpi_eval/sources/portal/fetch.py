"""Bring the open-data files a programme needs, and keep account of them in a lock file.

A file has its name only once it is whole; before that it is a `.part`. A second call brings only
what changed. Files that someone edited or put there by hand are never overwritten unasked.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from fpi_eval import escapes
from fpi_eval.errors import FpiError, of_the_system
from fpi_eval.pinned import sha256
from fpi_eval.sources.known_sources import CATALOGUE
from fpi_eval.sources.portal.client import Limits, PassingFailure, Session, cut_at, open_checked
from fpi_eval.sources.portal.completeness import header, records
from fpi_eval.sources.portal.lock import LOCK, PART, Entry, read_lock, write_lock
from fpi_eval.sources.portal.portals import Request
from fpi_eval.sources.portal.transfer import HEADERS, Arrived, download, forget
from fpi_eval.sources.reading.headers import match_header
from fpi_eval.sources.reading.large import LargeFile
from fpi_eval.terminal import Terminal
from fpi_eval.text import liste, nombre, pluriel

GUARD = ".sources.verrou"  # held during a download
RECORD_MAX = 1_000_000
SHOWN = 3  # columns named in a refusal

Etat = Literal["nouveau", "mis à jour", "inchangé"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file now in the folder: whether it changed, what the lock says."""

    chemin: Path
    etat: Etat
    entree: Entry

    def summary(self) -> str:
        """Return one French line."""
        size = pluriel(self.entree.taille, "octet")
        return f"{self.chemin.name} : {self.etat} ({size}, {self.entree.licence})."


def fetch(
    requests: Sequence[Request],
    folder: Path,
    *,
    hosts: Sequence[str],
    client: httpx.Client | None = None,
    limits: Limits | None = None,
    overwrite: bool = False,
    progress: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> list[Fetched]:
    """Return the files asked for, brought into the folder where they are missing or changed.

    Parameters
    ----------
    requests : sequence of Request
        See `portals.requests_for`.
    folder : Path
        Data folder; the lock `sources.lock.json` is kept there.
    hosts : sequence of str
        The only hosts spoken to, redirects included (`portals.declared_hosts`).
    client : httpx.Client, optional
        Client to use; by default one is opened and closed, honouring the usual proxy settings.
    overwrite : bool
        Whether a file that was edited here since it came may be replaced.
    progress : bool
        Whether to show a progress bar on the error output.

    Raises
    ------
    FpiError
        After every request has been tried: what failed, file by file. What came stays.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    session_client = client or httpx.Client()
    session = Session(session_client, tuple(hosts), limits or Limits(), sleep)
    found, errors = [], []
    try:
        with _alone(folder), _bar(shown=progress) as bar:
            entries = read_lock(folder)
            for request in requests:
                try:
                    fetched = _fetch_one(session, request, folder, entries, bar, overwrite, now)
                except FpiError as error:
                    errors.append(error)
                    continue
                entries[request.fichier] = fetched.entree
                write_lock(folder, entries)
                found.append(fetched)
    finally:
        if client is None:
            session_client.close()
    _raise_all(errors, len(requests))
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse a second download into the folder: each would lose the other's lines of the lock."""
    guard = FileLock(folder / GUARD)
    try:
        guard.acquire(timeout=0)
    except Timeout:
        raise FpiError(
            "un autre téléchargement est en cours dans ce dossier. Attendez sa fin, puis relancez.",
            fichier=str(folder),
        ) from None
    try:
        yield
    finally:
        guard.release()


def _fetch_one(
    session: Session,
    request: Request,
    folder: Path,
    entries: dict[str, Entry],
    bar: Progress,
    overwrite: bool,
    now: Callable[[], datetime],
) -> Fetched:
    path = folder / request.fichier
    part = path.with_name(path.name + PART)
    before = sha256(path) if path.is_file() else ""
    entry = entries.get(request.fichier)
    intact = entry is not None and entry.sha256 == before
    known = entry if entry and intact and entry.url == request.url else None
    task = bar.add_task(escapes.terminal(request.fichier), total=None)
    try:
        version = _version(session, request)
        if known and version and version == known.version:
            forget(part)
            return Fetched(path, "inchangé", replace(known, licence=request.licence))
        path.parent.mkdir(parents=True, exist_ok=True)
        arrived = download(
            session,
            request,
            part,
            known=known,
            on_bytes=lambda received, total: bar.update(task, completed=received, total=total),
        )
        if arrived is None and known:
            kept = replace(known, licence=request.licence, version=version)
            return Fetched(path, "inchangé", kept)
        assert arrived is not None  # only a known version can be unchanged
        fresh = _entry(request, arrived, version, now())
        if entry and entry.sha256 == fresh.sha256:
            fresh = replace(fresh, date=entry.date)
        if fresh.sha256 != before:
            if intact and request.format == "csv":
                _check_header(path, arrived.part)
            _check_columns(request, arrived.part)
            _check_count(session, request, arrived.part)
        return _settle(path, arrived, fresh, before, intact or overwrite)
    except OSError as error:
        raise FpiError(
            f"écriture impossible : {of_the_system(error) or error}", fichier=request.fichier
        ) from error
    finally:
        bar.update(task, visible=False)


def _settle(path: Path, arrived: Arrived, fresh: Entry, before: str, may_replace: bool) -> Fetched:
    """Give the arrived file its name, unless the same is there, or one that was edited."""
    if fresh.sha256 == before:
        forget(arrived.part)
        return Fetched(path, "inchangé", fresh)
    if before and not may_replace:
        forget(arrived.part)
        raise FpiError(
            f"le fichier du dossier n'est pas celui de {LOCK} : il a été modifié, ou déposé à la "
            "main. Il n'a pas été remplacé. Renommez-le, ou demandez à le remplacer.",
            fichier=str(path.name),
        )
    with arrived.part.open("r+b") as stream:
        os.fsync(stream.fileno())
    arrived.part.replace(path)
    forget(arrived.part)
    return Fetched(path, "mis à jour" if before else "nouveau", fresh)


def _check_header(path: Path, part: Path) -> None:
    """Refuse a file that shares less than half of its columns with the one it would replace."""
    old, new = header(path), header(part)
    if len(old & new) * 2 >= len(old):
        return
    forget(part)
    raise FpiError(
        f"le fichier reçu a pour en-tête {liste(sorted(new)[:SHOWN])}, sans rapport avec celui "
        f"du dossier ({liste(sorted(old)[:SHOWN])}) : ce n'est pas le même tableau (page de "
        "connexion, autre jeu ?). Le fichier du dossier est gardé. S'il a vraiment changé "
        "de forme, renommez-le, puis relancez.",
        fichier=path.name,
    )


def _check_columns(request: Request, part: Path) -> None:
    """Refuse a file whose header lacks columns that the source's reader declares."""
    entry = next((one for one in CATALOGUE if one.name == request.source), None)
    refusals = []
    for schema in entry.schemas() if entry else []:
        csv = request.format == "csv"
        names = LargeFile(part, schema).header if csv else pq.read_schema(part).names
        try:
            match_header(names, schema, request.renaming, Path(request.fichier).name)
        except FpiError as error:
            refusals.append(error)
        else:
            return
    if refusals:
        forget(part)
        raise FpiError(
            f"{refusals[0]} Le fichier reçu n'est pas gardé ; s'il y en avait un dans le dossier, "
            "il y est encore."
        )


def _check_count(session: Session, request: Request, part: Path) -> None:
    """Refuse a file of fewer or more records than the portal says that the export holds."""
    told = _answer(session, request, request.compte).get("total_count")
    found = records(part, request.format)
    if not isinstance(told, int) or told == found:
        return
    forget(part)
    raise FpiError(
        f"{pluriel(found, 'ligne reçue', 'lignes reçues')}, le portail en annonce {nombre(told)} : "
        "l'export est incomplet, ou le jeu a changé pendant le téléchargement. Le fichier du "
        "dossier n'a pas changé ; relancez.",
        fichier=request.fichier,
    )


def _entry(request: Request, arrived: Arrived, version: str, now: datetime) -> Entry:
    return Entry(
        source=request.source,
        url=request.url,
        licence=request.licence,
        format=request.format,
        sha256=sha256(arrived.part),
        taille=arrived.part.stat().st_size,
        date=now.astimezone(UTC).isoformat(timespec="seconds"),
        etag=arrived.etag,
        last_modified=arrived.last_modified,
        version=version,
    )


def _version(session: Session, request: Request) -> str:
    """Return when the portal last processed the data set, "" when it does not say.

    Exports are made on demand and often carry no ETag: this date, in the data set's record, is
    then the only way to know that nothing changed without bringing the file again.
    """
    with suppress(KeyError, TypeError):
        record = _answer(session, request, request.fiche)
        return str(record["metas"]["default"]["data_processed"] or "")
    return ""


def _answer(session: Session, request: Request, address: str) -> dict:
    """Return the JSON object at an address of the portal, {} where it gives none in time."""
    if not address:
        return {}
    deadline = time.monotonic() + session.limits.read
    body = b""
    with (
        suppress(PassingFailure, httpx.TransportError, httpx.DecodingError, ValueError),
        cut_at(deadline) as trace,
    ):
        response = open_checked(session, request, address, HEADERS, deadline, trace)
        try:
            if response.status_code != 200:
                return {}
            for block in response.iter_bytes():
                body += block
                if len(body) > RECORD_MAX or time.monotonic() > deadline:
                    return {}
        finally:
            response.close()
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {}


def _raise_all(errors: list[FpiError], asked: int) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        lines = "\n  ".join(str(error) for error in errors)
        raise FpiError(
            f"{pluriel(len(errors), 'fichier')} sur {asked} n'ont pas pu être téléchargés :"
            f"\n  {lines}"
        )


def _bar(*, shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Terminal(stderr=True),
        transient=True,
        disable=not shown,
    )
