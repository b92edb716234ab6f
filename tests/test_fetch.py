"""Fetching from a local portal that behaves, and from one that does not."""

import contextlib
import gzip
import hashlib
import io
import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx
import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.programme import Portail, Source, Telechargement, load_programme
from fpi_eval.sources.portal.client import Limits, check_host, retry_after
from fpi_eval.sources.portal.completeness import NotWhole, check_whole
from fpi_eval.sources.portal.fetch import GUARD, fetch
from fpi_eval.sources.portal.lock import LOCK, read_lock, verify
from fpi_eval.sources.portal.portals import Request, declared_hosts, expand, requests_for

QUICK = Limits(connect=10, read=10, total=30, attempts=3, wait=0.001, wait_max=2)
CSV = "uai;annee;taux\n" + "".join(f"{i:07d}A;2023;{i % 100}\n" for i in range(5000))
BODY = CSV.encode()
DAY = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Portal(BaseHTTPRequestHandler):
    """Answers what the test declared for the path; keeps the requests it received."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.received.append(self)
        self.close_connection = True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.server.routes[self.path.partition("?")[0]](self)

    def answer(self, body=BODY, status=200, type="text/csv; charset=utf-8", length=True, **headers):
        self.send_response(status)
        self.send_header("Connection", "close")
        self.send_header("Content-Type", type)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length is True else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    httpd.daemon_threads = True
    httpd.routes, httpd.received = {}, []
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join(timeout=5)
    httpd.server_close()


@pytest.fixture
def portal(server, tmp_path):
    server.routes.clear()
    server.received.clear()
    base = f"http://127.0.0.1:{server.server_port}"
    client = httpx.Client(trust_env=False)
    slept = []

    def bring(path="/jeu", *, fichier="ij/fine.csv", **options):
        format = options.pop("format", "csv")
        taille = options.pop("taille_max", 10_000_000)
        fiche, compte = options.pop("fiche", ""), options.pop("compte", "")
        request = Request(options.pop("source", "fine"), base + path, fichier, "Licence Ouverte",
                          format, taille, base + fiche if fiche else "",
                          base + compte if compte else "")  # fmt: skip
        settings = {"limits": QUICK, "hosts": [base], "sleep": slept.append} | options
        (one,) = fetch([request], tmp_path, client=client, now=lambda: DAY, **settings)
        return one

    yield SimpleNamespace(
        routes=server.routes, received=server.received, bring=bring, folder=tmp_path,
        base=base, client=client, slept=slept, port=server.server_port,
    )  # fmt: skip
    client.close()


def files(folder):
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != GUARD)
    return sorted(p.relative_to(folder).as_posix() for p in found)


def refused(portal, *words, **options):
    with pytest.raises(FpiError) as caught:
        portal.bring(**options)
    for word in words:
        assert word in str(caught.value)
    return str(caught.value)


# ── what should work ────────────────────────────────────────────────────────────────────────────


def test_a_file_comes_with_its_hash_date_url_licence_and_size_in_the_lock(portal):
    portal.routes["/jeu"] = lambda h: h.answer(
        ETag='"v1"', Last_Modified="Mon, 02 Nov 2026 08:00:00 GMT"
    )
    one = portal.bring()
    assert one.etat == "nouveau"
    assert (portal.folder / "ij/fine.csv").read_bytes() == BODY
    assert files(portal.folder) == ["ij/fine.csv", LOCK]
    lock = json.loads((portal.folder / LOCK).read_text(encoding="utf-8"))
    assert lock["fichiers"]["ij/fine.csv"] == {
        "source": "fine", "url": portal.base + "/jeu", "licence": "Licence Ouverte",
        "format": "csv", "taille": len(BODY), "date": "2026-11-24T08:00:00+00:00",
        "sha256": hashlib.sha256(BODY).hexdigest(), "etag": '"v1"',
        "last_modified": "Mon, 02 Nov 2026 08:00:00 GMT", "version": "",
    }  # fmt: skip
    assert "Licence Ouverte" in one.summary()


def test_an_export_shorter_than_the_portal_says_is_refused_and_the_former_one_kept(portal):
    portal.routes["/jeu"] = lambda h: h.answer()
    rows = len(BODY.splitlines()) - 1
    portal.routes["/compte"] = lambda h: h.answer(
        json.dumps({"total_count": rows}).encode(), type="application/json"
    )
    assert portal.bring(compte="/compte").etat == "nouveau"
    before = (portal.folder / "ij/fine.csv").read_bytes()
    portal.routes["/jeu"] = lambda h: h.answer(b"\n".join(BODY.splitlines()[:-1]) + b"\n")
    refused(portal, "4\u202f999 lignes reçues", "en annonce 5\u202f000", compte="/compte")
    assert (portal.folder / "ij/fine.csv").read_bytes() == before
    assert files(portal.folder) == ["ij/fine.csv", LOCK]


def test_a_header_without_the_columns_of_the_source_is_refused_before_the_swap(portal):
    path = portal.folder / "ij/fine.csv"
    portal.routes["/jeu"] = lambda h: h.answer(b"annee;uai;autre\ncumul 2022-2023;0010001W;3\n")
    said = refused(portal, "colonnes absentes", source="inserjeunes_cfa_formation")
    assert "Type diplome" in said
    assert not path.exists()
    assert files(portal.folder) == []


def test_a_second_call_asks_with_the_etag_and_brings_nothing_when_unchanged(portal):
    def route(handler):
        if handler.headers.get("If-None-Match") == '"v1"':
            handler.answer(b"", 304)
        else:
            handler.answer(ETag='"v1"')

    portal.routes["/jeu"] = route
    portal.bring()
    before = (portal.folder / LOCK).read_bytes()
    assert portal.bring().etat == "inchangé"
    assert (portal.folder / LOCK).read_bytes() == before


def test_without_etag_the_date_of_modification_is_asked_with(portal):
    when = "Mon, 02 Nov 2026 08:00:00 GMT"
    portal.routes["/jeu"] = lambda h: h.answer(Last_Modified=when)
    portal.bring()
    portal.bring()
    assert portal.received[1].headers["If-Modified-Since"] == when


def test_without_any_validator_the_hash_tells_that_nothing_changed(portal):
    portal.routes["/jeu"] = lambda h: h.answer()
    portal.bring()
    one = portal.bring()
    assert (one.etat, len(portal.received)) == ("inchangé", 2)


def test_the_date_of_the_data_set_record_spares_a_new_download(portal):
    record = {"metas": {"default": {"data_processed": "2026-11-01T00:00:00+00:00"}}}
    portal.routes["/fiche"] = lambda h: h.answer(
        json.dumps(record).encode(), type="application/json"
    )
    portal.routes["/jeu"] = lambda h: h.answer()
    portal.bring(fiche="/fiche")
    assert portal.bring(fiche="/fiche").etat == "inchangé"
    assert [h.path for h in portal.received] == ["/fiche", "/jeu", "/fiche"]
    record["metas"]["default"]["data_processed"] = "2026-11-20T00:00:00+00:00"
    portal.bring(fiche="/fiche")
    assert portal.received[-1].path == "/jeu"


@pytest.mark.parametrize("answer", [
    lambda h: h.answer(b"{", type="application/json"),
    lambda h: h.answer(b"[]", type="application/json"),
    lambda h: h.answer(b'{"metas": 3}', type="application/json"),
    lambda h: h.answer(b"", 404),
    lambda h: h.answer(b"x" * 2_000_000, type="application/json"),
])  # fmt: skip
def test_an_unusable_record_does_not_stop_the_download(portal, answer):
    portal.routes |= {"/fiche": answer, "/jeu": lambda h: h.answer()}
    assert portal.bring(fiche="/fiche").etat == "nouveau"


def test_a_changed_file_replaces_the_old_one_and_tells_the_hash_before(portal):
    portal.routes["/jeu"] = lambda h: h.answer(ETag='"v1"')
    first = portal.bring()
    portal.routes["/jeu"] = lambda h: h.answer(BODY + b"9999999A;2024;1\n", ETag='"v2"')
    second = portal.bring()
    assert second.etat == "mis à jour"
    assert first.entree.sha256 != second.entree.sha256
    assert read_lock(portal.folder)["ij/fine.csv"].etag == '"v2"'


def test_a_file_deleted_here_comes_again_unconditionally(portal):
    portal.routes["/jeu"] = lambda h: h.answer(ETag='"v1"')
    portal.bring()
    (portal.folder / "ij/fine.csv").unlink()
    assert portal.bring().etat == "nouveau"
    assert portal.received[1].headers["If-None-Match"] is None


def test_another_filter_on_the_same_file_is_not_taken_for_unchanged(portal):
    portal.routes["/jeu"] = lambda h: h.answer(ETag='"v1"')
    portal.bring("/jeu?where=a")
    portal.bring("/jeu?where=b")
    assert portal.received[1].headers["If-None-Match"] is None


def test_a_parquet_file_comes_whole(portal):
    buffer = io.BytesIO()
    pd.DataFrame({"uai": ["0010001W"], "taux": [0.5]}).to_parquet(buffer)
    portal.routes["/jeu"] = lambda h: h.answer(
        buffer.getvalue(), type="application/vnd.apache.parquet"
    )
    one = portal.bring(fichier="x.parquet", format="parquet")
    assert pd.read_parquet(one.chemin)["uai"].tolist() == ["0010001W"]


def test_a_chunked_body_comes_whole(portal):
    def route(handler):
        handler.answer(b"", length=None, Transfer_Encoding="chunked")
        for part in (BODY[:1000], BODY[1000:], b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    portal.routes["/jeu"] = route
    assert portal.bring().entree.taille == len(BODY)


def test_a_redirect_inside_the_declared_hosts_is_followed(portal):
    portal.routes["/ancien"] = lambda h: h.answer(b"", 302, Location="/jeu")
    portal.routes["/jeu"] = lambda h: h.answer()
    assert portal.bring("/ancien").etat == "nouveau"


def test_one_failure_does_not_stop_the_others(portal):
    portal.routes |= {"/a": lambda h: h.answer(b"", 404), "/b": lambda h: h.answer(),
                      "/c": lambda h: h.answer(b"", 403)}  # fmt: skip
    asked = [Request("s", portal.base + p, p[1:] + ".csv", "L") for p in ("/a", "/b", "/c")]
    with pytest.raises(FpiError, match="2 fichiers sur 3") as caught:
        fetch(asked, portal.folder, hosts=[portal.base], client=portal.client, limits=QUICK)
    assert "a.csv" in str(caught.value)
    assert "c.csv" in str(caught.value)
    assert files(portal.folder) == ["b.csv", LOCK]


# ── a portal that misbehaves ────────────────────────────────────────────────────────────────────


def test_429_is_waited_for_as_long_as_the_portal_asks(portal):
    answers = [lambda h: h.answer(b"", 429, Retry_After="1"), lambda h: h.answer()]
    portal.routes["/jeu"] = lambda h: answers.pop(0)(h)
    assert portal.bring().etat == "nouveau"
    assert len(portal.slept) == 1
    assert 1 <= portal.slept[0] < 1.1


def test_a_portal_that_asks_for_an_hour_is_not_waited_for(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"", 429, Retry_After="3600")
    refused(
        portal, "127.0.0.1", "ij/fine.csv", "3 600 secondes".replace(" ", "\u202f", 1), "Relancez"
    )
    assert portal.slept == []


def test_a_passing_500_is_tried_again_with_longer_and_longer_waits(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"", 500)
    refused(portal, "500", "3 essais", "Relancez")
    assert len(portal.received) == 3
    assert len(portal.slept) == 2
    assert portal.slept[1] > portal.slept[0] * 0.9
    assert files(portal.folder) == []


def test_a_truncated_body_leaves_only_a_part_file(portal):
    portal.routes["/jeu"] = lambda h: h.answer(BODY[:5000], length=len(BODY), ETag='"v1"')
    refused(portal, "avant la fin du fichier", "Relancez", limits=Limits(attempts=1, wait=0.001))
    assert all(name.endswith(".part") for name in files(portal.folder))
    assert [v.etat for v in verify(portal.folder)] == ["incomplet"]


def ranged(handler, body=BODY, etag='"v1"'):
    """Answer as a portal that can resume."""
    asked = handler.headers.get("Range")
    if asked and handler.headers.get("If-Range") == etag:
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        handler.answer(body[start:], 206, ETag=etag,
                       Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}")  # fmt: skip
    else:
        handler.answer(body, ETag=etag)


def cut_then(answer):
    """Answer first a body cut at 5 000 octets, then `answer`."""
    first = [lambda h: h.answer(BODY[:5000], length=len(BODY), ETag='"v1"')]
    return lambda handler: (first.pop() if first else answer)(handler)


def test_an_interrupted_download_resumes_where_it_stopped(portal):
    portal.routes["/jeu"] = cut_then(ranged)
    one = portal.bring()
    assert one.chemin.read_bytes() == BODY
    assert portal.received[1].headers["Range"] == "bytes=5000-"
    assert files(portal.folder) == ["ij/fine.csv", LOCK]


def test_a_later_call_resumes_too(portal):
    portal.routes["/jeu"] = cut_then(ranged)
    refused(portal, "Relancez", limits=Limits(attempts=1, wait=0.001))
    assert portal.bring().chemin.read_bytes() == BODY
    assert portal.received[1].headers["If-Range"] == '"v1"'


def test_a_portal_that_ignores_range_gives_the_file_from_its_start(portal):
    portal.routes["/jeu"] = cut_then(lambda h: h.answer(ETag='"v1"'))
    assert portal.bring().chemin.read_bytes() == BODY


def test_a_file_that_changed_before_the_resume_is_taken_from_its_start(portal):
    new = BODY.replace(b"2023", b"2024")
    portal.routes["/jeu"] = cut_then(lambda h: ranged(h, new, '"v2"'))
    assert portal.bring().chemin.read_bytes() == new


@pytest.mark.parametrize("headers", [
    {"Content_Range": "bytes 0-9/10", "ETag": '"v1"'},
    {"Content_Range": f"bytes 5000-{len(BODY) - 1}/{len(BODY)}", "ETag": '"autre"'},
    {"Content_Range": f"bytes 5000-{len(BODY) - 1}/{len(BODY)}", "Last_Modified": "hier"},
    {"Content_Range": f"bytes 5000-{len(BODY) - 1}/*", "ETag": '"v1"'},
    {"Content_Range": f"bytes 4999-{len(BODY) - 2}/{len(BODY)}", "ETag": '"v1"'},
    {},
])  # fmt: skip
def test_a_partial_answer_that_does_not_fit_is_not_glued_on(portal, headers):
    answers = [lambda h: h.answer(BODY[5000:], 206, **headers), lambda h: h.answer()]
    portal.routes["/jeu"] = cut_then(lambda h: answers.pop(0)(h))
    assert portal.bring().chemin.read_bytes() == BODY
    assert portal.received[2].headers["Range"] is None


def test_a_partial_answer_that_stops_before_its_own_range_is_not_kept(portal):
    def short(handler):
        end = f"bytes 5000-{len(BODY) - 1}/{len(BODY)}"
        handler.answer(BODY[5000:6000], 206, ETag='"v1"', Content_Range=end)

    portal.routes["/jeu"] = cut_then(short)
    refused(portal, "octets reçus sur", limits=Limits(attempts=2, wait=0.001))
    assert not (portal.folder / "ij/fine.csv").exists()


def test_416_begins_again(portal):
    answers = [lambda h: h.answer(b"", 416), lambda h: h.answer()]
    portal.routes["/jeu"] = cut_then(lambda h: answers.pop(0)(h))
    assert portal.bring().chemin.read_bytes() == BODY


def test_a_weak_etag_proves_nothing_so_the_file_begins_again(portal):
    first = [lambda h: h.answer(BODY[:5000], length=len(BODY), ETag='W/"v1"')]
    portal.routes["/jeu"] = lambda h: (first.pop() if first else Portal.answer)(h)
    assert portal.bring().chemin.read_bytes() == BODY
    assert portal.received[1].headers["Range"] is None


def test_a_web_page_is_refused_by_its_type(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"<html>", type="text/html")
    refused(portal, "127.0.0.1", "ij/fine.csv", "text/html", "text/csv", "programme.toml")
    assert (len(portal.received), files(portal.folder)) == (1, [])


def test_a_web_page_disguised_as_csv_is_refused(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"<!DOCTYPE html><p>maintenance")
    refused(portal, "page web")
    assert files(portal.folder) == []


def test_a_redirect_to_another_host_is_refused_and_not_followed(portal):
    elsewhere = f"http://localhost:{portal.port}/jeu"
    portal.routes |= {"/ancien": lambda h: h.answer(b"", 302, Location=elsewhere),
                      "/jeu": lambda h: h.answer()}  # fmt: skip
    refused(portal, "127.0.0.1", "localhost", "hôte déclaré", "[portails]", path="/ancien")
    assert [h.path for h in portal.received] == ["/ancien"]


@pytest.mark.parametrize(
    "target", ["//exemple.invalid/x", "file:///etc/hosts", "http://[", "ftp://127.0.0.1/x"]
)
def test_an_odd_redirect_is_refused(portal, target):
    portal.routes["/jeu"] = lambda h: h.answer(b"", 301, Location=target)
    refused(portal, "ij/fine.csv")
    assert files(portal.folder) == []


def test_a_redirect_loop_ends(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"", 302, Location="/jeu")
    refused(portal, "5 redirections")
    assert len(portal.received) == 6


def test_an_endless_body_stops_at_the_size_limit(portal):
    def endless(handler):
        handler.answer(b"", length=None)
        while True:
            handler.wfile.write(BODY)

    portal.routes["/jeu"] = endless
    refused(portal, "ne finit pas", "taille_max_mo", taille_max=300_000)
    assert files(portal.folder) == []


def test_a_size_announced_too_large_is_refused_before_any_byte(portal):
    portal.routes["/jeu"] = lambda h: h.answer()
    refused(portal, "octets annoncés", "taille_max_mo", taille_max=1000)
    assert files(portal.folder) == []


def test_a_slow_drip_stops_at_the_total_time(portal):
    def drip(handler):
        handler.answer(b"", length=len(BODY), ETag='"v1"')
        for i in range(100):
            handler.wfile.write(BODY[i : i + 1])
            time.sleep(0.03)

    portal.routes["/jeu"] = drip
    began = time.monotonic()
    refused(portal, "durée totale dépassée", "Relancez",
            limits=Limits(read=0.5, total=0.4, attempts=3, wait=0.001))  # fmt: skip
    assert time.monotonic() - began < 1.5
    assert all(name.endswith(".part") for name in files(portal.folder))


def drips(handler, start: bytes) -> None:
    """Write the start of an answer, then a letter at a time without end."""
    handler.wfile.write(start)
    for _ in range(200):
        handler.wfile.write(b"a")
        time.sleep(0.02)


@pytest.mark.parametrize("start", [
    b"HTTP/1.1 200 OK\r\nX-Long: ",
    b"HTTP/1.1 302 Found\r\nLocation: /",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: gzip\r\n\r\n"
    b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00",
])  # fmt: skip
def test_what_drips_without_a_byte_of_the_file_stops_at_the_total_time_and_the_others_come(
    portal, start
):
    portal.routes |= {"/lent": lambda h: drips(h, start), "/bon": lambda h: h.answer()}
    asked = [Request("s", portal.base + p, p[1:] + ".csv", "L") for p in ("/lent", "/bon")]
    began = time.monotonic()
    with pytest.raises(FpiError, match=r"lent.csv.*durée totale dépassée"):
        fetch(asked, portal.folder, hosts=[portal.base], client=portal.client,
              limits=Limits(read=5, total=0.5, attempts=3, wait=0.001))  # fmt: skip
    assert time.monotonic() - began < 2.5
    assert (portal.folder / "bon.csv").read_bytes() == BODY


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "9" * 30, str(len(BODY) + 1), "5, 6"])
def test_a_wrong_length_is_no_file(portal, length):
    def route(handler):
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: "
            + length.encode() + b"\r\n\r\n" + BODY)  # fmt: skip

    portal.routes["/jeu"] = route
    refused(portal, "ij/fine.csv", limits=Limits(attempts=2, wait=0.001))
    assert not (portal.folder / "ij/fine.csv").exists()


def test_a_length_that_cuts_the_file_at_a_line_is_seen_by_the_count(portal):
    portal.routes["/jeu"] = lambda h: h.answer(length=BODY.index(b"\n", 5000) + 1)
    portal.routes["/compte"] = lambda h: h.answer(
        json.dumps({"total_count": 5000}).encode(), type="application/json"
    )
    refused(portal, "l'export est incomplet", compte="/compte")


@pytest.mark.parametrize("name", ["ETag", "Last_Modified"])
@pytest.mark.parametrize("value", ['"é"', '"\x1b[31m"', '"' + "x" * 9000 + '"', ", , ,", ""])
def test_an_odd_name_of_a_version_is_no_fault(portal, name, value):
    portal.routes["/jeu"] = lambda h: h.answer(**{name: value})
    assert portal.bring().etat == "nouveau"
    assert portal.bring().etat == "inchangé"


@pytest.mark.parametrize(("name", "value"), [
    ("Content_Encoding", "gzip"), ("Content_Encoding", "é"),
    ("Set_Cookie", "a=\x01; expires=jamais"), ("Content_Range", "octets 1-2/é"),
    ("Content_Disposition", "attachment; filename=../../x"), ("Vary", "é" * 500),
])  # fmt: skip
def test_any_other_header_is_borne_or_refused(portal, name, value):
    portal.routes["/jeu"] = lambda h: h.answer(**{name: value})
    if name == "Content_Encoding" and value.isascii():  # said, and not so
        refused(portal, "ij/fine.csv", limits=Limits(attempts=2, wait=0.001))
        assert not (portal.folder / "ij/fine.csv").exists()
    else:
        assert portal.bring().chemin.read_bytes() == BODY


def test_a_silent_portal_stops_at_the_read_time(portal):
    portal.routes["/jeu"] = lambda h: time.sleep(0.6)
    refused(portal, "ne répond plus", limits=Limits(read=0.1, total=5, attempts=2, wait=0.001))


def test_an_unreachable_portal_is_said_so(portal):
    with pytest.raises(FpiError, match="injoignable"):
        fetch([Request("s", "http://127.0.0.1:9/x", "x.csv", "L")], portal.folder,
              hosts=["http://127.0.0.1:9"], client=portal.client, limits=QUICK,
              sleep=lambda s: None)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "filtre"), (403, "public"), (404, "pas encore publié"), (301, "301")],
)
def test_a_refusal_is_told_at_once_with_the_words_of_the_portal(portal, status, words):
    notice = json.dumps({"message": "ODSQL query is malformed"}).encode()
    portal.routes["/jeu"] = lambda h: h.answer(notice, status, type="application/json")
    refused(portal, str(status), words, "ODSQL query is malformed", "[sources.fine.telechargement]")
    assert len(portal.received) == 1


def test_an_export_without_rows_is_not_taken_for_data(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"uai;annee;taux\r\n")
    refused(portal, "aucune ligne", "filtre", "pas encore publiée")
    assert files(portal.folder) == []


def test_a_gzip_bomb_is_bounded_by_the_size_limit(portal):
    bomb = gzip.compress(b"a;b\n" + b"1;2\n" * 2_000_000)
    portal.routes["/jeu"] = lambda h: h.answer(bomb, Content_Encoding="gzip")
    refused(portal, "ne finit pas", taille_max=1_000_000)


def test_a_failed_update_keeps_the_old_file_and_its_lock(portal):
    portal.routes["/jeu"] = lambda h: h.answer()
    portal.bring()
    portal.routes["/jeu"] = lambda h: h.answer(BODY[:5000] + b";;;;", ETag='"v2"')
    refused(portal, "incomplet")
    assert (portal.folder / "ij/fine.csv").read_bytes() == BODY
    assert [v.etat for v in verify(portal.folder)] == ["conforme"]


@pytest.mark.parametrize("body", [
    "Votre session a expiré, merci de vous identifier.\r\nBonjour, x\r\n",
    "identifiant;mot de passe\r\n;\r\n",
])  # fmt: skip
def test_a_login_sentence_does_not_replace_an_intact_file(portal, body):
    portal.routes["/jeu"] = lambda h: h.answer()
    portal.bring()
    portal.routes["/jeu"] = lambda h: h.answer(body.encode(), ETag='"v2"')
    refused(portal, "ce n'est pas le même tableau")
    assert (portal.folder / "ij/fine.csv").read_bytes() == BODY
    assert [v.etat for v in verify(portal.folder)] == ["conforme"]


def test_a_sentence_is_not_a_first_file_either(portal):
    portal.routes["/jeu"] = lambda h: h.answer(b"Session expiree.\r\nIdentifiez-vous.\r\n")
    refused(portal, "nommée par une phrase", limits=Limits(attempts=1, wait=0.001))
    assert not (portal.folder / "ij/fine.csv").exists()


@pytest.mark.parametrize("header", ["9" * 500, "²", "١٢", "-5", "1e9", "demain", "Mon, 99"])
def test_an_odd_retry_after_is_no_number_or_too_long_never_a_fault(header):
    assert 0 <= retry_after(header) <= 1e9


# ── what is here already ────────────────────────────────────────────────────────────────────────


def test_a_second_download_into_the_folder_is_refused_while_the_first_runs(portal):
    """Two at once would each write the lock without the other's files."""

    said = []

    def meanwhile(handler):
        with pytest.raises(FpiError) as caught:
            portal.bring(path="/autre", fichier="autre.csv")
        said.append(str(caught.value))
        handler.answer()

    portal.routes["/jeu"], portal.routes["/autre"] = meanwhile, lambda h: h.answer()
    portal.bring()
    assert "un autre téléchargement est en cours" in said[0]
    portal.bring(path="/autre", fichier="autre.csv")
    assert set(read_lock(portal.folder)) == {"ij/fine.csv", "autre.csv"}


