"""Bring one file over HTTP: bounded in size and time, resumed when it can be, retried.

The bytes go to a `.part` file; whoever calls gives it its name once it is known to be whole.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import tenacity

from fpi_eval.sources.portal.client import (
    PassingFailure,
    Session,
    check_type,
    cut_at,
    cut_or_passing,
    error_of,
    open_checked,
    refuse_passing,
    refused,
    too_long,
)
from fpi_eval.sources.portal.completeness import NoRows, NotWhole, check_whole
from fpi_eval.sources.portal.lock import PART, Entry, write_atomically
from fpi_eval.sources.portal.portals import Request
from fpi_eval.text import nombre, pluriel

#: A connection serves once: each one is known, and can be cut.
HEADERS = {"User-Agent": "fpi_eval", "Accept-Encoding": "identity", "Connection": "close"}

RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
LENGTH = re.compile(r"[0-9]{1,18}")

OnBytes = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came whole, still in its `.part`, and how the server names this version."""

    part: Path
    etag: str
    last_modified: str


def download(
    session: Session,
    request: Request,
    part: Path,
    *,
    known: Entry | None = None,
    on_bytes: OnBytes = lambda received, total: None,
) -> Arrived | None:
    """Return the arrived `.part`, or None when the portal answers that nothing has changed.

    Parameters
    ----------
    part : Path
        Where the bytes go. An earlier `.part` is resumed when the portal can prove that the
        file is still the same (strong ETag or Last-Modified, `If-Range`).
    known : Entry, optional
        The version already here, for a conditional request.
    on_bytes : callable
        Called with the octets received and the total, None when the portal does not say it.

    Raises
    ------
    FpiError
        Foreign host, refusal, wrong type, too large, too long, or passing failures that last.
    """
    limits = session.limits
    deadline = time.monotonic() + limits.total
    backoff = tenacity.wait_exponential_jitter(limits.wait, limits.wait_max, jitter=limits.wait)

    def wait(state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.wait if isinstance(failure, PassingFailure) else 0.0
        return max(backoff(state), asked)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(PassingFailure),
        stop=tenacity.stop_after_attempt(limits.attempts)
        | tenacity.stop_before_delay(limits.total),
        wait=wait,
        sleep=session.sleep,
        reraise=True,
    )
    try:
        return retrying(_attempt, session, request, part, known, on_bytes, deadline)
    except PassingFailure as error:
        tries = pluriel(retrying.statistics["attempt_number"], "essai")
        raise error_of(
            request,
            f"{error} (après {tries}). Relancez plus tard : le téléchargement reprendra où il "
            "s'est arrêté si le portail le permet.",
        ) from error


def _attempt(
    session: Session,
    request: Request,
    part: Path,
    known: Entry | None,
    on_bytes: OnBytes,
    deadline: float,
) -> Arrived | None:
    start, proof = _resumable(part, request)
    headers = HEADERS | _conditions(start, proof, known)
    with cut_at(deadline) as trace:
        response = open_checked(session, request, request.url, headers, deadline, trace)
        try:
            if response.status_code == 304 and known and not start:
                return None
            start = _accept(session, response, request, start, proof, part)
            length_known = _receive(session, response, request, start, part, on_bytes, deadline)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise cut_or_passing(error, request, session.limits, deadline) from error
        finally:
            response.close()
    _check_arrived(request, part, length_known=length_known)
    names = response.headers
    return Arrived(part, names.get("etag", ""), names.get("last-modified", ""))


def _conditions(start: int, proof: str, known: Entry | None) -> dict[str, str]:
    """Return the headers that ask only for what is missing, or only for a new version."""
    if start:
        return {"Range": f"bytes={start}-", "If-Range": proof}
    if known is None:
        return {}
    asked = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in asked.items() if value and value.isascii()}


def _accept(
    session: Session, response: httpx.Response, request: Request, start: int, proof: str, part: Path
) -> int:
    """Return from which octet the body counts, or raise for what is not the file."""
    refuse_passing(response, request, session.limits)
    status = response.status_code
    if status == 200:
        check_type(response, request)
        return 0
    if status == 206 and start and _continues(response, start, proof):
        check_type(response, request)
        return start
    if status == 416 or (status == 206 and start):
        forget(part)
        raise PassingFailure("le portail ne sait pas reprendre ce téléchargement")
    raise refused(response, request)


