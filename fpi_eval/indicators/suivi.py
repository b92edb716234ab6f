"""The programme against its own promises: people trained, and the follow-up table of its funder."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.programme import Cible

READ_AS = {"entrants": "entrants_programme", "diplomes": "diplomes_programme"}


@known_options
def personnes_formees(
    panel: pd.DataFrame, cibles: Sequence[Cible], *, jusqu_a: int
) -> pd.DataFrame:
    """Return people trained so far against each target, under the target's own reading.

    Parameters
    ----------
    panel : DataFrame
        As `in_seats` returns it: ``rentree``, ``niveau``, ``entrants_programme``,
        ``diplomes_programme``.
    cibles : sequence of Cible
        Targets of programme.toml.
    jusqu_a : int
        Last rentrée counted (and no further than the target's own).

    Returns
    -------
    DataFrame
        ``cible``, ``libelle``, ``niveau``, ``echeance``, ``lecture``, ``personnes`` (target),
        ``realise``, ``avancement`` (share of the target), ``reste`` and ``source``.

    Notes
    -----
    Each rentrée's entrants are new people, so years add up. Graduates are those of rows whose
    June has come (``rentree < jusqu_a``). Missing where seats have people, of whom none is known.
    """
    rows = []
    for cible in cibles:
        column = READ_AS[cible.lecture]
        missing = [name for name in ("rentree", "niveau", column) if name not in panel]
        if missing:
            raise FpiError("colonne absente : appelez d'abord « in_seats ».", colonne=missing[0])
        last = min(jusqu_a, cible.echeance) - (cible.lecture == "diplomes")
        panel = coding.with_numbers(panel, ("rentree", column))
        inside = panel["rentree"] <= last
        if cible.niveau != "ensemble":
            inside &= panel["niveau"] == cible.niveau
        people = panel.loc[inside, column]
        done = float(people.sum(min_count=min(len(people), 1)))  # none known is not none entered
        rows.append(
            (
                cible.code,
                cible.libelle,
                cible.niveau,
                cible.echeance,
                cible.lecture,
                cible.personnes,
                done,
                done / cible.personnes,
                max(cible.personnes - done, 0.0),
                cible.source,
            )
        )
    header = "cible libelle niveau echeance lecture personnes realise avancement reste source"
    return pd.DataFrame(rows, columns=header.split())


@known_options
def suivi_ami_cma(
    register: pd.DataFrame,
    *,
    by: Sequence[str] = ("projet", "filiere", "niveau"),
    commentaires: Mapping[tuple, str] | None = None,
) -> pd.DataFrame:
    """Return the funder's follow-up table: planned, achieved, gap and comment for each action.

    Seats opened: a closure that pays for them is in neither sum, only in what was spent.

    Parameters
    ----------
    register : DataFrame
        `by`, ``places_prevues``, ``places_ouvertes``, ``cout``, ``subvention``.
    commentaires : mapping, optional
        From the values of `by` to a French comment; one that fits no action is refused.

    Returns
    -------
    DataFrame
        `by`, ``prevu``, ``non_renseigne`` (planned, nobody says what opened), ``realise``,
        ``ecart``, ``taux_realisation`` (both over the other rows), ``cout``, ``subvention``
        (missing where an opening does not say its own), ``commentaire`` (empty where none was
        given).
    """
    keys = list(by)
    if not keys:
        raise FpiError("aucune colonne pour « by » : nommez ce qui fait une action.")
    needed = [*keys, "places_prevues", "places_ouvertes", "cout", "subvention"]
    coding.needed(register, *needed, use=" du registre des ouvertures")
    register = coding.with_numbers(register, needed[-4:])
    planned, opened = (register[f"places_{w}"].clip(lower=0) for w in ("prevues", "ouvertes"))
    both = planned.notna() & opened.notna()
    marked = register.assign(
        prevu=planned,
        non_renseigne=planned.where(opened.isna()),
        realise=opened,
        ecart=opened - planned,
        taux_realisation=planned.where(both),
    )
    columns = ["prevu", "non_renseigne", "realise", "ecart", "taux_realisation", *needed[-2:]]
    table = marked.groupby(keys, dropna=False)[columns].sum(min_count=1).reset_index()
    table["non_renseigne"] = table["non_renseigne"].fillna(0)
    money = register[needed[-2:]]
    told = money.notna().where(opened != 0, other=True)  # a closure may say no amount
    all_told = told.groupby([register[key] for key in keys], dropna=False).all()
    table[needed[-2:]] = table[needed[-2:]].where(all_told.to_numpy())
    base = table["taux_realisation"].where(table["taux_realisation"] > 0)
    table["taux_realisation"] = (base + table["ecart"]) / base
    actions = [tuple(row) for row in table[keys].itertuples(index=False)]
    words = dict(commentaires or {})
    lost = set(words) - set(actions)
    if lost:
        raise FpiError(f"commentaire sans action au registre : {' × '.join(map(str, min(lost)))}.")
    return table.assign(commentaire=[words.get(action, "") for action in actions])
