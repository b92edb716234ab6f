"""Checks on who is compared with whom: counts, support, doses, missing outcomes, balance."""

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval import text
from fpi_eval.checks.study import Study
from fpi_eval.checks.thresholds import (
    BALANCE_LEVEL,
    CAUTION,
    CELLS_PER_BIN,
    CONTROLS_NEEDED,
    CONTROLS_WANTED,
    DOSE_BINS,
    FAIL,
    PASS,
    Check,
)
from fpi_eval.impact.frame import DEP, ETAB, OTHERS, SEATS, new_of
from fpi_eval.panel.cell_panel import UNPLACED
from fpi_eval.panel.cells import targeted_of

BALANCE = {
    "taille": "Entrants par an",
    "remplissage": "Entrants par place",
    "pression": "Premiers vœux par place",
    "reussite": "Résultat par entrant",
    "evolution": "Évolution annuelle des entrants",
}


def comptes(study: Study) -> list[Check]:
    """Return treated establishments, treated départements, effective number of establishments."""
    clusters = study.clusters
    weight = pd.Series(study.fit.x[:, study.fit.position(SEATS)] ** 2)
    if study.fit.weights is not None:
        weight *= study.fit.weights
    by = weight.groupby(study.frame["uai"].to_numpy()[study.fit.keep]).sum()
    effective = float(by.sum() ** 2 / (by**2).sum())
    etabs, deps = clusters.n_treated_etab, clusters.n_treated_dep
    return [
        study.check("etablissements", etabs, np.nan, f"{text.pluriel(etabs, 'établissement')}."),
        study.check("departements", deps, np.nan, f"{text.pluriel(deps, 'département')}."),
        study.check(
            "groupes_effectifs",
            effective,
            np.nan,
            f"tout se passe comme si {text.nombre(effective)} établissements égaux, comparaisons "
            "comprises, portaient l'information.",
        ),
    ]


def support(study: Study) -> Check:
    """Return the share of seats whose course has enough untreated cells when they open."""
    frame, treated = study.frame, study.treated.set_index("cell")
    controls = frame[~frame["cell"].isin(treated.index)].groupby(["course", "time"]).size()
    moved = frame[frame["dose"] != 0].sort_values("time", kind="stable").drop_duplicates("cell")
    at = pd.MultiIndex.from_frame(moved[["course", "time"]])
    count = controls.reindex(at, fill_value=0).to_numpy()
    size = treated["dose"].abs().reindex(moved["cell"]).to_numpy()
    share, some = (
        float(size[count >= n].sum() / size.sum()) for n in (CONTROLS_WANTED, CONTROLS_NEEDED)
    )
    words = (
        f"{text.pourcent(share, 0)} des places ouvertes sont dans une formation que "
        f"{CONTROLS_WANTED} autres cellules au moins offrent sans en ouvrir "
        f"({text.pourcent(some, 0)} en comptent {CONTROLS_NEEDED})."
    )
    row = study.table["support"]
    light = PASS if share >= row.good else CAUTION if some >= row.failing else FAIL
    return study.check("support", share, np.nan, words, light=light)


def dose(study: Study) -> Check:
    """Return whether openings vary enough in size, apart from the size of the course."""
    opened = study.treated[study.treated["dose"] > 0]
    bins = np.bincount(np.searchsorted(DOSE_BINS, opened["dose"].to_numpy()), minlength=3)
    if len(opened) < 3:
        return study.blank("dose", "moins de trois ouvertures : leurs tailles ne se comparent pas.")
    if opened["dose"].nunique() < 2:
        return study.blank("dose", "toutes les ouvertures ont la même taille, ou presque.")
    if opened["size"].nunique() < 2:
        return study.blank("dose", "les formations qui ouvrent avaient toutes la même taille.")
    r = abs(float(np.corrcoef(opened["dose"], opened["size"])[0, 1]))
    full = int((bins >= CELLS_PER_BIN).sum())
    words = (
        f"classes de taille d'au moins {CELLS_PER_BIN} cellules : {full} sur 3 ; corrélation "
        f"de {text.nombre(r, 2)} avec la taille d'avant."
    )
    if full < 3:
        words += " Les effets d'une petite et d'une grande ouverture se comparent mal."
    return study.check("dose", r, np.nan, words)