def _continues(response: httpx.Response, start: int, proof: str) -> bool:
    """Whether a partial answer begins where the `.part` ends, in the same version."""
    span, names = _span(response.headers), response.headers
    said = {names[name] for name in ("etag", "last-modified") if name in names}
    return span is not None and span[0] == start and (not said or proof in said)


def _span(headers: httpx.Headers) -> tuple[int, int] | None:
    """Return the first octet of a partial answer and the file's total, None if it is not clear."""
    found = RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        return None
    first, last, total = map(int, found.groups())
    return (first, total) if last < total else None


def _whole_length(headers: httpx.Headers, start: int, *, encoded: bool) -> int | None:
    """Return how many octets the file has when this answer ends, None when nobody says it."""
    length, span = headers.get("content-length", ""), _span(headers) if start else None
    if span is not None:
        return span[1]
    return start + int(length) if LENGTH.fullmatch(length) and not encoded else None


def _receive(
    session: Session,
    response: httpx.Response,
    request: Request,
    start: int,
    part: Path,
    on_bytes: OnBytes,
    deadline: float,
) -> bool:
    """Write the body after `start` octets; return whether the portal said where it ends."""
    headers = response.headers
    encoded = headers.get("content-encoding", "identity") != "identity"
    length = headers.get("content-length", "")
    total = _whole_length(headers, start, encoded=encoded)
    _check_size(request, part, total or 0, announced=True)
    _remember(part, request, headers, resumable=not encoded)
    received = start
    with part.open("r+b" if start else "wb") as stream:
        stream.seek(start)
        stream.truncate()
        for block in response.iter_bytes():
            received += len(block)
            if received > request.taille_max:
                break
            stream.write(block)
            on_bytes(received, total)
    if time.monotonic() >= deadline:  # the end of the body may be the cut
        raise too_long(request, session.limits)
    _check_size(request, part, received, announced=False)
    if total is not None and received != total:
        raise PassingFailure(f"{nombre(received)} octets reçus sur {nombre(total)} annoncés")
    return (
        LENGTH.fullmatch(length) is not None
        or headers.get("transfer-encoding", "").lower() == "chunked"
    )


def _check_size(request: Request, part: Path, size: int, *, announced: bool) -> None:
    if size <= request.taille_max:
        return
    forget(part)
    found = f"{nombre(size)} octets annoncés" if announced else "le fichier ne finit pas"
    raise error_of(
        request,
        f"{found}, attendu au plus {nombre(request.taille_max)} octets. Si cette taille est "
        f"normale, augmentez « taille_max_mo » dans [sources.{request.source}.telechargement] "
        "de programme.toml.",
    )


def _check_arrived(request: Request, part: Path, *, length_known: bool) -> None:
    try:
        check_whole(part, request.format, length_known=length_known)
    except NoRows as error:
        forget(part)
        raise error_of(
            request,
            "le fichier ne contient aucune ligne : le portail n'a rien pour ce filtre. Vérifiez "
            "« filtre » dans programme.toml ; cette rentrée n'est peut-être pas encore publiée.",
        ) from error
    except NotWhole as error:
        forget(part)
        raise PassingFailure(f"fichier incomplet : {error}") from error


def note_of(part: Path) -> Path:
    """Return the file that says which version a `.part` belongs to."""
    return part.with_name(part.name.removesuffix(PART) + ".json" + PART)


def _remember(part: Path, request: Request, headers: httpx.Headers, *, resumable: bool) -> None:
    """Note the version that the `.part` belongs to; a weak ETag cannot prove sameness."""
    etag = headers.get("etag", "")
    proof = etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")
    if resumable and proof.isascii() and proof:
        write_atomically(note_of(part), json.dumps({"url": request.url, "proof": proof}))
    else:
        note_of(part).unlink(missing_ok=True)


def _resumable(part: Path, request: Request) -> tuple[int, str]:
    """Return how many octets can be kept and the proof to ask with; 0 when none can."""
    try:
        note = json.loads(note_of(part).read_text(encoding="utf-8"))
        size = part.stat().st_size
        if note["url"] == request.url and size:
            return size, str(note["proof"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    forget(part)
    return 0, ""


def forget(part: Path) -> None:
    """Delete a `.part` and its note."""
    part.unlink(missing_ok=True)
    note_of(part).unlink(missing_ok=True)
