"""Several answers read together: every announced outcome, and for whom the effect differs."""

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.groups.declared import DIMENSIONS
from fpi_eval.impact.groups.heterogeneity import ADMITTED, Heterogeneity, heterogeneity
from fpi_eval.impact.outcomes import OUTCOMES, Family, study_family
from fpi_eval.tables import Table, table

if TYPE_CHECKING:
    from fpi_eval.report.pages.study import Etude

EFFECTS = {GROSS: "Brut", NET: "Net"}
NOT_ADJUSTED = "sans ajustement"
ADJUSTED = ("p_romano_wolf", "p_holm")
SEX_NOTE = (
    " Sexe des admis : effet sur les femmes et sur les hommes admis en BTS sur Parcoursup (non au "
    "constat). L'égalité testée n'est pas celle de ces deux effets : la part des femmes parmi les "
    "entrants de plus est comparée à leur part dans les mêmes formations avant l'ouverture."
)
BOUNDS = {"estimate": "Par place", "ci_low": "Borne basse", "ci_high": "Borne haute"}


@cache
def _families(e: "Etude") -> dict[str, Family]:
    """Return the family of outcomes that the files give, for the gross and the net effect."""
    # An outcome that stands in for the announced one was chosen later: it is adjusted too.
    primary = e.outcome if e.outcome == e.voulu else None
    programme = e.p.donnees.programme
    announced = {e.outcome, programme.resultats.principal, *programme.resultats.secondaires}
    names = sorted(announced, key=lambda name: [*OUTCOMES, name].index(name))
    return {
        words: study_family(e.panel, names, effect=effect, principal=primary, seed=programme.graine)
        for effect, words in EFFECTS.items()
    }


@cache
def _groups(e: "Etude") -> Heterogeneity | Absent:
    """Return the effect by group, or why there is none."""
    if e.muette:
        return Absent(e.muette)
    try:
        what = e.p.donnees.programme
        return heterogeneity(e.panel, e.outcome, words=what.mots_filieres, seed=what.graine)
    except FpiError as error:
        return Absent(str(error))


def autres(e: "Etude") -> str:
    """Return which outcomes stand once all of them have been looked at."""
    if e.muette:
        return e.muette
    found = _families(e)
    lines = [f"Effet {words.lower()}. {f.sentence()}" for words, f in found.items()]
    missing = [OUTCOMES.get(name, name).lower() for name in found["Net"].absent]
    if missing:
        lines.append(
            f"Absents des fichiers par établissement et formation, donc ni estimés ni comptés : "
            f"{text.liste(missing)}."
        )
    return "\n\n".join(lines)


def famille(e: "Etude") -> Table | Absent:
    """Return gross and net effect on every outcome, p-values adjusted."""
    if e.muette:
        return Absent(e.muette)
    parts = [f.to_frame().assign(effet=words) for words, f in _families(e).items()]
    rows = pd.concat(parts, ignore_index=True)
    for name in ADJUSTED:
        rows[name] = rows[name].astype(object).where(rows[name].notna(), NOT_ADJUSTED)
    return table(
        rows[["label", "effet", *BOUNDS, "p_romano_wolf", "p_holm"]],
        "L'effet par place sur chaque résultat, valeurs p ajustées",
        formats=dict.fromkeys(BOUNDS, ("signe", 2)) | dict.fromkeys(ADJUSTED, ("nombre", 3)),
        labels={"label": "Résultat", "effet": "Effet", **BOUNDS,
                "p_romano_wolf": "p Romano–Wolf", "p_holm": "p Holm"},
        source=e.source,
        note="Intervalles à 95 % de chaque résultat pris seul. Valeurs p ajustées à part pour "
        f"l'effet brut et pour l'effet net : {_families(e)['Net'].draws}.",
    )  # fmt: skip


def pour_qui(e: "Etude") -> str:
    """Return whether the effect differs between groups, in one sentence, and what is missing."""
    found = _groups(e)
    if isinstance(found, Absent):
        return found.reason
    lines = [found.sentence(), *_sexes(e, found)]
    absent = [f"{DIMENSIONS[k].label} : {why}" for k, why in found.absent.items()]
    if found.left_out:
        small = [
            f"{name.lower()} ({text.pluriel(n, 'formation ouverte', 'formations ouvertes')})"
            for name, n in found.left_out
        ]
        lines.append(f"Trop petits ou non renseignés, laissés de côté : {text.liste(small)}.")
    return "\n\n".join([*lines, " ".join(absent)] if absent else lines)


def _about_tension(e: "Etude", found: Heterogeneity) -> str:
    """Return where the tension groups come from, or nothing when the table has none."""
    shown = DIMENSIONS["tension"].label in set(found.table["dimension"])
    known = e.p.tension if shown else None
    return f" {known.note(simulees=e.p.donnees.simulees)}" if known else ""


def _sexes(e: "Etude", found: Heterogeneity) -> list[str]:
    """Return women's share of the extra BTS entrants in one sentence, unless counts are small."""
    if found.sexes is None:
        return []
    secret = e.p.donnees.programme.secret
    women, men = found.sexes.women_before, found.sexes.men_before
    if min(women, men) < secret.effectif_minimum or women + men < secret.denominateur_minimum:
        return [
            f"Sexe : moins de {secret.effectif_minimum} femmes ou hommes admis en BTS avant "
            f"l'ouverture, ou moins de {secret.denominateur_minimum} en tout ; leur part n'est pas "
            "montrée."
        ]
    tests = found.tests.set_index("dimension")
    return [found.sexes.sentence(tests.loc[ADMITTED, "p_romano_wolf"])]


def groupes(e: "Etude") -> Table | Absent:
    """Return the effect per seat of each group, and whether the groups of a split differ."""
    found = _groups(e)
    if isinstance(found, Absent):
        return found
    if found.table.empty:
        return Absent(found.sentence())
    return table(
        found.to_frame()[["dimension", "group", "seats", *BOUNDS, "p_romano_wolf", "p_holm"]],
        f"Pour qui l'effet diffère-t-il ? ({OUTCOMES.get(e.outcome, e.outcome).lower()})",
        formats={"seats": "nombre", **dict.fromkeys(BOUNDS, ("signe", 2)),
                 **dict.fromkeys(ADJUSTED, ("nombre", 3))},
        labels={"dimension": "Découpage", "group": "Groupe", "seats": "Places × sessions", **BOUNDS,
                "p_romano_wolf": "p Romano–Wolf", "p_holm": "p Holm"},
        source=e.source,
        note="Effet brut par place. La valeur p, la même pour tous les groupes d'un découpage, "
        f"est celle de l'égalité de leurs effets, ajustée sur {len(found.tests)} découpages fixés "
        "d'avance. Demande : premiers vœux comparés aux places, avant le programme."
        f"{_about_tension(e, found)}"
        + (SEX_NOTE if found.sexes else ""),
    )  # fmt: skip