def manquants(study: Study) -> list[Check]:
    """Return the share of students whose outcome is missing, and its tie with the openings.

    Of the cells that are compared: one whose outcome no row has is not.
    """
    panel, frame = study.panel, study.frame
    rows = panel[panel["cell"].isin(frame["cell"])]
    size = rows["cell"].map(frame.drop_duplicates("cell").set_index("cell")["size"])
    gone = rows[study.outcome].isna()
    share = float(np.average(gone, weights=size))
    first = study.check(
        "manquants",
        share,
        np.nan,
        f"{text.pourcent(share)} des élèves des formations comparées sont dans une observation "
        "sans résultat.",
    )
    late = rows["rentree"] >= frame.loc[frame["dose"] != 0, "time"].min()
    # In a school that opens, the cells that do: its others would water the change down.
    inside = rows["cell"].isin(study.treated["cell"]) | ~rows["uai"].isin(study.treated["uai"])
    before, after = (gone[inside & at].groupby(rows["uai"]).mean() for at in (~late, late))
    level, change = gone.groupby(rows["uai"]).mean(), (after - before).dropna()
    gaps, tests = zip(*(_apart(by, study.treated["uai"]) for by in (level, change)), strict=True)
    looked = int(np.isfinite(tests).sum())
    if not looked:
        return [first, study.blank("manquants_lies", "un seul établissement d'un côté.")]
    both = [(min(1.0, looked * p), abs(gap)) for gap, p in zip(gaps, tests, strict=True)][:looked]
    # The size is that of the widest gap that is sure: so much may be missing on one side alone.
    sure = [one for one in both if one[0] <= (study.table["manquants_lies"].p or 0.0)]
    p_value, gap = max(sure, key=lambda one: one[1]) if sure else min(both)
    said = [f"({text.p_egale(p)})" for p, _ in both]
    words = f"écart de {text.points(gaps[0])} entre établissements qui ouvrent et autres {said[0]}"
    if abs(gaps[1]) > 0:
        words += f". Depuis l'ouverture : {text.points(gaps[1])} {said[1]}"
    return [first, study.check("manquants_lies", gap, p_value, f"{words}.", bias=gap)]


def _apart(by: pd.Series, opening: pd.Series) -> tuple[float, float]:
    """Return how far establishments that open are from the others, and Welch's p-value."""
    opened = by.index.isin(opening)
    parts = by[opened], by[~opened]
    if min(map(len, parts)) < 2:
        return float("nan"), float("nan")
    gap = float(parts[0].mean() - parts[1].mean())
    if all(np.ptp(part) == 0 for part in parts):
        return gap, float(gap == 0)
    known = [(part.mean(), part.std(), len(part)) for part in parts]
    return gap, float(stats.ttest_ind_from_stats(*known[0], *known[1], equal_var=False).pvalue)


def equilibre(study: Study) -> Check:
    """Return whether opened cells differed before from those they are compared with.

    Levels are removed by cell effects; a large difference says that sites were chosen, and how.
    The largest lower bound of the normalised differences is judged.
    """
    table = balance(study)
    known = table.dropna(subset=["difference"])
    if known.empty:
        return study.blank("equilibre", "aucune rentrée connue avant la première ouverture.")
    worst = known.loc[known["borne"].idxmax()]
    far = known[known["difference"].abs() > 0.25]["libelle"]
    listed = f" Au-delà de 0,25 : {text.liste(far)}." if len(far) else ""
    words = (
        f"plus forte différence sûre : {worst['libelle']} "
        f"({text.signe(worst['difference'], 2)} ; sans son signe, au moins "
        f"{text.nombre(worst['borne'], 2)})."
    )
    if not round(worst["borne"], 2):
        most = known.loc[known["difference"].abs().idxmax()]
        words = (
            f"aucune différence sûre ; la plus grande estimée est « {most['libelle']} » "
            f"({text.signe(most['difference'], 2)})."
        )
    return study.check("equilibre", worst["borne"], worst["erreur"], words + listed)


