"""Talk to a portal: declared hosts only, redirects checked, refusals told in French."""

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from fpi_eval.errors import FpiError
from fpi_eval.sources.portal.portals import Request
from fpi_eval.text import liste, nombre

TYPES = {
    "csv": ("text/csv", "application/csv", "text/plain"),
    "parquet": (
        "application/vnd.apache.parquet", "application/parquet", "application/x-parquet",
        "application/octet-stream", "binary/octet-stream",
    ),
}  # fmt: skip
PASSING = (408, 425, 429, 500, 502, 503, 504)
MAX_REDIRECTS = 5
_NOTICE = 4096
_ADVICE = {
    400: "Vérifiez « filtre » et « selection » dans",
    401: "Ce jeu n'est pas public : vérifiez « jeu » dans",
    403: "Ce jeu n'est pas public : vérifiez « jeu » dans",
    404: "Jeu introuvable, ou pas encore publié sous ce nom (une session en cours l'est parfois "
    "sans année) : vérifiez « jeu », et « hote » du portail, dans",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Patience towards a portal: times in seconds, `attempts` in all for one file.

    `total` bounds one file, waits and retries included, whatever the portal drips; what is asked
    about it before and after (its date, its count), `read` each. A portal that asks (Retry-After)
    for more than `wait_max` is not waited for.
    """

    connect: float = 15.0
    read: float = 60.0
    total: float = 1800.0
    attempts: int = 5
    wait: float = 1.0
    wait_max: float = 120.0


@dataclass(frozen=True, slots=True)
class Session:
    """An HTTP client, the only hosts it may speak to, and its limits."""

    client: httpx.Client
    hosts: Sequence[str]
    limits: Limits = Limits()
    sleep: Callable[[float], None] = time.sleep


LONGEST = 1e9  # seconds: beyond, a portal asks for nothing clear


class PassingFailure(Exception):
    """A failure worth another try, in French, and the seconds the portal asks to wait."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


Trace = Callable[[str, dict[str, Any]], None]


@contextmanager
def cut_at(deadline: float) -> Iterator[Trace]:
    """Cut at the deadline the connections opened within, even one that drips without an end.

    Time-outs of the client begin again at each octet: a header or the length of a block that comes
    letter by letter would hold it for ever.
    """
    sockets: list[socket.socket] = []

    def trace(event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            sockets.append(info["return_value"].get_extra_info("socket"))

    def cut() -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def open_checked(
    session: Session,
    request: Request,
    address: str,
    headers: dict[str, str],
    deadline: float,
    trace: Trace,
) -> httpx.Response:
    """Return the open response, every redirect having been checked against the hosts.

    ``deadline``: time (`time.monotonic`) after which to give up. ``trace``: told of each connection
    (`cut_at`).
    """
    url = check_host(request, address, session.hosts)
    for _ in range(MAX_REDIRECTS + 1):
        response = _send(session, request, url, headers, deadline, trace)
        if not response.has_redirect_location:
            return response
        target = response.headers["location"]
        response.close()
        with suppress(httpx.InvalidURL):
            target = str(url.join(target))
        url = check_host(request, target, session.hosts, redirected_from=url.host)
    raise error_of(
        request,
        f"plus de {MAX_REDIRECTS} redirections, sans arriver à un fichier. Vérifiez « hote » "
        "et « jeu » dans programme.toml.",
    )


def _send(
    session: Session,
    request: Request,
    url: httpx.URL,
    headers: dict[str, str],
    deadline: float,
    trace: Trace,
) -> httpx.Response:
    left, limits = deadline - time.monotonic(), session.limits
    if left <= 0:
        raise too_long(request, limits)
    timeout = httpx.Timeout(min(limits.read, left), connect=min(limits.connect, left))
    query = session.client.build_request(
        "GET", url, headers=headers, timeout=timeout, extensions={"trace": trace}
    )
    try:
        return session.client.send(query, stream=True, follow_redirects=False)
    except httpx.TransportError as error:
        raise cut_or_passing(error, request, limits, deadline) from error


def check_host(
    request: Request, address: str, hosts: Sequence[str], *, redirected_from: str = ""
) -> httpx.URL:
    """Return the URL if it is on a declared host, and https or loopback; else refuse it."""
    try:
        url = httpx.URL(address)
        declared = [httpx.URL(h if "://" in h else f"https://{h}") for h in hosts]
    except httpx.InvalidURL as error:
        raise error_of(request, f"adresse illisible ({error}).") from error
    before = f"« {redirected_from} » renvoie vers " if redirected_from else ""
    same_name = [host for host in declared if host.host == url.host]
    if not url.host or not same_name:
        known = liste(sorted({host.host for host in declared})) or "aucun"
        raise FpiError(
            f"{before}« {url.host or address} », qui n'est pas un hôte déclaré. Attendu : {known}. "
            "Si cet hôte est sûr, déclarez-le dans [portails] de programme.toml ; sinon, ne "
            "téléchargez pas ce fichier.",
            fichier=request.fichier,
        )
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise FpiError(
            f"{before}« {url.scheme}://{url.host} » : connexion non chiffrée refusée. "
            "Attendu : une adresse en https:// (« hote » de programme.toml).",
            fichier=request.fichier,
        )
    if url.port not in {host.port for host in same_name}:
        raise FpiError(
            f"{before}« {url.host} », port {url.port or 443}, qui n'est pas déclaré. Corrigez "
            "« hote » dans [portails] de programme.toml.",
            fichier=request.fichier,
        )
    return url


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def refuse_passing(response: httpx.Response, request: Request, limits: Limits) -> None:
    """Raise for an overload or a breakdown of the portal: to be tried again, or not so soon."""
    status = response.status_code
    if status not in PASSING:
        return
    wait = retry_after(response.headers.get("retry-after", ""))
    if wait > limits.wait_max:
        raise error_of(
            request,
            f"réponse {status} : le portail demande d'attendre {nombre(wait)} secondes. "
            "Relancez après ce délai.",
        )
    raise PassingFailure(f"le portail répond {status} (surcharge ou panne passagère)", wait)


def refused(response: httpx.Response, request: Request) -> FpiError:
    """Return the error of a refusal, with the portal's own words when it gives some."""
    notice = b""
    with suppress(httpx.TransportError, httpx.DecodingError):
        for block in response.iter_bytes():
            notice += block
            if len(notice) >= _NOTICE:
                break
    said = ""
    with suppress(ValueError, AttributeError):
        said = str(json.loads(notice).get("message", ""))[:200]
    return error_of(
        request,
        f"réponse {response.status_code}, attendu 200."
        + (f" Le portail dit : « {said} »." if said else "")
        + f" {_ADVICE.get(response.status_code, 'Vérifiez')} "
        f"[sources.{request.source}.telechargement] de programme.toml.",
    )


def check_type(response: httpx.Response, request: Request) -> None:
    """Raise unless the content type is one of the format's."""
    found = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if found not in TYPES[request.format]:
        raise error_of(
            request,
            f"contenu « {found or 'non précisé'} », attendu {TYPES[request.format][0]} : ce n'est "
            f"pas un fichier {request.format}. Vérifiez « jeu » et « format » dans "
            f"[sources.{request.source}.telechargement] de programme.toml.",
        )


def retry_after(header: str) -> float:
    """Return the seconds that a Retry-After header asks for, 0 when it asks nothing clear."""
    if header.isascii() and header.strip().isdigit():
        return min(float(header), LONGEST)
    with suppress(ValueError, TypeError, OverflowError):
        until = parsedate_to_datetime(header)
        return max((until - datetime.now(UTC)).total_seconds(), 0.0)
    return 0.0


def too_long(request: Request, limits: Limits) -> FpiError:
    """Return the error of a transfer that passed its total time."""
    return error_of(
        request,
        f"durée totale dépassée ({limits.total:g} secondes). Relancez : le téléchargement "
        "reprendra où il s'est arrêté si le portail le permet.",
    )


def cut_or_passing(
    error: httpx.HTTPError, request: Request, limits: Limits, deadline: float
) -> FpiError | PassingFailure:
    """Return what a failure of the network is: the end of the total time, or one to try again."""
    if time.monotonic() >= deadline:
        return too_long(request, limits)
    return PassingFailure(words_of(error))


def words_of(error: httpx.HTTPError) -> str:
    """Return French words for a network failure."""
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return "le portail est injoignable (réseau, pare-feu ou adresse)"
    if isinstance(error, httpx.TimeoutException):
        return "le portail ne répond plus"
    return "la connexion s'est interrompue avant la fin du fichier"


def error_of(request: Request, message: str) -> FpiError:
    """Return an error that names the file and the portal's host."""
    return FpiError(f"{httpx.URL(request.url).host} : {message}", fichier=request.fichier)
