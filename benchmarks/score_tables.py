"""From the runs of the scoreboard to its tables, and what is not at its goal in words."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results"
COVERAGE, REJECTION, BIAS = (0.93, 0.97), (0.03, 0.07), 0.02
#: What the library reports first: the goals of the scoreboard are theirs.
PRIMARY = ("J, effet brut", "BJS2-T", "J, effet net")
WORDS = {
    "benign": "aucun choc régional ni départemental, aucun déplacement",
    "realistic": "chocs régionaux et départementaux, montée en charge, déplacement, rendement "
    "décroissant",
    "dep_shock": "réaliste, chocs départementaux plus que doublés",
    "sel_trend": "réaliste, et les ouvertures vont là où les effectifs montaient déjà : violation",
    "null": "réaliste, mais aucune place ouverte n'est occupée : l'effet vrai est nul",
    "few20": "réaliste, 20 établissements ouvrent des places",
    "few10": "réaliste, 10 établissements",
    "few4": "réaliste, 4 établissements",
    "few1": "réaliste, un seul établissement",
    "null_few1": "un seul établissement, effet vrai nul",
    "lifelike": "réaliste, et les effectifs bougent comme dans les fichiers réels",
    "lifelike_selected": "de même, et les sites choisis sur la demande et la croissance autant que "
    "dans les fichiers réels",
    "region_shock_some": "réaliste, +10 % dans la moitié des formations visées de la région, où "
    "les places s'ouvrent de préférence : violation",
    "selection_pressure": "les places s'ouvrent où les vœux sont nombreux",
    "other_openings": "les autres régions ouvrent aussi des places, connues",
    "hors_registre": "réaliste, et la région ouvre des places que le registre ignore : violation",
    "closures_cible": "des fermetures, pour moitié dans les formations visées",
    "etapes": "réaliste, la moitié des ouvertures en deux rentrées",
    "displacement_academie": "réaliste, et déplacement jusque dans l'académie : violation",
    "displacement_region": "réaliste, et déplacement jusque dans la région : violation",
    "renovation": "les formations rénovées changent, chaque cellule à sa façon",
    "trois_ans_avant": "réaliste, trois rentrées connues avant la première ouverture",
    "masques": "réaliste, résultats masqués sous 20 élèves : violation",
    "lifelike_everything": "comme les fichiers réels, et sélection, fermetures, étapes, "
    "débordements, chocs et rénovations à dose moindre : violation",
}
TOLD = {
    "sel_trend": "J se trompe, sans que son intervalle le dise : une hypothèse de J est violée. "
    "L'utilisateur voit J et BJS2-T côte à côte, leur écart et son erreur ; quand ils se "
    "contredisent, la phrase du résultat dit de lire BJS2-T.",
    "few4": "Quatre établissements : le verdict est « non concluant », et l'utilisateur le lit "
    "avant tout chiffre. L'effet net y est biaisé et son intervalle large de plus d'un effet : le "
    "déplacement ne se mesure pas sur quatre sites.",
    "few1": "Un seul établissement traité : pas d'intervalle, seulement une valeur p par placebo ; "
    "la bibliothèque l'écrit à la place de l'intervalle. L'estimation d'un seul établissement est "
    "dominée par ce qui lui arrive par ailleurs.",
    "null_few1": "Comme ci-dessus ; seul le rejet de zéro se juge.",
}
HEAD = """# Tableau de bord des estimateurs (données simulées)

Nombre d'élèves (résultat ci-dessous) par place ouverte, comparé à l'effet vrai du même tirage,
compté élève par élève. ± : erreur de Monte-Carlo (un écart-type). Les graines sont les mêmes d'un
scénario à l'autre : leurs lignes sont corrélées. Le biais en % est rapporté à l'effet vrai. «
Erreur / écart-type » : erreur type annoncée en moyenne, sur écart-type des erreurs commises ;
sous 1, l'erreur annoncée est trop petite. Rejet de zéro : fausse alarme si l'effet vrai est nul,
puissance sinon.

