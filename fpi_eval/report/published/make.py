"""How a protected table becomes one to publish: words, rates from the counts left, comparisons."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fpi_eval import tables, text
from fpi_eval.disclosure import TOTAL, Shown, public
from fpi_eval.indicators.compute import beside_last_year, compute
from fpi_eval.indicators.declare import Indicator
from fpi_eval.panel.regional_panel import ELSEWHERE, HERE
from fpi_eval.panel.year import Year
from fpi_eval.programme import Territoire
from fpi_eval.report.edition import today
from fpi_eval.rounding import gap
from fpi_eval.sheets import Column, Sheet

ENSEMBLE = "Ensemble"
NO_BREAK = "\u2011"  # hyphen that keeps a millésime on one line
FORMATS = {"taux": "pourcent", "effectif": "nombre", "decimal": "nombre"}
AVANT, ECART = "avant", "ecart"
TERRITOIRE = Column("territoire", "Territoire")
FILIERE = Column("filiere", "Filière", definition="Groupe de spécialités (NSF) déclaré.")
NIVEAU, VOIE = Column("niveau", "Niveau"), Column("voie", "Voie")
ACADEMIE, DEPARTEMENT = Column("academie", "Académie"), Column("departement", "Département")
RENTREE = Column("rentree", "Rentrée", "annee", "2023 est l'année scolaire 2023-2024.")
MILLESIME = Column(
    "millesime",
    "Millésime",
    definition="Sortants de deux mois de juin ; deux millésimes qui se suivent en partagent un.",
)


def words(p: Year, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with codes replaced by the words readers see."""
    place = p.donnees.programme.territoire
    names = {
        "territoire": {HERE: place.region, ELSEWHERE: "Autres régions"},
        "filiere": p.donnees.programme.mots_filieres,
        "projet": {name.upper(): name for name in p.donnees.programme.noms_projets},
        "niveau": text.NIVEAUX,
        "voie": text.VOIES,
        "uai": {},
        "code_academie": {a.code: a.nom for a in place.academies},
        "code_departement": place.noms_departements,
    }
    whole = {TOTAL: ENSEMBLE}
    replaced = {
        name.removeprefix("code_"): rows[name].map(lambda v, w=words | whole: w.get(v, v))
        for name, words in names.items()
        if name in rows
    }
    dated = {
        n: rows[n].map(lambda v: ENSEMBLE if v == TOTAL else str(v).replace("_", "-"))
        for n in ("rentree", "millesime")
        if n in rows
    }
    return rows.assign(**replaced, **dated)


def column(
    indicator: Indicator, label: str = "", *, name: str = "", definition: str = ""
) -> Column:
    """Return the column of an indicator, with its definition, formula and limits."""
    said = f"{indicator.definition} Formule : {indicator.formula}. Limite : {indicator.limite}"
    return Column(
        name or indicator.name,
        label or indicator.label,
        indicator.unit,
        definition or said,
        indicator.source,
        indicator.digits,
        indicator.signed,
    )


