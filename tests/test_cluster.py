"""Many at once: the same results as one after the other, whatever dies in the middle."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import count, islice
from operator import itemgetter
from pathlib import Path

import pandas as pd
import pytest

# Workers fork from one process that imported what they need.
os.environ.setdefault("DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD", "forkserver")
pytest.importorskip("distributed", reason="l'extra « cluster » n'est pas installé")

import scoreboard
from distributed import LocalCluster

from fpi_eval import cluster, impact, twin
from fpi_eval.cli import main
from fpi_eval.cluster import SHARE, spread
from fpi_eval.errors import FpiError
from fpi_eval.report.runner import yearly
from fpi_eval.report.runner.journal import Journal
from fpi_eval.report.runner.manifest import Report
from fpi_eval.report.runner.yearly import several

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def address():
    """Two workers on loopback, closed at the end."""
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
        yield cluster.scheduler_address


def effect(seed: int) -> float:
    return impact.j(twin.draw(twin.SMALL, seed).panel, "entrants")[0].estimate


def test_a_twin_scored_elsewhere_is_the_same_to_the_last_digit(address):
    found = dict(spread(effect, [(1,), (2,)], address=address))
    assert found == {(seed,): effect(seed) for seed in (1, 2)}


TRIM = "MALLOC_TRIM_THRESHOLD_"
SAID = f"""
import json, os
from distributed import get_worker
from fpi_eval.cluster import SHARE, processes, spread

def said():
    calls = get_worker().periodic_callbacks
    beats = {{name: own.callback_time for name, own in calls.items()}}
    return processes(), os.getenv({TRIM!r}), beats

if __name__ == "__main__":
    os.environ[SHARE] = "2"
    print(json.dumps([found for _, found in spread(said, [(), ()], workers=2)]))
"""


def test_workers_of_this_machine_share_its_cores_and_cost_little(tmp_path):
    """In a process of its own: a cluster of dask's own options leaves its variables behind."""
    (tmp_path / "said.py").write_text(SAID)
    env = {name: value for name, value in os.environ.items() if name != TRIM}
    command = [sys.executable, str(tmp_path / "said.py")]
    made = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    for own, trim, beats in json.loads(made.stdout):
        assert own == 1
        assert trim is None
        assert min(beats[name] for name in ("tick", "monitor", "memory_monitor")) >= 1000
        assert "profile" not in beats


def test_a_report_on_another_s_worker_takes_the_cores_of_its_threads(address):
    assert dict(spread(os.getenv, [(SHARE,)], address=address)) == {(SHARE,): "1"}


def halved(value: int) -> float:
    if value == 3:
        raise FpiError("impair", fichier="trois")
    return value / 2


def test_a_refusal_stands_in_its_place_and_the_others_go_on(address):
    found = dict(spread(halved, ((k,) for k in range(20)), address=address))
    assert isinstance(found[(3,)], FpiError)
    assert str(found.pop((3,))) == "trois : impair"
    assert found == {(k,): k / 2 for k in range(20) if k != 3}


def test_without_an_address_this_machine_does_it_and_a_refusal_prints_no_traceback(capfd):
    found = dict(spread(halved, [(2,), (3,)], workers=2))
    assert found[(2,)] == 1.0
    assert isinstance(found[(3,)], FpiError)
    assert "Traceback" not in "".join(capfd.readouterr())


def broken(value: int) -> float:
    return value / 0


def test_a_fault_in_another_process_stands_in_its_place_with_its_cause(address):
    found = dict(spread(broken, [(1,), (2,)], address=address))
    assert all("panne du programme (ZeroDivisionError : " in str(one) for one in found.values())
    assert all(isinstance(one.__cause__, ZeroDivisionError) for one in found.values())


def killed_once(mark: str, value: int) -> int:
    if value == 2 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return value


def test_a_worker_killed_in_the_middle_loses_nothing(address, tmp_path):
    tasks = [(str(tmp_path / "tue"), k) for k in range(8)]
    assert sorted(spread(killed_once, tasks, address=address)) == [(t, t[1]) for t in tasks]
    assert (tmp_path / "tue").exists()


def noted(place: str, name: str, number: int) -> None:
    """Note the start and the end of a task in the file of what it belongs to."""
    with Path(place, name).open("a") as file:
        file.write(f"{number}-")
        file.flush()
        time.sleep(0.05)
        file.write(f"{number} ")


def test_what_belongs_together_comes_one_after_the_other(address, tmp_path):
    tasks = [(str(tmp_path), name, number) for name in "ab" for number in range(4)]
    found = [task for task, _ in spread(noted, tasks, address=address, in_order=itemgetter(1))]
    assert sorted(found) == sorted(tasks)
    assert [task[2] for task in found if task[1] == "a"] == [0, 1, 2, 3]
    for name in "ab":
        assert (tmp_path / name).read_text() == "0-0 1-1 2-2 3-3 "


