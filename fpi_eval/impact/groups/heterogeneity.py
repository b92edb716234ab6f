"""For whom does a seat count more? Groups named beforehand, one regression each, all adjusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval import text
from fpi_eval.disclosure import Gate
from fpi_eval.disclosure.gate import FEW
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.few_treated import wild_interval
from fpi_eval.impact.frame import effects, sample
from fpi_eval.impact.frame import scale as j_scale
from fpi_eval.impact.groups.declared import DIMENSIONS, FEWEST, MISSING, dimension, label_of
from fpi_eval.impact.groups.sexes import Sexes, given, sexes
from fpi_eval.impact.j import design
from fpi_eval.impact.outcomes import ALPHA
from fpi_eval.impact.uncertainty import CR3, Clusters, answer, changing, error
from fpi_eval.regression import linear
from fpi_eval.regression.bands import joint_test
from fpi_eval.regression.multiple import holm, normal_draws, romano_wolf
from fpi_eval.regression.wild import DRAWS
from fpi_eval.results import Estimate, Headed, heading, within

TIDY = ("group", "label", "estimate", "std_error", "ci_low", "ci_high", "p_value")
ADMITTED = "Sexe des admis"
DESCRIPTION = (
    "Régression J où les places de chaque groupe ont leur propre coefficient, les autres termes "
    "étant communs ; groupes et seuils fixés d'avance. Égalité des effets d'un découpage : test de "
    "Hotelling sur les différences entre groupes, avec autant de {level}s que le groupe qui a le "
    "moins de {level}s traités. Valeurs p ajustées sur tous les découpages : Romano et Wolf "
    "(2005), par tirages communs des influences par {level}, et Holm (1979)."
)
BY_SEX = (
    " Le sexe partage le résultat et non les formations : effet par place sur les femmes et sur "
    "les hommes admis en BTS sur Parcoursup, quel que soit le résultat étudié ; l'égalité testée "
    "est celle de la part des femmes parmi les entrants de plus et de leur part d'avant."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Heterogeneity(Headed):
    """Effects per seat by group, and whether groups differ once every split has been looked at.

    ``table`` has one row per group: dimension, group, label, estimate, std_error, ci_low, ci_high,
    p_value, seats (seat-years), n_cells, n_treated_clusters, n_openings, rule. ``tests`` has one
    row per dimension: dimension, n_groups, p_value (equal effects), p_romano_wolf, p_holm.
    ``absent`` says why a dimension could not be looked at, ``left_out`` counts the groups too
    small.
    ``sexes``, if the panel has admissions by sex, is where the rows of that dimension come from:
    equality is there that of the share of women, before and among the extra entrants.
    """

    caption = "Effet par groupe"
    xlabel = "Effet brut par place, intervalle à 95 %"

    outcome: str
    table: pd.DataFrame
    tests: pd.DataFrame
    absent: Mapping[str, str]
    left_out: tuple[tuple[str, int], ...] = ()
    level: str = field(default="département", repr=False)
    sexes: Sexes | None = field(default=None, repr=False)
    verdict: str | None = None

    def told_by(self, gate: Gate) -> "Heterogeneity":
        """Return the splits whose groups all rest on enough openings.

        Beside the effect of all, the other groups of a split would tell that of the small one.
        """
        few = set(self.table.loc[~gate.rows(self.table), "dimension"])
        kept = [table[~table["dimension"].isin(few)] for table in (self.table, self.tests)]
        by_sex = ADMITTED in few
        names = [n for n, d in DIMENSIONS.items() if d.label in few or (n == "sexe" and by_sex)]
        names += few - {ADMITTED} - {d.label for d in DIMENSIONS.values()}
        return replace(
            self,
            table=kept[0].reset_index(drop=True),
            tests=kept[1].reset_index(drop=True),
            absent={**self.absent, **dict.fromkeys(names, FEW)},
            sexes=None if by_sex else self.sexes,
        )

    def sentence(self) -> str:
        """Return one French sentence: which differences stand after correction."""
        tests = self.tests
        kept = tests.loc[tests["p_romano_wolf"] <= ALPHA, "dimension"]
        count = text.pluriel(len(tests), "découpage")
        if tests.empty:
            return "Aucun découpage n'a deux groupes assez grands pour être comparés."
        if kept.empty:
            alone = tests.loc[tests["p_value"] <= ALPHA, "dimension"]
            also = (
                f" ({text.liste(alone.str.lower())} : seulement pris à part)" if len(alone) else ""
            )
            return (
                f"Sur {count}, aucun groupe ne se distingue sûrement des autres{also}. Cela ne "
                "prouve pas que l'effet est le même partout : les intervalles disent ce qui reste "
                "possible."
            )
        return (
            f"Sur {count}, l'effet par place diffère après correction selon : "
            f"{text.liste(kept.str.lower())}."
        )

    def summary(self) -> str:
        """Return French sentences: verdict if any, what differs, then one line per group."""
        lines = [
            f"{r.label} : {text.signe(r.estimate, 2)} par place "
            f"({within(r.ci_low, r.ci_high, 2)} ; "
            f"{text.pluriel(r.n_treated_clusters, 'groupe traité', 'groupes traités')})."
            for r in self.table.itertuples()
        ]
        small = [f"{name} ({text.pluriel(n, 'cellule')})" for name, n in self.left_out]
        if small:
            lines.append(f"Trop petits ou non renseignés, laissés de côté : {text.liste(small)}.")
        lines += [f"{label_of(k)} : {why}" for k, why in self.absent.items()]
        return "\n".join([*heading(self.verdict), self.sentence(), *lines])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per group, with the tests of its dimension."""
        tests = self.tests.rename(columns={"p_value": "p_equal"})
        return self.table.merge(tests, "left", "dimension").assign(outcome=self.outcome)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return DESCRIPTION.format(level=self.level) + (BY_SEX if self.sexes else "")


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One regression with the groups of one dimension: gaps to the first group, and their error."""

    rows: list[dict]
    gaps: np.ndarray
    influence: pd.DataFrame
    df: int

    @property
    def f(self) -> tuple[float, int, float]:
        """F statistic, rank and p-value of equal effects."""
        psi = self.influence.to_numpy()
        return joint_test(self.gaps, psi.T @ psi, self.df)


@any_table
def heterogeneity(
    panel: pd.DataFrame,
    y: str = "diplomes",
    by: Sequence[str] = tuple(DIMENSIONS),
    *,
    words: Mapping[str, str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Heterogeneity:
    r"""Return the gross effect per seat by group, and tests of equality adjusted over dimensions.

    .. math:: Y_{it} = n_i (a_i + \lambda_{kt} + \mu_{rt}) + \sum_g \theta_g 1[i \in g] S_{i,t-d}
              + \kappa_e X^e_{it} + \kappa_d X^d_{it} + u_{it}

    Parameters
    ----------
    by : str or sequence of str
        Keys of `DIMENSIONS`, or columns of which each cell has one value; one that the source does
        not give is told, never guessed.
    words : mapping, optional
        French name of each filière; its code without it.

    Notes
    -----
    Opened cells of a group with fewer than `FEWEST` opened establishments, or one opened
    département of several, are left out of that dimension's regression and counted.
    """
    ways = {name: dimension(name, panel) for name in ((by,) if isinstance(by, str) else by)}
    frame = sample(panel, y)
    wide = Clusters.of(frame).wide
    splits, absent, left, by_sex = {}, {}, [], None
    for name, way in ways.items():
        try:
            if name == "sexe" and given(panel):
                by_sex = sexes(panel)
                splits[name] = _by_sex(by_sex, wide)
                continue
            groups = frame["cell"].map(way.groups(panel))
            if name == "filiere" and words:
                groups = groups.map(lambda group: words.get(group, group))
            groups = groups.map(str)  # codes and names mixed have no order
            kept, lost = large(frame, groups)
            left += [(f"{way.label}, {g}", n) for g, n in lost]
            splits[name] = split(kept, groups.loc[kept.index], way.label, wide)
        except FpiError as problem:
            absent[name] = str(problem)
        except np.linalg.LinAlgError:
            absent[name] = "trop peu de places ouvertes pour séparer les groupes."
    rows = [r for s in splits.values() for r in s.rows]
    table = pd.DataFrame(rows, columns=None if rows else ["dimension", *TIDY])
    tests = _tests(splits, draws, seed)
    level = "département" if wide else "établissement"
    return Heterogeneity(y, table, tests, absent, tuple(left), level, by_sex)


def large(frame: pd.DataFrame, groups: pd.Series) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """Return the frame without opened cells of groups too small, and how many cells they had."""
    moved = frame[frame["dose"] != 0].assign(group=groups)
    counts = moved.groupby("group")[["uai", "code_departement", "cell"]].nunique()
    apart = min(2, frame["code_departement"].nunique())  # a table without départements has one
    few = (counts["uai"] < FEWEST) | (counts["code_departement"] < apart)
    few |= counts.index == MISSING
    if (~few).sum() < 2:
        only = "".join(f"un seul groupe, « {name} », a" for name in counts.index[~few])
        only = only or "aucun groupe n'a"
        raise FpiError(f"{only} au moins {FEWEST} établissements ouverts : rien à comparer.")
    gone = moved.loc[moved["group"].isin(counts.index[few]), "cell"].unique()
    out = frame[~frame["cell"].isin(gone)]
    return out, [(str(g), int(n)) for g, n in counts.loc[few, "cell"].items()]


def split(frame: pd.DataFrame, groups: pd.Series, label: str, wide: bool) -> Split:
    """Return the regression of one dimension."""
    names = sorted(groups[frame["dose"] != 0].unique())
    fit = fit_groups(frame, groups, names)
    used, inside = frame[fit.keep], groups[fit.keep]
    psi = {c: fit.jackknife(used[c].to_numpy()) for c in ("uai", "code_departement")}
    at = [fit.position(name) for name in names]
    rows, freedom = [], []
    for name, j in zip(names, at, strict=True):
        own = used.assign(dose=used["dose"].where(inside == name, 0.0))
        clusters = Clusters.of(used, changing(own))
        found = answer(
            own,
            fit.coefficients[j],
            psi["uai"][:, j],
            psi["code_departement"][:, j],
            estimator="J",
            kind=CR3,
            clusters=clusters,
            instead=wild_interval(fit, j, clusters, error(psi["uai"][:, j])),
        )
        freedom.append(clusters.df_at(wide=wide))
        opened = own.loc[own["dose"] != 0, "cell"].nunique()
        rows.append(_row(label, name, found, own["dose"].sum(), opened))
    column = "code_departement" if wide else "uai"
    values, moves = fit.coefficients[at], psi[column][:, at]
    gaps = pd.DataFrame(moves[:, 1:] - moves[:, :1], index=np.unique(used[column]))
    return Split(rows, values[1:] - values[0], gaps, max(min(freedom), 1))


def _row(label: str, group: str, found: Estimate, seat_years: float, n_cells: int) -> dict:
    """Return the row of one group."""
    return {
        "dimension": label,
        "group": group,
        "label": f"{label} : {group}",
        **{k: getattr(found, k) for k in ("estimate", "std_error", "ci_low", "ci_high", "p_value")},
        "seats": float(seat_years),
        "n_cells": int(n_cells),
        "n_treated_clusters": found.n_treated_clusters,
        "n_openings": found.openings,
        "rule": found.rule,
    }


def _by_sex(found: Sexes, wide: bool) -> Split:
    """Return the split by sex: its gap is that of women's share, not that of both effects."""
    column = "code_departement" if wide else "uai"
    rows = [
        _row(ADMITTED, one.label, one, found.seats, found.n_opened)
        for one in (found.women, found.men)
    ]
    moved = found.influence[column].to_frame()
    return Split(rows, np.array([found.gap.estimate]), moved, max(found.freedom[column], 1))