def balance(study: Study) -> pd.DataFrame:
    r"""Return normalised differences before any opening, between opened and other cells.

    .. math:: d = (\bar x_1 - \bar x_0) / \sqrt{(s_1^2 + s_0^2) / 2}

    Columns variable, libelle, ouvertes, autres (means), difference, erreur, borne (``|d|`` less its
    margin of error, at least 0), n_ouvertes, n_autres (cells of each mean). Imbens and Rubin (2015,
    ch. 14); the marks 0.05 and 0.25 are those of the What Works Clearinghouse. Errors count
    establishments, not cells.
    """
    cells = _before(study)
    opened = cells.index.isin(study.treated["cell"])
    uai = study.frame.drop_duplicates("cell").set_index("cell")["uai"].reindex(cells.index)
    rows = []
    for name, label in BALANCE.items():
        x = cells[name]
        one, other = x[opened].dropna(), x[~opened].dropna()
        n1, n0 = uai[one.index].nunique(), uai[other.index].nunique()
        spread = np.sqrt((one.var() + other.var()) / 2) if min(n1, n0) > 1 else np.nan
        d = (one.mean() - other.mean()) / spread if spread > 0 else np.nan
        error = np.sqrt(1 / n1 + 1 / n0 + d**2 / (2 * (n1 + n0))) if np.isfinite(d) else np.nan
        margin = stats.t.ppf(0.5 + BALANCE_LEVEL / 2, n1 - 1) * error if n1 > 1 else np.nan
        bound = max(abs(d) - margin, 0.0) if np.isfinite(d) else np.nan
        means, counts = (one.mean(), other.mean()), (len(one), len(other))
        rows.append((name, label, *means, d, error, bound, *counts))
    columns = ["variable", "libelle", "ouvertes", "autres", "difference", "erreur", "borne"]
    columns += ["n_ouvertes", "n_autres"]
    return pd.DataFrame(rows, columns=columns)


def _before(study: Study) -> pd.DataFrame:
    """Return per cell, over rentrées before any opening, what `BALANCE` lists.

    Ratios and slope read the rentrées at which both of their terms are known.
    """
    panel = study.panel
    start = panel.loc[panel["seats"] != 0, "rentree"].min()
    rows = panel[panel["cell"].isin(study.frame["cell"]) & (panel["rentree"] < start)]
    columns = dict.fromkeys(["entrants", "places", "voeux_1", study.outcome])
    rows = rows.reindex(columns=["cell", "rentree", *columns])

    def per(one: str, other: str) -> pd.Series:
        both = rows.dropna(subset=[one, other]).groupby("cell")
        return both[one].sum() / both[other].sum().replace(0.0, np.nan)

    mean = rows.groupby("cell")["entrants"].mean()
    known = rows.dropna(subset="entrants")
    year = known["rentree"] - known.groupby("cell")["rentree"].transform("mean")
    moves, spread = ((year * x).groupby(known["cell"]).sum() for x in (known["entrants"], year))
    return pd.DataFrame(
        {
            "taille": mean,
            "remplissage": per("entrants", "places"),
            "pression": per("voeux_1", "places"),
            "reussite": per(study.outcome, "entrants"),
            "evolution": moves / (spread * mean).replace(0.0, np.nan),
        }
    )


def exposes(study: Study) -> Check:
    """Return the share of comparison rows whose neighbours open seats, outside the model."""
    frame = study.frame
    control = frame["dose"] == 0
    modelled = {"exposure_etab": ETAB, "exposure_dep": DEP}
    touched = {c: control & (frame[c] != 0) for c in modelled}
    left = [touched[c] for c, name in modelled.items() if name not in study.fit.names]
    loose = np.logical_or.reduce(left) if left else np.zeros(len(frame), dtype=bool)
    share = float(loose.sum() / control.sum())
    near = float(np.logical_or(*touched.values()).sum() / control.sum())
    words = (
        f"{text.pourcent(near)} des observations de comparaison ont une ouverture dans leur "
        f"voisinage ; {text.pourcent(share)} sans que le modèle en tienne compte."
    )
    return study.check("exposes", share, np.nan, words)