def with_rates(
    frame: pd.DataFrame, hidden: pd.DataFrame, indicators: Sequence[Indicator], by: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells with each indicator, its interval (``…_bas``, ``…_haut``), and the flags.

    Indicators are computed on the counts still shown: where one is hidden, so is the rate.
    """
    frame, hidden = frame.copy(), hidden.copy()
    for one in indicators:
        found = compute(frame, one, by)[[*by, "value", "ci_low", "ci_high"]]
        both = frame[list(by)].merge(found, "left", list(by), validate="one_to_one")
        names = (one.name, f"{one.name}_bas", f"{one.name}_haut")
        frame[list(names)] = both[["value", "ci_low", "ci_high"]].to_numpy(dtype=float)
        used = [name for name in one.columns if name in hidden]
        for name in names:
            hidden[name] = hidden[used].any(axis=1)
    return frame, hidden


def with_comparisons(
    frame: pd.DataFrame, hidden: pd.DataFrame, one: Indicator, by: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells with the indicator, last year's (``avant``), the gap (``ecart``), elsewhere's.

    ``ailleurs`` is the same filière in all the other regions together, the same rentrée.
    """
    keys = [name for name in by if name != "rentree"]
    frame, hidden = with_rates(frame, hidden, [one], by)
    beside = beside_last_year(frame, one, keys)[[*by, "reference", "ecart"]]
    both = frame[list(by)].merge(beside, "left", list(by), validate="one_to_one")
    frame["avant"], frame["ecart"] = (both[c].to_numpy(float) for c in ("reference", "ecart"))
    past = frame[list(by)].assign(rentree=frame["rentree"] + 1, _h=hidden[one.name])
    flags = frame[list(by)].merge(past, "left", list(by))["_h"].fillna(value=False).astype(bool)
    hidden["avant"] = flags.to_numpy()
    hidden["ecart"] = hidden["avant"] | hidden[one.name]
    local = [name for name in ("territoire", "code_academie", "code_departement") if name in by]
    same = [name for name in by if name not in local]
    coarse = (frame["territoire"] == ELSEWHERE) & (frame[local[1:]] == TOTAL).all(axis=1)
    far = frame[coarse].assign(_h=hidden[one.name])[[*same, one.name, "_h"]]
    found = frame[same].merge(far, "left", same, validate="many_to_one")
    frame["ailleurs"] = found[one.name].to_numpy(float)
    hidden["ailleurs"] = found["_h"].fillna(value=False).astype(bool).to_numpy()
    return frame, hidden


def repeated(rows: pd.DataFrame, place: Territoire) -> pd.Series:
    """Return which cells say a wider one again: the region's only académie, or département."""
    names = ["code_academie", "code_departement", "uai"]
    told = rows.reindex(columns=names, fill_value=TOTAL).ne(TOTAL)
    academie, departement, uai = (told[name] for name in names)
    one_academie = len(place.academies) == 1
    one_departement = len(set(place.noms_departements.values())) == 1
    return ~uai & ((departement & one_departement) | (academie & ~departement & one_academie))


def make(
    p: Year,
    name: str,
    title: str,
    rows: Shown | pd.DataFrame,
    columns: Sequence[Column],
    *,
    source: str = "",
    note: str = "",
) -> Sheet | None:
    """Return a table to publish, in words, its source, the date of the run, its flags.

    Rows that count nobody may come as they are; without any there is no table.
    """
    rows = rows if isinstance(rows, Shown) else public(rows)
    if rows.frame.empty:
        return None
    frame, hidden = (part.reset_index(drop=True) for part in (rows.frame, rows.hidden))
    shown = words(p, frame)
    if "rentree" in frame and frame["rentree"].map(lambda v: isinstance(v, int)).all():
        shown["rentree"] = frame["rentree"].astype(int)
    said = f"{p.context.credited(source or p.donnees.credit)}, rentrée {p.donnees.rentree}"
    suffix = f" ({text.SIMULATED.lower()})" if p.donnees.simulees else ""
    told = _as_shown(rows.derived(shown, hidden), columns)
    return Sheet(name, title + suffix, told, tuple(columns), said, today(), note)


def _as_shown(rows: Shown, chosen: Sequence[Column]) -> Shown:
    """Return rows whose gap to the year before is that of the two numbers beside it, as shown."""
    names = [c.name for c in chosen]
    if not {AVANT, ECART} <= set(names):
        return rows
    value = chosen[names.index(AVANT) - 1]
    after, before = (rows.frame[name].astype(float) for name in (value.name, AVANT))
    frame = rows.frame.assign(
        **{ECART: gap(after, before, value.decimals + 2 * (value.unit == "taux"))}
    )
    return rows.derived(frame, rows.hidden)


def cells(published: Sheet, columns: Sequence[str], *, kept: pd.Series | None = None) -> Shown:
    """Return rows and columns of a published table, in the order of `columns`."""
    frame, hidden = published.frame[list(columns)], published.hidden
    if kept is not None:
        frame, hidden = frame[kept.to_numpy()], hidden[kept.to_numpy()]
    if "millesime" in frame:
        frame = frame.assign(millesime=frame["millesime"].str.replace("-", NO_BREAK))
    return published.rows.derived(*(part.reset_index(drop=True) for part in (frame, hidden)))


def show(
    published: Sheet,
    columns: Sequence[str] | None = None,
    *,
    kept: pd.Series | None = None,
    titre: str = "",
    note: str = "",
    labels: Mapping[str, str] | None = None,
) -> tables.Table:
    """Return rows and columns of a published table as notebooks show them, marks included.

    `labels`: shorter heads for a page's width; the workbook keeps the full ones.
    """
    chosen = [c for c in published.columns if columns is None or c.name in columns]
    if columns is not None:
        chosen.sort(key=lambda c: list(columns).index(c.name))
    return tables.table(
        cells(published, [c.name for c in chosen], kept=kept),
        titre or published.title.removesuffix(f" ({text.SIMULATED.lower()})"),
        formats={c.name: _format(c) for c in chosen if c.unit != "texte"},
        labels={c.name: c.label for c in chosen} | dict(labels or {}),
        source=published.source,
        note=note or published.note,
    )


def _format(c: Column) -> tables.Format:
    """Return how a column is written, as it declares."""
    if c.unit in FORMATS:
        return ("signe" if c.signed else FORMATS[c.unit], c.decimals)
    return c.unit