def test_verify_names_the_file_that_changed_and_the_one_that_is_gone(portal):
    portal.routes["/jeu"] = lambda h: h.answer()
    for name in ("a.csv", "b.csv", "c.csv"):
        portal.bring(fichier=name)
    (portal.folder / "a.csv").write_bytes(BODY.replace(b"2023", b"2022", 1))
    (portal.folder / "b.csv").unlink()
    found = verify(portal.folder)
    assert [(v.fichier, v.etat) for v in found] == [
        ("a.csv", "modifié"), ("b.csv", "absent"), ("c.csv", "conforme")]  # fmt: skip
    assert "modifié depuis son téléchargement" in found[0].summary()


def test_a_file_edited_here_is_not_overwritten_unasked(portal):
    portal.routes["/jeu"] = lambda h: h.answer(ETag='"v1"')
    portal.bring()
    (portal.folder / "ij/fine.csv").write_text("ma version", encoding="utf-8")
    refused(portal, "modifié", "pas été remplacé")
    assert (portal.folder / "ij/fine.csv").read_text(encoding="utf-8") == "ma version"
    assert portal.bring(overwrite=True).etat == "mis à jour"


def test_the_same_file_put_there_by_hand_is_adopted(portal):
    (portal.folder / "fine.csv").write_bytes(BODY)
    portal.routes["/jeu"] = lambda h: h.answer()
    assert portal.bring(fichier="fine.csv").etat == "inchangé"
    assert [v.etat for v in verify(portal.folder)] == ["conforme"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 9}', '{"version": 1, "fichiers": {"a": {"b": 1}}}']
)
def test_a_broken_lock_is_refused_with_what_to_do(tmp_path, text):
    (tmp_path / LOCK).write_text(text, encoding="utf-8")
    with pytest.raises(FpiError, match="verrou illisible"):
        verify(tmp_path)