def contamination(study: Study) -> Check:
    """Return other budgets' openings among comparison cells, relative to the programme's."""
    frame = study.frame
    if not frame["other_dose"].any():
        return study.blank("contamination", "ouvertures sur d'autres budgets inconnues.")
    last = frame.sort_values("time", kind="stable").drop_duplicates("cell", keep="last")
    other = last.loc[last["dose"] == 0, "other_dose"].abs().mean()
    share = float(other / study.treated["dose"].abs().mean())
    inside = OTHERS in study.fit.names
    words = f"{text.pourcent(share)} des places du programme, par cellule"
    words += " ; le modèle en tient compte." if inside else " ; le modèle n'en tient pas compte."
    return study.check("contamination", share, np.nan, words, light=PASS if inside else None)


def maturite(study: Study) -> Check:
    """Return the share of opened seats whose outcome the panel already shows.

    Seats of a voie whose outcome no row has are no part of it: no file will ever show them.
    """
    panel = study.panel
    rows, field = panel[targeted_of(panel)], [study.whose]
    if "voie" in rows:
        voies = sorted(rows.loc[rows[study.outcome].notna(), "voie"].unique(), reverse=True)
        rows = rows[rows["voie"].isin(voies)]
        field.append(text.liste(text.VOIES.get(voie, voie).lower() for voie in voies))
    rows = rows if study.niveau is None else rows[rows["niveau"] == study.niveau]
    opened = rows.groupby("cell")["seats"].max()
    opened = opened[opened > 0]
    new = panel.loc[new_of(panel), "cell"]
    opened = opened[~opened.index.isin(new)]
    if opened.empty:
        return study.blank("maturite", "aucune place ouverte dans une formation qui existait déjà.")
    seen = study.frame.groupby("cell")["dose"].max().reindex(opened.index).fillna(0.0)
    share = float(seen.clip(lower=0.0).sum() / opened.sum())
    whose = ", ".join(filter(None, [*field, "sans les formations nouvelles"]))
    words = (
        f"{text.pourcent(share, 0)} des places ouvertes ({whose}) ont déjà pu produire ce résultat."
    )
    if share <= 0.40:
        words += " Évaluation précoce : les ouvertures montent encore en charge."
    return study.check("maturite", share, np.nan, words)


def fichiers(study: Study) -> list[Check]:
    """Return the checks that only files allow: matching, establishments that split, definitions.

    Facts are those of the `CellPanel`; of a plain table nothing is known.
    """
    facts, found = study.facts, []
    match = facts.matched
    aside = f" {text.pluriel(facts.unplaced, *UNPLACED)}." if facts.unplaced else ""
    found.append(
        study.check(
            "appariement",
            match,
            np.nan,
            f"{text.pourcent(match, 0)} des places dont les fichiers montrent la voie et le niveau "
            f"sont dans le panel.{aside}",
        )
        if np.isfinite(match)
        else study.blank(
            "appariement", f"le panel ne dit pas combien de places ont été retrouvées.{aside}"
        )
    )
    lost = facts.unresolved
    found.append(
        study.check(
            "uai",
            lost,
            np.nan,
            f"{text.pourcent(lost)} des cellules ouvertes changent d'établissement sans suite "
            "connue.",
        )
        if np.isfinite(lost)
        else study.blank("uai", "pas de table des changements d'établissement.")
    )
    broken = study.outcome.startswith("en_emploi_")
    words = (
        "l'emploi public compte à partir du millésime 2022-2023 : l'effet de formation × session "
        "l'absorbe si la rupture est la même partout."
        if broken
        else "aucune rupture connue pour ce résultat."
    )
    found.append(study.check("definitions", 0.0, np.nan, words))
    nobody = "aucun fichier ouvert ne dit qui entre dans chaque formation."
    found.append(study.blank("composition", nobody))
    pooled = facts.pooled
    words = "deux sessions voisines partagent une promotion." if pooled else "une par session."
    light = CAUTION if pooled else PASS
    found.append(study.check("millesimes", float(pooled), np.nan, words, light=light))
    return found
