"""Any result → what a notebook shows, a LaTeX table for a paper."""

import re
from typing import Protocol

import numpy as np
import pandas as pd

from fpi_eval import escapes, text
from fpi_eval.disclosure import Shown, Thresholds, show_alone
from fpi_eval.disclosure.shown import PEOPLE
from fpi_eval.errors import FpiError
from fpi_eval.programme import Secret
from fpi_eval.tables import Format, Table, slug, table

UNBOUNDED = "non borné"
UNSAID = "Données réelles ou simulées : non précisé (simulees=True ou False)."
TOO_SMALL = (
    "Certains effectifs sont trop petits pour être montrés : ils sont masqués, et les phrases qui "
    "les diraient aussi."
)
BY_DEFAULT = (
    "Masqués : effectifs de moins de {0.effectif_minimum} personnes, et ce que disent moins de "
    "{0.denominateur_minimum}. Ce sont les seuils par défaut, non ceux d'un programme."
)
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
    "cal_low": ("Étalonné, borne basse", EFFECT),
    "cal_high": ("Étalonné, borne haute", EFFECT),
    "cal_p_value": ("Valeur p étalonnée", CHANCE),
    "n_draws": ("Faux programmes", COUNT),
    "n_contained": ("Effet vrai contenu", COUNT),
    "n_found_at_zero": ("Trouvé sans effet", COUNT),
    "median_error": ("Erreur médiane", EFFECT),
    "wrong_sign": ("Mauvais signe", "taux"),
    "n_sites": ("Établissements d'accueil", COUNT),
    "n_effective": ("Programmes sans établissement commun", "decimal"),
    "mu": ("Erreur systématique", EFFECT),
    "s": ("Son écart-type", CHANCE),
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
    "code_region": ("Région", WORDS),
    "niveau": ("Niveau", WORDS),
    "voie": ("Voie", WORDS),
    "filiere": ("Filière", WORDS),
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
}
# What a paper shows, in this order; a result with none of the last five shows all its columns.
PAPER = (
    "dimension", "label", "group", "outcome", "code_region", "unit", "basis", "rel_time",
    "cohort", "time", "period", "m", "estimate", "std_error", "ci_low", "ci_high",
    "p_romano_wolf", "p_holm", "weight", "n_treated_clusters",
)  # fmt: skip
WHOLE_FROM = 100  # an effect on a whole programme is a number of people, not of thousandths


def _effect(value: float) -> str:
    """Return an effect with its sign: three decimals a seat, none for a total."""
    return text.signe(value, 0 if abs(value) >= WHOLE_FROM else 3)


NUMBERS: dict[str, Format] = {
    EFFECT: _effect,
    CHANCE: ("nombre", 3),
    COUNT: "nombre",
    "decimal": ("nombre", 2),
    "taux": "pourcent",
    "euros": "euros",
    "annee": "annee",
}
LATEX = str.maketrans(
    {
        "\u202f": r"\,",
        "\u00a0": "~",
        "\u2212": "$-$",
        "–": "--",
        "×": r"$\times$",
        "≥": r"$\geq$",
        "≤": r"$\leq$",
        "₀": "$_0$",
        "₉": "$_9$",
        "₇": "$_7$",
        "₅": "$_5$",
        "₈": "$_8$",
        "²": "$^2$",
        "χ": r"$\chi$",
    }
)


class Tidy(Protocol):
    """What can be written: a tidy frame, how it was made, the unit of its estimates if any."""

    unite: str

    def summary(self) -> str:
        """Return French sentences."""

    def to_frame(self) -> pd.DataFrame:
        """Return tidy rows."""

    def method(self) -> str:
        """Return one French paragraph."""


def bundle(result: Tidy, titre: str) -> dict[str, str]:
    """Return what a notebook shows of a result: its sentences, then an accessible table.

    Where the table hides a small count, the sentences, which may tell it, are not shown. A result
    does not know its programme: a table of people says under which thresholds it hides.
    """
    limits = Thresholds()
    rows = show_alone(result.to_frame(), limits)
    note = BY_DEFAULT.format(limits) if _of_people(rows.frame) else ""
    shown = readable(rows, titre, unite=result.unite, note=note)
    if not rows.hidden.to_numpy().any():
        said = result.summary()
        return {"text/plain": said, "text/html": _in_french(said, shown)}
    return {"text/plain": f"{TOO_SMALL}\n{shown!r}", "text/html": _in_french(TOO_SMALL, shown)}