# ── hosts, files, completeness ──────────────────────────────────────────────────────────────────

ASKED = Request("s", "https://donnees.exemple/x", "x.csv", "L")


@pytest.mark.parametrize(("url", "hosts"), [
    ("https://donnees.exemple/x", ["https://donnees.exemple"]),
    ("https://DONNEES.exemple:443/x", ["donnees.exemple"]),
    ("http://127.0.0.1:8080/x", ["http://127.0.0.1:8080"]),
    ("http://[::1]:8080/x", ["http://[::1]:8080"]),
])  # fmt: skip
def test_a_declared_host_is_accepted(url, hosts):
    assert check_host(ASKED, url, hosts)


@pytest.mark.parametrize(("url", "words"), [
    ("https://autre.exemple/x", "hôte déclaré"),
    ("https://donnees.exemple.autre.exemple/x", "hôte déclaré"),
    ("https://donnees.exemple@autre.exemple/x", "hôte déclaré"),
    ("https://donnees.exemple:8443/x", "port 8443"),
    ("http://donnees.exemple/x", "non chiffrée"),
    ("ftp://donnees.exemple/x", "non chiffrée"),
    ("file:///x", "hôte déclaré"),
    ("https://", "hôte déclaré"),
])  # fmt: skip
def test_another_host_is_refused(url, words):
    with pytest.raises(FpiError, match=words):
        check_host(ASKED, url, ["https://donnees.exemple"])


