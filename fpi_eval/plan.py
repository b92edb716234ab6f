"""The pre-analysis plan: what was announced, dated and sealed; what a run does otherwise."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from fpi_eval import __version__, text
from fpi_eval.absent import Absent
from fpi_eval.calendar import first_known
from fpi_eval.checks import Check, Evaluation, thresholds
from fpi_eval.checks.planted import METHOD as PLANTED_TEXT
from fpi_eval.checks.planter import DRAWS
from fpi_eval.checks.thresholds import CAUTION, PASS, THRESHOLDS, UNKNOWN
from fpi_eval.checks.verdict import rule as verdict_rule
from fpi_eval.errors import FpiError
from fpi_eval.impact.bjs2_t import DESCRIPTION
from fpi_eval.impact.frame import SAMPLE_TEXT
from fpi_eval.impact.j import J_TEXT
from fpi_eval.impact.uncertainty import CR3, INTERVAL_TEXT
from fpi_eval.programme import Programme
from fpi_eval.regression import RULES
from fpi_eval.sources.declared_filieres import FILE as FILIERES

FORMAT = 1
PLANS = "plans"
SEAL = ".sha256"
PLANTED = "programmes_plantes"
ANNOUNCED = {
    "nom": "le nom du programme",
    "rentree_debut": "la première rentrée",
    "graine": "la graine aléatoire",
    "territoire": "le territoire",
    "filieres": "les filières",
    "cibles": "les cibles",
    "resultats": "les résultats étudiés",
    "specification": "la spécification",
    "seuils": "les seuils des contrôles",
    "secret": "les seuils du secret statistique",
}
SPECIFICATION = {
    "unite": "établissement × formation × voie, par rentrée",
    "traitement": "places du programme en vigueur à la rentrée d'entrée des élèves",
    "echantillon": SAMPLE_TEXT,
    "principal": J_TEXT,
    "second": DESCRIPTION,
    "comparaison": "mêmes formations non ouvertes, déplacement des voisines modélisé",
    "inference": [
        f"{words} à partir de {text.pluriel(rule.minimum, 'établissement', 'établissements')} "
        "qui ouvrent des places"
        for rule, words in zip(
            RULES,
            (INTERVAL_TEXT.format(kind=CR3), *(rule.name for rule in RULES[1:])),
            strict=True,
        )
    ],
    "verdict": f"{PLANTED_TEXT} {verdict_rule()}",
    "plusieurs_resultats": "un résultat principal sans ajustement, les autres ajustés (Romano-Wolf "
    "et Holm)",
    "estimateurs": ["J", "BJS2-T"],
}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A plan as it was written: where, when, its SHA-256, and what it announces."""

    path: Path
    date: date
    sha256: str
    contenu: Mapping[str, Any]

    def summary(self) -> str:
        """Return one French sentence."""
        return (
            f"Plan d'analyse du {text.date_longue(self.date)} ({self.path.name}, empreinte "
            f"{self.sha256[:12]}) : résultat principal « {self.contenu['resultats']['principal']} »"
            f", {text.pluriel(len(self.contenu['seuils']), 'contrôle')}."
        )


def announced(programme: Programme) -> dict[str, Any]:
    """Return what a plan says of a programme: outcomes, specification, controls, thresholds."""
    facts = programme.model_dump(mode="json")
    table = thresholds(programme.seuils)
    limits = {
        name: {k: v for k, v in asdict(row).items() if k not in ("titre", "words")}
        for name, row in table.items()
    }
    said = {"specification": SPECIFICATION, "seuils": limits}
    return {key: said[key] if key in said else facts[key] for key in ANNOUNCED}


def _beside(programme: Programme) -> dict[str, Any]:
    """Return what also makes sample and fake programmes: courses' table, ramp-up, their number.

    A plan that an older version wrote says nothing of them.
    """
    path = programme.dossier / FILIERES
    return {
        FILIERES: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None,
        "montee_en_charge": list(programme.projection.montee_en_charge),
        PLANTED: DRAWS,
    }