def test_an_endless_list_is_read_as_workers_get_free(address):
    read = []

    def endless():
        for number in count(start=4):
            read.append(number)
            yield (number,)

    found = dict(islice(spread(halved, endless(), address=address), 5))
    assert found == {(number,): number / 2 for (number,) in found}
    assert len(found) == 5
    assert len(read) < 20


def drawn(scenario: str, outcome: str, seed: int, size: float) -> list[dict]:
    return [{"scenario": scenario, "seed": seed, "estimate": os.getpid(), "truth": size}]


def test_the_scoreboard_s_twins_are_drawn_on_the_cluster(address, monkeypatch, tmp_path):
    class Drawn(Exception):
        pass

    def stop(*_, **__):
        raise Drawn

    for name, instead in {"one_run": drawn, "record": print, "rows_of": stop}.items():
        monkeypatch.setattr(scoreboard, name, instead)
    monkeypatch.setattr(scoreboard, "RESULTS", tmp_path)
    asked = ["--set", "mondes", "--scenarios", "null", "--plan", "2", "--size", ".5"]
    monkeypatch.setattr(sys, "argv", ["scoreboard.py", *asked, "--cluster", address])
    with pytest.raises(Drawn):
        scoreboard.main()
    [store] = tmp_path.iterdir()
    rows = pd.read_csv(store)
    assert sorted(rows["seed"]) == [scoreboard.FIRST_SEED, scoreboard.FIRST_SEED + 1]
    assert set(rows["truth"]) == {0.5}
    assert os.getpid() not in set(rows["estimate"])


def test_one_worker_of_this_machine_is_this_process_and_asks_for_no_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    found = list(spread(halved, [(1,), (3,), (4,)], workers=1))
    assert [value for _, value in found[::2]] == [0.5, 2.0]
    assert isinstance(found[1][1], FpiError)


def test_years_and_programmes_are_taken_together():
    asked = several("fpi_aura, atcf", "2024..2026")
    assert [(folder.name, year) for folder, year in asked] == [
        (name, year) for name in ("fpi_aura", "atcf") for year in (2024, 2025, 2026)
    ]
    with pytest.raises(FpiError, match="avant la première"):
        several("fpi_aura", "2026..2024")
    with pytest.raises(FpiError, match="à côté d'une virgule"):  # and not the default programme
        several("atcf,", "2026")


@pytest.mark.parametrize(
    ("said", "held"),
    [("4100000000\n", 2), ("2000\n", 1), ("max\n", 8), (f"{2**63 - 4096}\n", 8), (None, 8)],
)
def test_as_many_at_once_as_the_container_s_memory_holds(monkeypatch, tmp_path, said, held):
    limit = tmp_path / "memory.max"
    if said:
        limit.write_text(said)
    monkeypatch.setattr(cluster, "LIMITS", (limit,))
    monkeypatch.setattr(cluster, "cores", lambda: 8)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 10**8}.get)
    assert cluster.processes() == held


@pytest.mark.parametrize("asked", ["deux", "0", "-1"])
def test_a_share_of_the_cores_that_is_no_number_of_cores_is_said(monkeypatch, asked):
    monkeypatch.setenv(SHARE, asked)
    with pytest.raises(FpiError, match=f"FPI_EVAL_COEURS vaut « {asked} »"):
        cluster.cores()


def test_the_years_of_a_programme_wait_for_one_another(monkeypatch, tmp_path):
    order: dict[object, object] = {}

    def spread_here(make, tasks, *, in_order, workers, **_):
        order.update({task[:2]: in_order(task) for task in tasks}, workers=workers)
        return iter(())

    monkeypatch.setattr("fpi_eval.cluster.spread", spread_here)
    monkeypatch.setattr(cluster, "MEMORY", 10**15)  # one report fills this machine
    main(["run", "2024..2025", "--programme", "fpi_aura,atcf", "--donnees", str(tmp_path)])
    folders = [str(ROOT / "data" / name) for name in ("fpi_aura", "atcf")]
    assert order.pop("workers") == 1
    assert order == {(name, year): name for name in folders for year in (2024, 2025)}


def test_the_command_says_each_report_as_it_ends_and_which_were_refused(address, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["run", "2024..2025", "--programme", str(ROOT / "data" / "atcf"),
              "--donnees", str(tmp_path), "--cluster", address])  # fmt: skip
    said = capsys.readouterr()
    assert "atcf 2024-2025 : " in said.out
    assert "atcf 2025-2026 : " in said.out
    assert "pas de rapport pour atcf 2024-2025 et atcf 2025-2026." in " ".join(said.err.split())
    assert not (ROOT / "reports" / "atcf" / "2024").exists()