@pytest.mark.parametrize(
    "fichier", ["../x.csv", "/x.csv", "a/../../x.csv", "C:/x.csv", "a\\x.csv", ""]
)
def test_a_file_outside_the_data_folder_is_refused(fichier):
    with pytest.raises(FpiError, match="sort du dossier"):
        Request("s", "https://donnees.exemple/x", fichier, "L")


@pytest.mark.parametrize(("text", "known", "words"), [
    ("a;b\n1;2\n3", True, "coupé"),
    ("a;b\n1;2\n3;4", False, "sans fin de ligne"),
    ('a;b\n1;2\n3;"4\n', True, "guillemet"),
    ("", True, "vide"),
    ('{"error": 1}', True, "message du portail"),
])  # fmt: skip
def test_a_cut_csv_is_recognised(tmp_path, text, known, words):
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotWhole, match=words):
        check_whole(path, "csv", length_known=known)


@pytest.mark.parametrize("text", [
    "a;b\n1;2\n", "a;b\n1;2", 'a;b\n1;"x\ny"\n', "\ufeffa;b\r\n1;2\r\n", 'a;"b\nc"\n1;2\n',
    "a,b\n1,2\n", "seule\n1\n",
])  # fmt: skip
def test_a_whole_csv_is_accepted(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    check_whole(path, "csv", length_known=True)


def test_every_cut_of_a_parquet_file_is_recognised(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"a": range(50)}).to_parquet(path)
    whole = path.read_bytes()
    check_whole(path, "parquet", length_known=True)
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(NotWhole):
            check_whole(path, "parquet", length_known=True)
    path.write_bytes(whole[:100] + whole[-4:])
    with pytest.raises(NotWhole, match="pied"):
        check_whole(path, "parquet", length_known=True)


