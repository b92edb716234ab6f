"""Any result → a LaTeX table for a paper, or sheets of an Excel workbook."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.disclosure import MARK, Thresholds
from fpi_eval.errors import FpiError
from fpi_eval.impact.outcomes import OUTCOMES
from fpi_eval.report.edition import BANNER
from fpi_eval.report.published.sheet import Column
from fpi_eval.report.published.sheet import Table as Published
from fpi_eval.report.published.workbook import write_workbook
from fpi_eval.results import Result
from fpi_eval.tables import Format, Table, slug, table

UNBOUNDED = "non borné"
EFFECT, CHANCE, COUNT, WORDS = "effet", "probabilite", "effectif", "texte"
# Column → French header, unit. Columns that are not here keep their name, as words or decimals.
COLUMNS: dict[str, tuple[str, str]] = {
    "dimension": ("Découpage", WORDS),
    "outcome": ("Résultat", WORDS),
    "estimator": ("Estimateur", WORDS),
    "label": ("Effet", WORDS),
    "group": ("Groupe", WORDS),
    "kind": ("Nature", WORDS),
    "unit": ("Unité", WORDS),
    "basis": ("Coût", WORDS),
    "period": ("Période", WORDS),
    "cohort": ("Ouverture", "annee"),
    "time": ("Année", "annee"),
    "rel_time": ("Année depuis l'ouverture", "effectif"),
    "m": ("Écart permis M", "decimal"),
    "estimate": ("Estimation", EFFECT),
    "std_error": ("Erreur type", CHANCE),
    "ci_low": ("Borne basse", EFFECT),
    "ci_high": ("Borne haute", EFFECT),
    "band_low": ("Bande, bas", EFFECT),
    "band_high": ("Bande, haut", EFFECT),
    "p_value": ("Valeur p", CHANCE),
    "p_romano_wolf": ("p Romano–Wolf", CHANCE),
    "p_holm": ("p Holm", CHANCE),
    "p_equal": ("p égalité", CHANCE),
    "weight": ("Poids", "taux"),
    "seats": ("Places × sessions", COUNT),
    "n_etab": ("Établissements", COUNT),
    "gross": ("Effet brut", EFFECT),
    "gross_low": ("Brut, borne basse", EFFECT),
    "gross_high": ("Brut, borne haute", EFFECT),
    "n_obs": ("Observations", COUNT),
    "n_cells": ("Formations", COUNT),
    "n_clusters": ("Groupes", COUNT),
    "n_treated_clusters": ("Groupes traités", COUNT),
    "leavers": ("Sortants connus", COUNT),
    "employed": ("En emploi connus", COUNT),
    "low": ("Au moins", COUNT),
    "high": ("Au plus", COUNT),
    "hidden_share": ("Part masquée", "taux"),
    "observed": ("Observé", COUNT),
    "expected": ("Attendu", COUNT),
    "difference": ("Écart", COUNT),
    "change": ("Écart relatif", "taux"),
    "count": ("Nombre", COUNT),
    "cost": ("Montant", "euros"),
    "rule": ("Intervalle", WORDS),
    "step": ("Étape", WORDS),
    "amount": ("Montant", "decimal"),
    "remaining": ("Reste", "decimal"),
    "level": ("Niveau et non étape", WORDS),
    "niveau": ("Niveau", WORDS),
    "voie": ("Voie", WORDS),
    "filiere": ("Filière", WORDS),
    "hidden_cells": ("Formations masquées", COUNT),
    "rank": ("Rang", COUNT),
    "n_regions": ("Régions", COUNT),
    "n_groups": ("Groupes comparés", COUNT),
    "reference": ("Référence", WORDS),
    "verdict": ("Verdict", WORDS),
    "programme": ("Programme", WORDS),
    "design": ("Façon de regarder", WORDS),
    "smallest": ("Plus petit effet décelable", COUNT),
    "smallest_per_graduate": ("Par diplômé", "decimal"),
    "plausible_jobs": ("Plus grand effet plausible", COUNT),
    "power": ("Puissance", "taux"),
    "breakdown": ("M de rupture", "decimal"),
}  # fmt: skip
# What a paper shows, in this order; a result with none of the last five shows all its columns.
PAPER = ("dimension", "label", "group", "outcome", "unit", "basis", "rel_time", "cohort", "time",
         "period", "m", "estimate", "std_error", "ci_low", "ci_high", "p_romano_wolf", "p_holm",
         "n_treated_clusters")  # fmt: skip
NUMBERS: dict[str, Format] = {
    EFFECT: ("signe", 3), CHANCE: ("nombre", 3), COUNT: "nombre", "decimal": ("nombre", 2),
    "taux": "pourcent", "euros": "euros", "annee": "annee",
}  # fmt: skip
PEOPLE = ("leavers", "employed", "observed", "count")
# What gives a hidden count of the same row back, with what else is public.
TELLING = ("low", "high", "ci_low", "ci_high", "hidden_share", "expected", "difference", "change",
           "estimate", "cost", "words", "hidden_cells")  # fmt: skip
LATEX = str.maketrans({"\u202f": r"\,", "\u00a0": "~", "\u2212": "$-$", "–": "--", "×": r"$\times$",
                       "≥": r"$\geq$", "≤": r"$\leq$", "₀": "$_0$", "₉": "$_9$", "₇": "$_7$",
                       "₅": "$_5$", "₈": "$_8$", "²": "$^2$", "χ": r"$\chi$"})  # fmt: skip


def latex(
    result: Result, *, titre: str, source: str, simulees: bool, note: str = "",
    secret: Thresholds | None = None,
) -> str:  # fmt: skip
    """Return a LaTeX table (booktabs), numbers in French, caption, label, note and source.

    Parameters
    ----------
    simulees : bool
        Whether the data is simulated: the caption and the note then say so. Always to be told.
    secret : Thresholds, optional
        Counts of people under its minimum are hidden; the programme's defaults otherwise.

    Notes
    -----
    For a document in UTF-8 with the packages babel (french), booktabs and caption.
    """
    frame, hidden = _protected(result.to_frame(), secret or Thresholds())
    if hidden is not None:
        masked = hidden.columns[hidden.any()]
        frame[masked] = frame[masked].astype(object).mask(hidden[masked], MARK)
    shown = _for_readers(frame[_of_paper(frame)], frame.attrs.get("unite", ""))
    made = table(
        shown.frame, _titled(titre, simulees), formats=shown.formats, labels=shown.labels,
        source=source, note=" ".join(part for part in (_warning(simulees), note) if part),
    )  # fmt: skip
    return _papered(made.to_latex(), titre)


def excel(
    results: Mapping[str, Result],
    path: str | Path,
    *,
    titre: str,
    source: str,
    simulees: bool,
    jour: date | None = None,
    secret: Thresholds | None = None,
) -> Path:
    """Write one sheet per result, whole or not at all, and return the workbook's path.

    Numbers are numbers with a format, so that they can be computed with; headers stay in view;
    each sheet has its source, the warning if data is simulated, and the method.

    Parameters
    ----------
    results : mapping
        Title of the sheet to result.
    jour : date, optional
        Date written under each title; today by default.
    """
    path = Path(path)
    if path.suffix != ".xlsx":
        raise FpiError("un classeur se termine par « .xlsx ».", fichier=str(path))
    if not results:
        raise FpiError("aucun résultat à écrire dans le classeur.", fichier=str(path))
    tables = [
        _sheet(name, result, source, jour or date.today(), secret or Thresholds())
        for name, result in results.items()
    ]
    return write_workbook(path, tables, title=_titled(titre, simulees), warning=_warning(simulees))


def _of_paper(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a paper; all of them when nothing is estimated with an interval."""
    kept = [name for name in PAPER if name in frame]
    if not {"estimate", "ci_low", "ci_high"} <= set(kept):
        return list(frame.columns)
    twice = {"label"} if {"dimension", "group"} <= set(kept) else set()
    if "outcome" in frame and (len(set(frame["outcome"])) == 1 or "p_holm" in frame):
        twice.add("outcome")  # one outcome: its name is in the title; a family: in the label
    return [name for name in kept if name not in twice]