def write_plan(programme: Programme, folder: str | Path, *, today: date | None = None) -> Path:
    """Write the plan and, beside it, its SHA-256; return the plan's path.

    A plan is never replaced: a second one of the same day gets a number. Each file appears whole
    or not at all.
    """
    today = today or date.today()
    folder = Path(folder)
    content = {
        "format": FORMAT,
        "date": today.isoformat(),
        "version": __version__,
        "programme": programme.code,
        **announced(programme),
        "aussi": _beside(programme),
    }
    raw = (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = _place(folder, f"plan_{today.isoformat()}", raw)
    seal = f"{hashlib.sha256(raw).hexdigest()}  {path.name}\n".encode()
    _link(folder, path.with_name(path.name + SEAL), seal)
    return path


def _place(folder: Path, stem: str, raw: bytes) -> Path:
    """Write under the first free name, numbered from the second one on; a seal keeps its name."""
    number = 0
    while True:
        number += 1
        path = folder / f"{stem}{f'_{number}' if number > 1 else ''}.json"
        if path.with_name(path.name + SEAL).exists():
            continue
        with suppress(FileExistsError):
            _link(folder, path, raw)
            return path


def _link(folder: Path, path: Path, raw: bytes) -> None:
    """Write a whole file under a name that must be free."""
    handle, making = tempfile.mkstemp(dir=folder, prefix=".en_cours_")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
        os.chmod(making, 0o644)
        try:
            os.link(making, path)
        except FileExistsError:
            raise
        except OSError:  # a disk without links (exFAT, some shares)
            with path.open("xb") as stream:
                stream.write(raw)
    finally:
        os.unlink(making)


def plans(folder: str | Path) -> list[Path]:
    """Return the plans of a folder, the first written first: unsealed ones, and removed ones too.

    A seal that is left alone says that a plan was there.
    """
    there, name = Path(folder), "plan_????-??-??*.json"
    sealed = (path.with_suffix("") for path in there.glob(f"{name}{SEAL}"))
    return sorted({*there.glob(name), *sealed}, key=lambda p: _rank(p.stem))


def _rank(stem: str) -> tuple[str, int, str]:
    day, _, number = stem.removeprefix("plan_").partition("_")
    return day, int(number) if number.isdigit() else 1, stem


def read_plan(path: str | Path) -> Plan:
    """Return a plan, after checking that it is the one its seal was made for.

    Raises `FpiError`: file or seal absent, content or day changed since, or not a plan.
    """
    path = Path(path)
    seal = path.with_name(path.name + SEAL)
    if not path.is_file() and seal.is_file():
        raise FpiError(
            f"plan introuvable, alors que son empreinte {seal.name} est là. Remettez-le : ce qu'il "
            "annonçait reste annoncé.",
            fichier=str(path),
        )
    if not path.is_file():
        raise FpiError("plan introuvable. Écrivez-le avec « fpi-eval plan ».", fichier=str(path))
    if not seal.is_file():
        raise FpiError(
            f"l'empreinte {seal.name} manque : on ne sait pas si le plan a été écrit jusqu'au "
            "bout, ni s'il a changé. Remettez-la à côté du plan, ou retirez ce plan s'il n'a "
            "jamais été fini.",
            fichier=str(path),
        )
    raw = path.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    written = (seal.read_text(encoding="utf-8", errors="replace").split() or [""])[0]
    if found != written:
        raise FpiError(
            f"le plan a changé depuis qu'il a été écrit (empreinte {found[:12]}, attendu "
            f"{written[:12]}). Reprenez l'original ; un changement d'avis s'écrit dans un nouveau "
            "plan.",
            fichier=str(path),
        )
    try:
        content = json.loads(raw)
        day = date.fromisoformat(content["date"])
        missing = set(ANNOUNCED) - set(content)
    except (ValueError, KeyError, TypeError) as error:
        raise FpiError("ce fichier n'est pas un plan d'analyse.", fichier=str(path)) from error
    if content.get("format") != FORMAT or missing:
        raise FpiError(
            f"ce plan n'a pas la forme attendue (format {FORMAT}). Écrivez-en un avec « fpi-eval "
            "plan ».",
            fichier=str(path),
        )
    if _rank(path.stem)[0] != content["date"]:
        raise FpiError(
            f"ce plan est daté du {text.date_longue(day)}, son nom dit un autre jour. Rendez-lui "
            f"le sien, plan_{content['date']} : les plans se suivent par leur nom.",
            fichier=str(path),
        )
    return Plan(path, day, found, content)


def deviations(plan: Plan, programme: Programme, run: Evaluation | None = None) -> list[str]:
    """Return what the programme and the run do otherwise than announced, one sentence each."""
    said = announced(programme)
    found = []
    for key, words in ANNOUNCED.items():
        before, now = plan.contenu[key], json.loads(json.dumps(said[key]))
        if before != now:
            changed = text.liste(f"« {name} »" for name in _changed(before, now))
            found.append(
                f"{text.capitale(words)} : changé depuis le plan"
                + (f" ({changed})." if changed else f" (annoncé : {before} ; à présent : {now}).")
            )
    also = plan.contenu.get("aussi")
    found += [f"« {one} » : changé depuis le plan." for one in _changed(also, _beside(programme))]
    if run is None:
        return found
    wanted, second = (plan.contenu["resultats"][name] for name in ("principal", "secondaires"))
    if run.outcome != wanted and not (run.missing == wanted and run.outcome in second):
        kind = "secondaire" if run.outcome in second else "non annoncé"
        found.append(
            f"Résultat étudié : « {run.outcome} » ({kind}), alors que le plan annonce « {wanted} » "
            "comme résultat principal."
        )
    used = {name for e in run.estimates for name in e.estimator.split(" et ")}
    gone = [name for name in plan.contenu["specification"]["estimateurs"] if name not in used]
    if gone:
        found.append(f"Estimateurs annoncés et absents : {text.liste(gone)}.")
    drawn = run.planted.n_draws + run.planted.failed if run.planted else 0
    if drawn and drawn != (aimed := (also or {}).get(PLANTED, drawn)):
        found.append(
            f"Faux programmes plantés : {text.nombre(drawn)}, annoncés : {text.nombre(aimed)}."
        )
    skipped = set(plan.contenu["seuils"]) - {c.name for c in run.checks} - {"preinscription"}
    if skipped:
        found.append(f"Contrôles annoncés et non faits : {text.liste(sorted(skipped))}.")
    return found


def _changed(before: Any, now: Any) -> list[str]:
    """Return the keys of two mappings that differ; [] if they are not mappings."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return []
    return [key for key in {**before, **now} if before.get(key) != now.get(key)]


def plan_check(plan: Plan | None, programme: Programme, run: Evaluation | None = None) -> Check:
    """Return the check on pre-registration, to add to an evaluation (`with_checks`).

    A plan is late when written after the outcome of a one-year course could be known.
    """
    if plan is None:
        words = "aucun plan d'analyse n'a été écrit et daté avant les résultats."
        return _check(UNKNOWN, words)
    wanted, apart = plan.contenu["resultats"]["principal"], deviations(plan, programme, run)
    studied = wanted if run is None else run.outcome
    lost = run is not None and run.missing == wanted
    late = plan.date >= first_known(studied, programme.rentree_debut)
    day = f"plan du {text.date_longue(plan.date)}"
    said = [f"{day}, écrit après les premiers résultats possibles." if late else f"{day}.", *apart]
    if lost:
        said.append(
            f"« {wanted} », annoncé, n'est dans aucun fichier : « {studied} » est étudié à la "
            "place."
        )
    if not (late or apart):
        said = [*said, "Le reste est suivi."] if lost else [f"{day}, suivi sans écart."]
    return _check(CAUTION if late or apart else PASS, " ".join(said), len(apart))


def _check(light: str, words: str, apart: float = float("nan")) -> Check:
    """Return the check on pre-registration: its light, its words, how many deviations."""
    name, nan = "preinscription", float("nan")
    row = THRESHOLDS[name]
    return Check(name, row.titre, light, float(apart), nan, row.words, words, row.hard)


def held_against(run: Evaluation | Absent, programme: Programme) -> Evaluation | Absent:
    """Return the evaluation with its check against the plan written beforehand."""
    return run if isinstance(run, Absent) else run.with_checks([followed(programme, run)])


def followed(programme: Programme, run: Evaluation) -> Check:
    """Return the check against the first plan beside programme.toml, which came before any other.

    A plan changed by hand, removed, or without its seal, asks for caution: what it announced is
    not known.
    """
    written = plans(programme.dossier / PLANS)
    try:
        found = plan_check(read_plan(written[0]) if written else None, programme, run)
        if len(written) > 1:
            more = f"C'est le premier de {text.nombre(len(written))} plans : il fait foi."
            found = replace(found, phrase=f"{found.phrase} {more}")
        return found
    except FpiError as error:
        return _check(CAUTION, str(error).replace(str(written[0]), written[0].name))