def test_retry_after_reads_seconds_and_dates():
    assert retry_after("12") == 12
    assert retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0
    assert 3e8 < retry_after("Thu, 31 Dec 2099 23:59:59 GMT") < 3e9
    assert retry_after("bientôt") == 0


# ── from programme.toml to requests ─────────────────────────────────────────────────────────────


def programme(**orders):
    portails = {"education": Portail(hote="https://donnees.exemple", licence="Licence Ouverte 2.0")}
    sources = {
        name: Source(fichier=f"ij/{name}_{{rentree}}.csv", telechargement=order and
                     Telechargement(**order)) for name, order in orders.items()
    }  # fmt: skip

    def source(name):
        return sources[name]

    return SimpleNamespace(portails=portails, sources=sources, source=source,
                           where_to_alias=lambda name: name)  # fmt: skip


def test_a_section_of_programme_toml_gives_the_export_of_the_portal():
    order = {"portail": "education", "jeu": "jeu-fin", "taille_max_mo": 3,
             "filtre": 'annee="cumul {rentree-2}-{rentree-1}"'}  # fmt: skip
    given = programme(fine=order, locale=None)
    (request,) = requests_for(given, 2024)
    assert request.fichier == "ij/fine_2024.csv"
    assert request.url == (
        "https://donnees.exemple/api/explore/v2.1/catalog/datasets/jeu-fin/exports/csv"
        "?where=annee%3D%22cumul%202022-2023%22&delimiter=%3B&use_labels=false&with_bom=false"
    )
    assert request.fiche == "https://donnees.exemple/api/explore/v2.1/catalog/datasets/jeu-fin"
    assert (request.licence, request.taille_max) == ("Licence Ouverte 2.0", 3_000_000)
    assert declared_hosts(given) == ("https://donnees.exemple",)