@pytest.fixture
def programme(monkeypatch, tmp_path):
    """A programme of its own, in a project of its own; one report is made at once."""
    monkeypatch.setattr(cluster, "MEMORY", 10**15)
    return Path(shutil.copytree(ROOT / "data" / "fpi_aura", tmp_path / "data" / "essai"))


def test_a_fault_of_the_program_in_one_report_stops_no_other(
    programme, monkeypatch, tmp_path, capsys
):
    target = tmp_path / "reports" / "essai" / "2025"
    target.mkdir(parents=True)
    (target / "index.html").write_text("bon")

    def inputs(_, year, __):
        return {"uai": {}["uai"]} if year == 2025 else {}

    def made(*given, **_):
        return Report(given[3], made=True, seconds=0.0)

    monkeypatch.setattr(yearly, "inputs_of", inputs)
    monkeypatch.setattr(yearly, "_made", made)
    with pytest.raises(SystemExit) as stop:
        main(["run", "2024..2026", "--programme", str(programme)])
    assert stop.value.code == 2
    said = capsys.readouterr()
    assert [line.split(" : ")[0] for line in said.out.splitlines()] == [
        f"essai {year}-{year + 1}" for year in (2024, 2025, 2026)
    ]
    details = Journal(target).details
    assert "panne du programme (KeyError : 'uai')" in said.out
    assert "Le rapport précédent n'a pas été modifié." in said.out
    assert f"Les détails sont dans {details}." in said.out
    assert "in inputs\n" in details.read_text("utf-8")
    assert "pas de rapport pour essai 2025-2026 ; les autres sont faits." in said.err
    journal = target.with_name("2025.journal.jsonl")
    assert f"Journaux : {journal}." in said.err
    assert json.loads(journal.read_text("utf-8"))["erreur"] == "KeyError"
    assert (target / "index.html").read_text() == "bon"


@pytest.mark.parametrize("end", ["panne", "ctrl-c", "fini"])
def test_a_report_that_a_later_one_ignores_is_said_not_to_be_published_with_it(
    programme, monkeypatch, tmp_path, capsys, end
):
    later = tmp_path / "reports" / "essai" / "2026"
    later.mkdir(parents=True)
    (later / "publication.json").write_text("{}")
    (later / "manifest.json").write_text('{"entrees": []}')

    def spread_here(_, tasks, **__):
        yield tasks[0], Report(later.with_name("2025"), made=True, seconds=0.0)
        if end == "ctrl-c":
            raise KeyboardInterrupt
        if end == "fini":
            (later / "manifest.json").write_text(
                '{"entrees": [{"fichier": "2025/publication.json", "sha256": "0"}]}'
            )
        yield tasks[1], FpiError("panne") if end == "panne" else Report(later, True, 0.0)

    monkeypatch.setattr("fpi_eval.cluster.spread", spread_here)
    command = ["run", "2025..2026", "--programme", str(programme), "--donnees", str(tmp_path)]
    if end == "fini":
        main(command)
    else:
        with pytest.raises(SystemExit):
            main(command)
    warned = "Ne publiez pas le rapport essai 2025-2026 avec celui de 2026-2027"
    assert (warned in capsys.readouterr().err) == (end != "fini")


def test_a_report_published_again_otherwise_says_who_hides_with_what_it_was(
    programme, monkeypatch, tmp_path, capsys
):
    own, later = (tmp_path / "reports" / "essai" / year for year in ("2025", "2026"))
    for folder in (own, later):
        folder.mkdir(parents=True)
        (folder / "publication.json").write_text("{}")
    known = [{"fichier": "2025/publication.json", "sha256": hashlib.sha256(b"{}").hexdigest()}]
    (later / "manifest.json").write_text(json.dumps({"entrees": known}))

    def made(*given, **_):
        (own / "publication.json").write_text("{} ")
        return Report(given[3], made=True, seconds=0.0)

    monkeypatch.setattr(yearly, "inputs_of", lambda *_: {})
    monkeypatch.setattr(yearly, "_made", made)
    command = ["run", "2025", "--programme", str(programme), "--donnees", str(tmp_path)]
    main(command)
    assert "2025-2026 avec celui de 2026-2027" in (said := capsys.readouterr().err)
    assert "« fpi-eval run 2025..2026 »" in said
    with pytest.raises(SystemExit):
        main(command)
    assert "sans connaître celui-ci tel qu'il est" in " ".join(capsys.readouterr().err.split())


def test_a_cluster_that_does_not_answer_is_said_to(monkeypatch):
    monkeypatch.setattr("fpi_eval.cluster.PATIENCE", 0.1)
    with pytest.raises(FpiError, match="ne répond pas"):
        list(spread(halved, [(1,)], address="tcp://127.0.0.1:9"))
