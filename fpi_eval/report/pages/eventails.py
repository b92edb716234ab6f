"""What `06_trajectoire_et_couts` draws: how many people by 2030, in all, by level, by filière."""

import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.figures import Figure
from fpi_eval.projection import LECTURES
from fpi_eval.projection.outlook import Outlook
from fpi_eval.report.pages.trajectoire import WHOLE
from fpi_eval.rounding import rounded, step_of
from fpi_eval.tables import Table, table

QUANTILES = {
    "q10": "1er décile",
    "q25": "1er quartile",
    "q50": "Médiane",
    "q75": "3e quartile",
    "q90": "9e décile",
}


def _rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return quantiles with the digits that the width between the outer ones deserves."""
    steps = [step_of(low, high) for low, high in zip(rows["q10"], rows["q90"], strict=True)]
    shown = {
        name: [rounded(v, step) for v, step in zip(rows[name], steps, strict=True)]
        for name in QUANTILES
    }
    return rows.assign(**shown)


def eventail(found: Outlook | Absent, lecture: str = "entrants") -> Figure | Absent:
    """Return the fan of people trained, or of graduates, up to the horizon (main scenario)."""
    if isinstance(found, Absent):
        return found
    result = found.main
    rows = _rounded(result.fan(lecture))
    end = rows.iloc[-1]
    said = (
        f"En {int(end['annee'])}, une chance sur deux d'être entre {text.nombre(end['q25'])} et "
        f"{text.nombre(end['q75'])}, huit sur dix entre {text.nombre(end['q10'])} et "
        f"{text.nombre(end['q90'])}"
    )
    target = result.aimed(lecture)
    aimed = "" if target is None else f" Trait en tirets : {text.nombre(target.personnes)} visées."
    return Figure(
        result.plot(lecture=lecture),
        f"{LECTURES[lecture]} : {text.nombre(end['q50'])} attendus d'ici {int(end['annee'])}, huit "
        f"fois sur dix entre {text.nombre(end['q10'])} et {text.nombre(end['q90'])}",
        f"Projection fpi_eval ({result.title}) ; {found.context.credit}",
        f"Éventail par année. {said}.{aimed}",
        rows.assign(annee=rows["annee"].astype(str)),
        formats=dict.fromkeys(QUANTILES, WHOLE),
        labels={"annee": "Année", **QUANTILES},
    )


def diplomes(found: Outlook | Absent) -> Figure | Absent:
    """Return the fan of graduates up to the horizon."""
    return eventail(found, "diplomes")


def niveaux(found: Outlook | Absent) -> Figure | Absent:
    """Return the fans of people trained in secondary and in higher education, with their targets.

    The target of a level is drawn where its date is: both are for the first three rentrées. One
    that counts graduates is not: the fans are of entrants.
    """
    if isinstance(found, Absent):
        return found
    result, fans = found.main, {}
    said, told = [], []
    for niveau, words in text.NIVEAUX.items():
        if not result.flux.rows(niveau).any():
            continue
        drawn = result.fan("entrants", niveau)
        rows = _rounded(drawn)
        for target in result.ahead:
            if (target.niveau, target.lecture) == (niveau, "entrants"):
                at = rows[rows["annee"] == target.echeance]
                if at.empty:  # before the first year drawn
                    continue
                at, title = at.iloc[0], f"{words} (cible en {target.echeance})"
                fans[title] = drawn.assign(cible=target.personnes)
                told.append(rows.assign(niveau=title, annee=rows["annee"].astype(str)))
                said.append(
                    f"{words}, {target.echeance} : {text.nombre(at['q50'])} en médiane "
                    f"({text.nombre(at['q10'])} à {text.nombre(at['q90'])}, 8 chances sur 10), "
                    f"pour une cible de {text.nombre(target.personnes)}"
                )
    if not fans:
        levels = {
            one for one in result.cibles if one.niveau in text.NIVEAUX and one.lecture == "entrants"
        }
        if levels & {*result.ahead}:
            return Absent("Aucune place n'ouvre avant l'échéance des cibles par niveau.")
        if levels:
            return Absent(
                "L'échéance des cibles par niveau est passée : elles ne se projettent plus. La "
                "page « Les places » dit lesquelles ne sont pas atteintes.",
                lacking=False,
            )
        return Absent("Aucune cible d'entrées par niveau n'est déclarée.", lacking=False)
    return Figure(
        plots.fans(fans),
        "Entrés dans une place ouverte, par niveau",
        f"Projection fpi_eval ({result.title}) ; {found.context.credit}",
        f"Un éventail par niveau, année par année. {' ; '.join(said)}.",
        pd.concat(told),
        formats=dict.fromkeys(QUANTILES, WHOLE),
        labels={"niveau": "Niveau", "annee": "Année", **QUANTILES},
    )


def filieres(found: Outlook | Absent) -> Table | Absent:
    """Return quantiles at the horizon by filière × level, entrants (main scenario)."""
    if isinstance(found, Absent):
        return found
    rows = found.main.fans()
    rows = _rounded(rows[rows["annee"] == rows["annee"].max()])
    rows = rows.assign(
        filiere=rows["filiere"].map(found.context.programme.mots_filieres),
        niveau=rows["niveau"].map(text.NIVEAUX),
    )
    return table(
        rows,
        f"Entrés dans une place ouverte d'ici {found.context.programme.projection.horizon}",
        formats=dict.fromkeys(QUANTILES, WHOLE),
        labels={"filiere": "Filière", "niveau": "Niveau", **QUANTILES},
        source=f"Projection fpi_eval ({found.main.title}) ; {found.context.credit}",
    )