def test_the_sections_stand_in_a_real_programme_toml(tmp_path):
    text = (Path(__file__).parents[1] / "data/fpi_aura/programme.toml").read_text(encoding="utf-8")
    text += """
[portails.essai]
hote = "https://donnees.exemple"
licence = "Licence Ouverte 2.0"
[sources.essai]
fichier = "essai/fine_{millesime}.parquet"
[sources.essai.telechargement]
portail = "essai"
jeu = "jeu-fin"
format = "parquet"
filtre = 'annee="cumul {rentree-2}-{rentree-1}"'
selection = "uai, annee"
"""
    (tmp_path / "programme.toml").write_text(text, encoding="utf-8")
    given = load_programme(tmp_path)
    (request,) = requests_for(given, 2024, sources=("essai",))
    assert (request.fichier, request.format) == ("essai/fine_2022_2023.parquet", "parquet")
    assert request.url.endswith("/exports/parquet?where=annee%3D%22cumul%202022-2023%22"
                                "&select=uai%2C%20annee")  # fmt: skip
    assert "https://donnees.exemple" in declared_hosts(given)


def test_a_source_without_a_download_says_to_put_its_file_there():
    with pytest.raises(FpiError, match="ne se télécharge pas"):
        requests_for(programme(locale=None), 2024, sources=("locale",))


def test_an_unknown_portal_is_named_with_the_known_ones():
    with pytest.raises(FpiError, match=r"« ailleurs ».*education"):
        requests_for(programme(x={"portail": "ailleurs", "jeu": "j"}), 2024)


def test_a_placeholder_that_is_not_a_year_is_refused():
    assert expand("{rentree}_{rentree+1}_{rentree - 2}", 2024, "") == "2024_2025_2022"
    assert expand("x_{millesime}", 2024, "") == "x_2022_2023"
    with pytest.raises(FpiError, match="accolades"):
        expand("x_{annee}", 2024, "[sources.x]")


def test_a_progress_bar_can_be_shown(portal, capsys):
    portal.routes["/jeu"] = lambda h: h.answer()
    assert portal.bring(progress=True).etat == "nouveau"
    assert capsys.readouterr().out == ""