def _sheet(name: str, result: Result, source: str, day: date, secret: Thresholds) -> Published:
    frame, hidden = _protected(result.to_frame(), secret)
    unit = frame.attrs.get("unite", "")
    frame = _said(frame)
    columns = tuple(
        Column(c, *(_column(frame[c], unit)), definition="", source=source) for c in frame
    )
    return Published(name, name, frame, columns, source, day, hidden, result.method())


def _column(values: pd.Series, unit: str) -> tuple[str, str]:
    """Return the header and the unit of a column."""
    numbers = pd.to_numeric(values, errors="coerce").dropna()
    default = COUNT if (numbers % 1 == 0).all() else "decimal"
    label, kind = COLUMNS.get(str(values.name), (str(values.name), default))
    if numbers.empty or pd.api.types.is_bool_dtype(values):
        return label, WORDS
    if unit and kind in (EFFECT, CHANCE) and not str(values.name).startswith("p_"):
        return label, unit
    return label, kind


def _for_readers(frame: pd.DataFrame, unit: str) -> Table:
    """Return the frame with the French header and format of each column."""
    frame = _said(frame)
    known = {c: _column(frame[c], unit) for c in frame}
    formats = {c: NUMBERS[kind] for c, (_, kind) in known.items() if kind in NUMBERS}
    return Table(frame, "", formats, {c: label for c, (label, _) in known.items()})