Effet vrai visé : par place des formations déjà ouvertes avant le programme (les formations créées
n'ont pas de passé et sont comptées à part) ; déplacement par place ouverte ; net, leur somme. Les
estimateurs naïfs visent l'effet de toutes les places.

Deux couvertures. « Couverture à 95 % » : de l'effet sur les élèves de ce tirage. « De l'effet
moyen » : de l'effet que de telles places ont en moyenne sur les tirages, sans la chance propre à
ces élèves. L'erreur par groupe vise la seconde ; comme toute variance de ce type (Neyman, 1923),
elle est prudente pour la première, car on ne voit jamais le même élève avec et sans la place.
"""

KEYS = ["scenario", "outcome", "seed", "estimator"]


def summarise(runs: pd.DataFrame, scenarios: list[str], estimators: list[str]) -> pd.DataFrame:
    """Return bias, RMSE, coverage, rejection of zero, with Monte Carlo standard errors.

    ``n`` counts draws, ``answered`` those with an estimate, ``bounded`` those with an interval:
    coverage is over the latter. Zero is rejected when its p-value is under 0.05.
    """
    runs = runs.drop_duplicates(KEYS, keep="last")
    rank = {name: k for k, name in enumerate([*scenarios, *estimators])}
    runs = runs.sort_values(["scenario", "estimator", "seed"], key=lambda s: s.map(rank).fillna(s))
    error = runs["estimate"] - runs["truth"]
    bounded = runs["ci_low"].notna()
    covered = (runs["ci_low"] <= runs["truth"]) & (runs["truth"] <= runs["ci_high"])
    tested = runs["p_value"].notna()
    # The effect that such seats have on average over draws, luck of these very students aside.
    mean = runs.groupby(["outcome", "scenario", "estimator"])["truth"].transform("mean")
    typical = (runs["ci_low"] <= mean) & (mean <= runs["ci_high"])
    table = runs.assign(
        error=error,
        square=error**2,
        answered=runs["estimate"].notna(),
        bounded=bounded,
        tested=tested,
        covered=covered.astype(float).where(bounded),
        typical=typical.astype(float).where(bounded),
        rejected=(runs["p_value"] < 0.05).astype(float).where(tested),
    )
    groups = table.groupby(["outcome", "scenario", "estimator"], sort=False)
    out = groups.agg(
        n=("seed", "size"),
        answered=("answered", "sum"),
        bounded=("bounded", "sum"),
        tested=("tested", "sum"),
        truth=("truth", "mean"),
        bias=("error", "mean"),
        sd=("error", "std"),
        mean_square=("square", "mean"),
        se=("std_error", "mean"),
        coverage=("covered", "mean"),
        typical=("typical", "mean"),
        rejection=("rejected", "mean"),
    ).reset_index()
    out["bias_mc"] = out["sd"] / np.sqrt(out["answered"])
    out["rmse"] = np.sqrt(out["mean_square"])
    # Delta method: sd(error²) / (2 RMSE √n).
    spread = groups["square"].std().to_numpy()
    out["rmse_mc"] = spread / (2 * out["rmse"] * np.sqrt(out["answered"]))
    for name, size in (
        ("coverage", "bounded"), ("typical", "bounded"), ("rejection", "tested"),
    ):  # fmt: skip
        low, high = wilson(out[name], out[size].where(out[size] > 0), z=1.0)
        out[f"{name}_mc"] = (high - low) / 2
    return out.drop(columns="mean_square")


def markdown(table: pd.DataFrame, facts: dict[str, str]) -> str:
    """Return the scoreboard as Markdown: facts of the run, goals, one table a scenario."""
    facts_lines = [f"- {name} : {value}" for name, value in facts.items()]
    parts = [HEAD, "\n".join(facts_lines), goals(table)]
    for scenario, rows in table.groupby("scenario", sort=False):
        told = f"\n{TOLD[scenario]}\n" if scenario in TOLD else ""
        parts.append(
            f"## {scenario} : {WORDS.get(scenario, '')}\n{told}\n" + _french("\n".join(_rows(rows)))
        )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _rows(rows: pd.DataFrame) -> list[str]:
    lines = [
        "| estimateur | tirages | vérité | biais | biais en % | racine de l'EQM | "
        "erreur / écart-type | couverture à 95 % | de l'effet moyen | rejet de zéro |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows.itertuples():
        size = abs(row.truth) or np.nan
        share = _pair(row.bias / size, row.bias_mc / size, size > 0)
        lines.append(
            f"| {row.estimator} | {row.answered} | {row.truth:+.3f} "
            f"| {row.bias:+.3f} ± {row.bias_mc:.3f} | {share} "
            f"| {row.rmse:.3f} ± {row.rmse_mc:.3f} | {_ratio(row)} "
            f"| {_pair(row.coverage, row.coverage_mc, row.bounded)} "
            f"| {_pair(row.typical, row.typical_mc, row.bounded)} "
            f"| {_pair(row.rejection, row.rejection_mc, row.tested)} |"
        )
    return lines


def _pair(value: float, error: float, known: bool = True) -> str:
    return f"{100 * value:.1f} % ± {100 * error:.1f}" if known else "—"


def _ratio(row) -> str:
    return f"{row.se / row.sd:.2f}" if np.isfinite(row.se) and row.sd > 0 else "—"


def _french(words: str) -> str:
    return re.sub(r"(\d)\.(\d)", r"\1,\2", words)


def goals(table: pd.DataFrame) -> str:
    """Return the section that says, for the primary answers, which goals are met and which not.

    A goal is met or missed when the whole 95 % Monte Carlo interval is inside or outside it;
    otherwise the draws are compatible with it, and cannot tell.
    """
    lines = [
        "## Objectifs : couverture de 93 à 97 %, biais sous 2 % de l'effet, rejet de 3 à 7 %",
        "",
        "« Atteint » et « manqué » : tout l'intervalle de Monte-Carlo à 95 % est dans l'objectif, "
        "ou hors de lui. « Compatible » : cet intervalle touche l'objectif sans y tenir ; ces "
        "tirages ne permettent pas d'en dire plus.",
        "",
        "| scénario | estimateur | tirages | couverture | biais | rejet si effet nul |",
        "|---|---|---|---|---|---|",
    ]
    rows = table[table["estimator"].isin(PRIMARY)]
    judged = [(row, judge(row)) for row in rows.itertuples()]
    for row, verdict in judged:
        cells = " | ".join(_cell(row, name, verdict) for name in ("coverage", "bias", "rejection"))
        lines.append(f"| {row.scenario} | {row.estimator} | {row.answered} | {cells} |")
    missed = [_said(row, verdict) for row, verdict in judged]
    missed = [words for words in missed if words]
    lines += ["", "**Hors de l'objectif.**", "", *(missed or ["- Rien de certain."])]
    return _french("\n".join(lines))


def brief(table: pd.DataFrame) -> str:
    """Return the README's table: bias and coverage of the primary answers, scenario by scenario."""
    heads = ("J, gross", "BJS2-T", "J, net")
    lines = [
        "| scenario | draws | " + " | ".join(f"{h}: bias, coverage" for h in heads) + " |",
        "|---" * (2 + len(heads)) + "|",
    ]
    for scenario, rows in table.groupby("scenario", sort=False):
        found = rows.set_index("estimator")
        cells = [_english(found.loc[name]) for name in PRIMARY]
        draws = found.loc[[*PRIMARY], "answered"].max()
        lines.append(f"| {scenario} | {draws} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _english(row: pd.Series) -> str:
    if row["truth"] == 0:
        known = row["tested"] > 0
        return f"rejects {100 * row['rejection']:.1f}% of the time" if known else "no test"
    bias = f"{100 * row['bias'] / abs(row['truth']):+.1f}%"
    return f"{bias}, {100 * row['coverage']:.0f}%" if row["bounded"] else f"{bias}, no interval"


def between(text: str, mark: str, inside: str) -> str:
    """Return a text whose part between the two comments of a mark is replaced."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, rest = text.split(start)
    return f"{before}{start}\n{inside}\n{end}{rest.split(end)[1]}"


def _cell(row, name: str, verdict: dict[str, str]) -> str:
    if name not in verdict:
        return "—"
    value, error = getattr(row, name), getattr(row, f"{name}_mc")
    size = abs(row.truth) if name == "bias" else 1.0
    return f"{_pair(value / size, error / size)}, {verdict[name]}"


def judge(row) -> dict[str, str]:
    """Return the verdict on each goal that a row can be judged on."""
    out = {}
    if row.bounded:
        out["coverage"] = _verdict(*wilson(row.coverage, row.bounded), *COVERAGE)
    if row.truth != 0:
        shift, margin = row.bias / abs(row.truth), 1.96 * row.bias_mc / abs(row.truth)
        out["bias"] = _verdict(shift - margin, shift + margin, -BIAS, BIAS)
    elif row.tested:
        low = 0.0 if row.scenario == "null_few1" else REJECTION[0]
        out["rejection"] = _verdict(*wilson(row.rejection, row.tested), low, REJECTION[1])
    return out


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson interval of a share: it stays honest when the share is 0 or 1."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def _verdict(low: float, high: float, goal_low: float, goal_high: float) -> str:
    if goal_low <= low and high <= goal_high:
        return "atteint"
    return "manqué" if high < goal_low or low > goal_high else "compatible"


def _said(row, verdict: dict[str, str]) -> str:
    parts = []
    if verdict.get("coverage") == "manqué":
        side = "trop étroit" if row.coverage < COVERAGE[0] else "trop large"
        parts.append(f"couverture {_pair(row.coverage, row.coverage_mc)}, l'intervalle est {side}")
    if verdict.get("bias") == "manqué":
        parts.append(f"biais de {100 * row.bias / abs(row.truth):+.1f} % de l'effet")
    if verdict.get("rejection") == "manqué":
        parts.append(f"zéro rejeté dans {_pair(row.rejection, row.rejection_mc)} des tirages")
    return f"- {row.scenario}, {row.estimator} : {' ; '.join(parts)}." if parts else ""