def _in_french(said: str, shown: Table) -> str:
    """Return sentences and table in HTML, their language told to those who have it read aloud."""
    return f'<div lang="fr">{escapes.paragraphs(said)}{shown.to_html()}</div>'


def readable(
    rows: Shown, titre: str, *, unite: str = "", source: str = "", note: str = ""
) -> Table:
    """Return a result's rows as a table to display: French headers, marks where hidden."""
    frame = _said(rows.frame[_of_paper(rows.frame)])
    known = {c: _column(frame[c], unite) for c in frame}
    return table(
        rows.derived(frame),
        titre,
        formats={c: NUMBERS[kind] for c, (_, kind) in known.items() if kind in NUMBERS},
        labels={c: label for c, (label, _) in known.items()},
        source=source,
        note=note,
    )


def latex(
    result: Tidy,
    *,
    titre: str,
    source: str,
    simulees: bool | None,
    secret: Secret | None = None,
) -> str:
    """Return a LaTeX table (booktabs), numbers in French, caption, label, note and source.

    Parameters
    ----------
    simulees : bool or None
        Whether the data is simulated: the caption and the note then say so. Always to be told;
        None is written as such.
    secret : Secret, optional
        The programme's thresholds, to be told where the result counts people.

    Raises
    ------
    FpiError
        The result counts people and `secret` is not told.

    Notes
    -----
    For a document in UTF-8 with the packages babel (french), booktabs and caption.
    """
    said = UNSAID if simulees is None else f"{text.BANNER}." if simulees else ""
    titled = f"{titre} ({text.SIMULATED.lower()})" if simulees else titre
    frame = result.to_frame()
    if secret is None and _of_people(frame):
        raise FpiError(
            "ce résultat compte des personnes : dites sous quels seuils les masquer, "
            "to_latex(secret=annee.programme.secret)."
        )
    rows = show_alone(frame, Thresholds.of(secret or Secret()))
    made = readable(rows, titled, unite=result.unite, source=source, note=said)
    return _papered(made.to_latex(), titre)


def _of_people(frame: pd.DataFrame) -> bool:
    """Return whether a result's rows count people."""
    return not set(PEOPLE).isdisjoint(frame)


def _of_paper(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a paper; all of them when nothing is estimated with an interval."""
    kept = [name for name in PAPER if name in frame]
    if not {"estimate", "ci_low", "ci_high"} <= set(kept):
        return list(frame.columns)
    twice = {"label"} if {"dimension", "group"} <= set(kept) else set()
    if "outcome" in frame and (len(set(frame["outcome"])) == 1 or "p_holm" in frame):
        twice.add("outcome")  # one outcome: its name is in the title; a family: in the label
    return [name for name in kept if name not in twice]


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


def _said(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with bounds that nothing holds, and outcomes, in words; no negative zero."""
    out = frame.copy()
    for name in out:
        values = out[name]
        if pd.api.types.is_bool_dtype(values):
            continue
        if name == "outcome":
            out[name] = values.map(lambda v: text.RESULTATS.get(v, v))
        elif pd.api.types.is_numeric_dtype(values):
            values = values + 0.0 if pd.api.types.is_float_dtype(values) else values
            infinite = np.isinf(values.to_numpy(dtype=float))
            words = values.astype(object).mask(infinite, UNBOUNDED)
            out[name] = words if infinite.any() else values
        elif values.map(lambda v: isinstance(v, float) and np.isinf(v)).any():
            out[name] = values.map(lambda v: UNBOUNDED if v in (np.inf, -np.inf) else v)
    return out


def _papered(made: str, titre: str) -> str:
    """Return the table as papers number it: caption, label, no vertical rule, ASCII spaces."""
    caption = re.search(r"\\caption\*\{\s*\{\\large (.*?)\}\s*\}", made, re.S)
    if caption:
        label = f"\\caption{{{caption[1].strip()}}}\n\\label{{tab:{slug(titre)}}}"
        made = made[: caption.start()] + label + made[caption.end() :]
    made = re.sub(r"(\\extracolsep\{\\fill\}\}[lrc]*)\|", r"\1", made)
    made = re.sub(r"\n\\fontsize.*\\selectfont\n", "", made)
    made = re.sub(r"(?<=[&~ ])-(?=\d)", "$-$", made)
    return made.translate(LATEX)