def _said(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with bounds that nothing holds, and outcomes, in words; no negative zero."""
    out = frame.copy()
    for name in out:
        values = out[name]
        if pd.api.types.is_bool_dtype(values):
            continue
        if name == "outcome":
            out[name] = values.map(lambda v: OUTCOMES.get(v, v))
        elif pd.api.types.is_numeric_dtype(values):
            values = values + 0.0 if pd.api.types.is_float_dtype(values) else values
            infinite = np.isinf(values.to_numpy(dtype=float))
            words = values.astype(object).mask(infinite, UNBOUNDED)
            out[name] = words if infinite.any() else values
        elif values.map(lambda v: isinstance(v, float) and np.isinf(v)).any():
            out[name] = values.map(lambda v: UNBOUNDED if v in (np.inf, -np.inf) else v)
    return out


def _protected(frame: pd.DataFrame, secret: Thresholds) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the frame without small counts of people, and where values were hidden.

    A row with one loses all that would give it back; when a single row is hidden a second one is
    too, the smallest, since the total may be known from elsewhere.
    """
    people = [name for name in PEOPLE if name in frame]
    if not people:
        return frame, None
    counts = frame[people].astype(float)
    small = ((counts > 0) & (counts.round() < secret.effectif_minimum)).any(axis=1)
    if {"leavers", "employed"} <= set(people):
        rest = counts["leavers"] - counts["employed"]
        small |= (rest > 0) & (rest.round() < secret.effectif_minimum)
        small |= (counts["leavers"] > 0) & (counts["leavers"] < secret.denominateur_minimum)
    if small.sum() == 1 and len(frame) > 1:
        small[counts[people[0]].mask(small).idxmin()] = True
    lost = [name for name in (*people, *TELLING) if name in frame]
    hidden = pd.DataFrame(dict.fromkeys(lost, small), index=frame.index)
    out = frame.copy()
    for name in lost if small.any() else ():
        out[name] = out[name].mask(small)
    return out, hidden


def _titled(titre: str, simulees: bool) -> str:
    return f"{titre} ({text.SIMULATED.lower()})" if simulees else titre


def _warning(simulees: bool) -> str:
    return f"{BANNER}." if simulees else ""


def _papered(made: str, titre: str) -> str:
    """Return the table as papers number it: caption, label, no vertical rule, ASCII spaces."""
    caption = re.search(r"\\caption\*\{\s*\{\\large (.*?)\}\s*\}", made, re.S)
    label = f"\\caption{{{caption[1].strip()}}}\n\\label{{tab:{slug(titre)}}}"
    made = made[: caption.start()] + label + made[caption.end() :]
    made = re.sub(r"(\\extracolsep\{\\fill\}\}[lrc]*)\|", r"\1", made)
    made = re.sub(r"\n\\fontsize.*\\selectfont\n", "", made)
    made = re.sub(r"(?<=[&~ ])-(?=\d)", "$-$", made)
    return made.translate(LATEX)
