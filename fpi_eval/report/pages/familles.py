"""Several answers read together: every announced outcome, and for whom the effect differs."""

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.checks import TooFew
from fpi_eval.checks.outcome import FEW
from fpi_eval.disclosure import Thresholds, share_told
from fpi_eval.impact.groups.declared import DIMENSIONS
from fpi_eval.impact.groups.heterogeneity import ADMITTED, Heterogeneity
from fpi_eval.impact.outcomes import OUTCOMES, Family
from fpi_eval.programme import Programme, Secret
from fpi_eval.rounding import told
from fpi_eval.tables import Table, table

NOT_ADJUSTED = "sans ajustement"
ADJUSTED = ("p_romano_wolf", "p_holm")
SEX_NOTE = (
    " Sexe des admis : effet sur les femmes et sur les hommes admis en BTS sur Parcoursup (non au "
    "constat). L'égalité testée n'est pas celle de ces deux effets : la part des femmes parmi les "
    "entrants de plus est comparée à leur part dans les mêmes formations avant l'ouverture."
)
BOUNDS = {"estimate": "Par place", "ci_low": "Borne basse", "ci_high": "Borne haute"}


def annonces(programme: Programme, outcome: str) -> dict:
    """Return the outcomes announced, the one that needs no adjustment, and the seed of draws.

    An outcome that stands in for the announced one was chosen later: it is adjusted too.
    """
    declared = programme.resultats
    names = {outcome, declared.principal, *declared.secondaires}
    return {
        "outcomes": sorted(names, key=lambda name: [*OUTCOMES, name].index(name)),
        "principal": outcome if outcome == declared.principal else None,
        "seed": programme.graine,
    }


def autres(brut: Family | Absent, net: Family | Absent) -> str | Absent:
    """Return which outcomes stand once all of them have been looked at."""
    if isinstance(net, Absent):
        return net
    if isinstance(brut, Absent):
        return brut
    lines = [f"Effet brut. {brut.sentence()}", f"Effet net. {net.sentence()}"]
    missing = [OUTCOMES.get(name, name).lower() for name in net.absent]
    if missing:
        lines.append(
            f"Absents des fichiers par établissement et formation, donc ni estimés ni comptés : "
            f"{text.liste(missing)}."
        )
    lines.append(
        "Ces tests ne sont pas étalonnés sur de faux programmes. La fourchette du haut de la page "
        "l'est quand c'est possible : c'est elle qui conclut."
    )
    return "\n\n".join(lines)


def famille(brut: Family | Absent, net: Family | Absent, source: str) -> Table | Absent:
    """Return gross and net effect on every outcome, p-values adjusted."""
    if isinstance(net, Absent):
        return net
    if isinstance(brut, Absent):
        return brut
    parts = [brut.to_frame().assign(effet="Brut"), net.to_frame().assign(effet="Net")]
    rows = pd.concat(parts, ignore_index=True)
    for name in ADJUSTED:
        rows[name] = rows[name].astype(object).where(rows[name].notna(), NOT_ADJUSTED)
    return table(
        told(rows),
        "L'effet par place sur chaque résultat, valeurs p ajustées",
        formats=dict.fromkeys(BOUNDS, ("signe", 2)) | dict.fromkeys(ADJUSTED, text.valeur_p),
        labels={
            "label": "Résultat",
            "effet": "Effet",
            **BOUNDS,
            "p_romano_wolf": "p Romano–Wolf",
            "p_holm": "p Holm",
        },
        source=source,
        note="Intervalles à 95 % de chaque résultat pris seul, sans étalonnage. Valeurs p ajustées "
        f"à part pour l'effet brut et pour l'effet net : {net.draws}.",
    )


def en_bref(found: Heterogeneity | Absent) -> str:
    """Return whether the effect is known to differ between groups, then why not."""
    if isinstance(found, TooFew):
        return f"Pour qui l'effet diffère n'est pas dit.\n\n{FEW}"
    if isinstance(found, Absent):
        return (
            "On ne sait pas encore pour qui l'effet diffère.\n\n"
            "La page « Les diplômés » dit ce qui empêche d'estimer un effet."
        )
    return found.sentence().replace(". ", ".\n\n", 1)


def pour_qui(found: Heterogeneity | Absent, secret: Secret) -> str | Absent:
    """Return whether the effect differs between groups, in one sentence, and what is missing."""
    if isinstance(found, Absent):
        return found
    lines = _sexes(found, secret)
    absent = [f"{DIMENSIONS[k].label} : {why}" for k, why in found.absent.items()]
    if found.left_out:
        small = [
            f"{_group(name)} ({text.pluriel(n, 'formation ouverte', 'formations ouvertes')})"
            for name, n in found.left_out
        ]
        lines.append(f"Trop petits ou non renseignés, laissés de côté : {text.liste(small)}.")
    return "\n\n".join([*lines, " ".join(absent)] if absent else lines)


def _group(name: str) -> str:
    """Return the split in small letters, then its group."""
    split, _, group = name.partition(", ")
    return f"{split.lower()} « {group} »"


def _sexes(found: Heterogeneity, secret: Secret) -> list[str]:
    """Return women's share of the extra BTS entrants in one sentence, unless counts are small."""
    if found.sexes is None:
        return []
    women, men = found.sexes.women_before, found.sexes.men_before
    if not share_told(women, men, Thresholds.of(secret)):
        return [
            f"Sexe : moins de {secret.effectif_minimum} femmes ou hommes admis en BTS avant "
            f"l'ouverture, ou moins de {secret.denominateur_minimum} en tout ; leur part n'est pas "
            "montrée."
        ]
    tests = found.tests.set_index("dimension")
    return [found.sexes.sentence(tests.loc[ADMITTED, "p_romano_wolf"])]


def groupes(
    found: Heterogeneity | Absent, outcome: str, source: str, tension: str = ""
) -> Table | Absent:
    """Return the effect per seat of each group, and whether the groups of a split differ.

    ``tension`` says where the tension of occupations comes from, if the files give it.
    """
    if isinstance(found, Absent):
        return found
    if found.table.empty:
        return Absent(found.sentence())
    shown = DIMENSIONS["tension"].label in set(found.table["dimension"])
    return table(
        told(found.to_frame()),
        f"L'effet brut par place, groupe par groupe ({OUTCOMES.get(outcome, outcome).lower()})",
        formats={
            "seats": "nombre",
            **dict.fromkeys(BOUNDS, ("signe", 2)),
            "p_romano_wolf": lambda p: text.valeur_p(p, 2),
        },
        labels={
            "dimension": "Découpage",
            "group": "Groupe",
            "seats": "Places × sessions comparées",
            **BOUNDS,
            "p_romano_wolf": "Valeur p de l'égalité",
        },
        source=source,
        note="Effet brut par place. Ici une seule régression, un coefficient par groupe ; section "
        "« Combien de personnes en plus jusqu'ici », une par groupe, souvent moins précise. Une "
        "formation nouvelle, sans passé auquel se comparer, n'est "
        "pas dans ce tableau. La valeur p, la même pour tous les groupes d'un découpage, "
        f"est celle de l'égalité de leurs effets, ajustée sur {len(found.tests)} découpages fixés "
        "d'avance (Romano et Wolf, 2005). Demande : premiers vœux comparés aux places, avant le "
        f"programme.{f' {tension}' if shown and tension else ''}{SEX_NOTE if found.sexes else ''}",
    )