def fit_groups(frame: pd.DataFrame, groups: pd.Series, names: list[str]) -> linear.LinearFit:
    """Return J with one coefficient per group of opened cells."""
    n = j_scale(frame)
    (_, *others), (seats, *x), (sign, *z) = design(frame)
    mine = [(groups == g).to_numpy() for g in names]
    return linear.fit(
        frame["y"].to_numpy() / n,
        chain((own * seats for own in mine), x),
        effects(frame),
        names=[*names, *others],
        instruments=chain((own * sign for own in mine), z),
        weights=n,
    )


def _tests(splits: Mapping[str, Split], draws: int, seed: int) -> pd.DataFrame:
    """Return one row per dimension: equality of its groups, adjusted over all dimensions.

    Each draw of the influences, the same for all dimensions, gives each its F statistic (the
    covariance being that of the draws, its law is F itself); p-values are compared rather than
    statistics, whose degrees of freedom differ.
    """
    columns = ["dimension", "n_groups", "p_value", "p_romano_wolf", "p_holm"]
    if not splits:
        return pd.DataFrame(columns=columns)
    kept = list(splits.values())
    wide = pd.concat([s.influence for s in kept], axis=1).fillna(0.0).to_numpy()
    owner = np.repeat(np.arange(len(kept)), [len(s.gaps) for s in kept])
    moved, scale = normal_draws(wide, np.array([kept[o].df for o in owner]), draws, seed)
    own, null = np.empty(len(kept)), np.empty((len(moved), len(kept)))
    for d, split in enumerate(kept):
        _, rank, own[d] = split.f
        psi = wide[:, owner == d]
        at = moved[:, owner == d] / scale[:, owner == d]
        f = np.einsum("bi,ij,bj->b", at, np.linalg.pinv(psi.T @ psi), at) / rank
        null[:, d] = -np.log(np.maximum(stats.f.sf(f, rank, split.df), 1e-300))
    stepped = romano_wolf(-np.log(np.maximum(own, 1e-300)), null)
    rows = zip(
        [s.rows[0]["dimension"] for s in kept],
        [len(s.rows) for s in kept],
        own,
        np.fmax(stepped, own),
        holm(own),
        strict=True,
    )
    return pd.DataFrame(rows, columns=columns)
