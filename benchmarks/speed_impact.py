"""Time and memory of the estimators beside pyfixest, diff-diff and bare numpy, as Markdown.

python benchmarks/speed_impact.py    some six processor minutes; results/speed_impact.md, .parquet

Stopped and started again with the same code, it goes on where it was.
"""

import sys
from importlib import import_module

import numpy as np
import pandas as pd
from timing import HERE, main

from fpi_eval.impact.j import j
from fpi_eval.impact.sun_abraham import sun_abraham
from fpi_eval.regression import linear, wild_cluster
from fpi_eval.regression.counterfactual import impute, influence

YEARS, DATE = 10, 5
EVENT = "étude d'événement, ouvertures échelonnées"
SINGLE = "étude d'événement, une seule date"
IMPUTATION = "imputation avec erreurs"
SUN = "Sun–Abraham"
WILD = "bootstrap sauvage, 9 999 tirages, 50 groupes"
J = "J : brut, déplacement, net, régions placebo, 16 ans"
CROSSED = "deux effets croisés, 100 000 lignes, 20 000 niveaux du premier"
TOO_LONG = {
    ("diff-diff", WILD): 1_000,
    ("pyfixest", IMPUTATION): 1_000,
    **{
        (package, task): 100_000
        for package in ("pyfixest", "diff-diff")
        for task in (EVENT, SINGLE)
    },
}
SIZES = {J: [14_000, 140_000], CROSSED: [300, 1_000, 3_000, 10_000]} | {
    task: [1_000, 10_000, 100_000, 1_000_000] for task in (EVENT, SINGLE)
}
NOTES = (
    "Réponse : effet de la deuxième année (études d'événement, Sun–Abraham), effet moyen et son "
    "erreur (imputation), t et p (bootstrap). Erreurs par unité, ou par groupe pour le bootstrap.",
    "diff-diff n'a pas de régression sur les années relatives quand les ouvertures s'échelonnent.",
    "Effets croisés : « unités » est le nombre de niveaux du second effet, tirés au hasard ; la "
    "méthode (factorisation ou gradient conjugué) est choisie par son coût.",
    "pyfixest : `did2s` donne l'effet moyen de l'imputation avec l'erreur de Gardner (2022), moins "
    "de travail que celle de Borusyak, Jaravel et Spiess, et une matrice qui croît à peu près "
    "comme le carré des unités, d'où l'arrêt à 1 000 ; son bootstrap sauvage demande un paquet de "
    "plus, absent.",
    "numpy seul : les seules opérations de ce panel équilibré et trié (moyennes, moindres carrés, "
    "scores), sans rien lire ni vérifier : le plancher.",
    "R, mesuré plus tôt sur une machine semblable et non remesuré : fixest, étude d'événement, "
    "0,12 à 0,14 s à 100 000 × 10 et 1,8 à 2,8 s à un million ; sunab 7,0 s ; att_gt 118 s.",
    "diff-diff refait l'estimation à chaque tirage du bootstrap : au-delà de 1 000 unités, "
    "plusieurs minutes par tour.",
)
LEADS = [m for m in range(-5, 5) if m != -1]


def panel(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"unit": np.repeat(np.arange(n), YEARS), "year": np.tile(np.arange(YEARS), n)}
    )
    cohort = rng.choice([0, 4, 5, 6, 7], n, p=[0.6, 0.1, 0.1, 0.1, 0.1])
    frame["g"] = cohort[frame["unit"]]
    frame["cohort"] = frame["g"].where(frame["g"] > 0).astype(float)
    frame["state"] = frame["unit"] % 50
    frame["on"] = (frame["g"] > 0) & (frame["year"] >= frame["g"])
    frame["opened"] = frame["on"].astype(float)
    frame["treated"] = (frame["state"] < 12).astype(int)
    frame["d"] = ((frame["state"] < 12) & (frame["year"] >= DATE)).astype(float)
    shock = rng.normal(size=(50, YEARS))[frame["state"], frame["year"]]
    frame["y"] = (
        rng.normal(size=n)[frame["unit"]] + shock + rng.normal(size=len(frame)) + frame["on"]
    )
    rel = np.clip(np.where(frame["g"] > 0, frame["year"] - frame["g"], -1), -5, 4)
    frame["rel"] = rel.astype(np.int8)
    for m in LEADS:
        frame[f"r{m + 5}"] = (rel == m).astype(float)
    return frame


def event_study_ours(frame):
    rel, cell = frame["rel"].to_numpy(), frame["unit"].to_numpy()
    x = (rel == m for m in LEADS)
    effects = [cell, frame["year"].to_numpy()]
    fit = linear.fit(frame["y"].to_numpy(), x, effects, names=[str(m) for m in LEADS])
    j = fit.position("1")
    return fit.coefficients[j], np.sqrt(fit.covariance(cell)[j, j])


def event_study_numpy(frame):
    n = len(frame) // YEARS
    columns = [frame["y"].to_numpy(), *(frame["rel"].to_numpy() == m for m in LEADS)]
    net = np.stack([c.reshape(n, YEARS).astype(float) for c in columns])
    net -= net.mean(axis=2, keepdims=True)
    net -= net.mean(axis=1, keepdims=True)
    flat = net.reshape(len(net), -1)
    bread = np.linalg.inv(flat[1:] @ flat[1:].T)
    beta = bread @ (flat[1:] @ flat[0])
    left = net[0] - np.tensordot(beta, net[1:], 1)
    psi = np.einsum("kit,it->ik", net[1:], left) @ bread
    k = len(LEADS) + YEARS
    scale = n / (n - 1) * (len(frame) - 1) / (len(frame) - k)
    at = LEADS.index(1)
    return beta[at], np.sqrt(scale * (psi[:, at] ** 2).sum())


def event_study_pyfixest(frame):
    import pyfixest as pf

    names = " + ".join(f"r{m + 5}" for m in LEADS)
    fit = pf.feols(f"y ~ {names} | unit + year", frame, vcov={"CRV1": "unit"})
    return fit.coef()["r6"], fit.se()["r6"]


def single_ours(frame):
    rest = [t for t in range(YEARS) if t != DATE - 1]
    time, cell = frame["year"].to_numpy(), frame["unit"].to_numpy()
    treated = frame["treated"].to_numpy(bool)
    x = (treated & (time == t) for t in rest)
    fit = linear.fit(frame["y"].to_numpy(), x, [cell, time], names=[str(t) for t in rest])
    j = fit.position(str(DATE + 1))
    return fit.coefficients[j], np.sqrt(fit.covariance(cell)[j, j])


def single_pyfixest(frame):
    import pyfixest as pf

    fit = pf.feols(
        f"y ~ i(year, treated, ref={DATE - 1}) | unit + year", frame, vcov={"CRV1": "unit"}
    )
    name = next(n for n in fit.coef().index if f"[{DATE + 1}]" in n or f"::{DATE + 1}:" in n)
    return fit.coef()[name], fit.se()[name]


def single_diff_diff(frame):
    from diff_diff import TwoWayFixedEffects

    fit = TwoWayFixedEffects(cluster="unit").fit(
        frame, outcome="y", treatment="treated", time="year", unit="unit", event_study=True,
        post_periods=list(range(DATE, YEARS)), reference_period=DATE - 1,
    )  # fmt: skip
    at = list(fit.event_time).index(DATE + 1)
    return fit.att[at], fit.se[at]


def sun_ours(frame):
    effects = sun_abraham(frame, unit="unit", time="year", cluster="unit")
    found = effects.aggregate("dynamic")
    return found.att[found.label == 1][0], found.std_error[found.label == 1][0]


def sun_pyfixest(frame):
    import pyfixest as pf

    fit = pf.event_study(frame, "y", "unit", "year", "g", cluster="unit", estimator="saturated")
    row = fit.aggregate().loc[1.0]
    return row["Estimate"], row["Std. Error"]


def sun_diff_diff(frame):
    from diff_diff import SunAbraham

    fit = SunAbraham(cluster="unit").fit(
        frame, outcome="y", unit="unit", time="year", first_treat="g"
    )
    return fit.event_study_effects[1]["effect"], fit.event_study_effects[1]["se"]


def imputation_ours(frame):
    treated, cell = frame["on"].to_numpy(), frame["unit"].to_numpy()
    model = impute(frame["y"].to_numpy(), treated, [cell, frame["year"].to_numpy()])
    v = model.weights((treated / treated.sum())[:, None])
    groups = (frame["g"] * 100 + frame["year"]).to_numpy()
    psi = influence(model, v, np.ones(len(frame)), cell, groups, cell)
    return model.tau[treated].mean(), np.sqrt((psi**2).sum())


def imputation_diff_diff(frame):
    from diff_diff import ImputationDiD

    fit = ImputationDiD().fit(frame, outcome="y", unit="unit", time="year", first_treat="g")
    return fit.overall_att, fit.overall_se


def imputation_pyfixest(frame):
    import pyfixest as pf

    fit = pf.did2s(
        frame, yname="y", first_stage="~ 0 | unit + year", second_stage="~ 0 + opened",
        treatment="on", cluster="unit",
    )  # fmt: skip
    return fit.coef().iloc[-1], fit.se().iloc[-1]


def wild_ours(frame):
    effects, state = [frame["unit"].to_numpy(), frame["year"].to_numpy()], frame["state"].to_numpy()
    fit = linear.fit(frame["y"].to_numpy(), frame[["d"]].to_numpy(), effects, names=["d"])
    test = wild_cluster(
        fit.y, fit.x[:, 0], fit.x[:, :0], state, n_parameters=fit.n_parameters(state),
        effects=fit.absorber,
    )  # fmt: skip
    return test.t, test.p_value


def wild_diff_diff(frame):
    from diff_diff import TwoWayFixedEffects

    frame = frame.assign(treated=frame["state"] < 12, post=frame["year"] >= DATE).astype(
        {"treated": int, "post": int}
    )
    model = TwoWayFixedEffects(cluster="state", inference="wild_bootstrap", n_bootstrap=9999)
    fit = model.fit(frame, outcome="y", treatment="treated", time="post", unit="unit")
    return fit.att / fit.se, fit.p_value


def cells(n):
    sys.path.insert(0, str(HERE.parent / "tests"))
    return import_module("invented").invented_panel(
        0, regions=13, etabs=n // 52, years=range(2010, 2026), start=2018, noise=2.0, courses=12,
        opened=40,
    )  # fmt: skip


def j_ours(panel):
    found = j(panel, "diplomes")
    return found[-1].estimate, found[-1].std_error


def crossing(n):
    rng, rows = np.random.default_rng(1), 100_000
    frame = pd.DataFrame({"a": rng.integers(20_000, size=rows), "b": rng.integers(n, size=rows)})
    effects = rng.normal(size=20_000)[frame["a"]] + rng.normal(size=n)[frame["b"]]
    frame["x"] = rng.normal(size=rows) + effects
    frame["y"] = frame["x"] + effects + rng.normal(size=rows)
    return frame


def crossed_ours(frame):
    cell = frame["a"].to_numpy()
    y, x = frame["y"].to_numpy(), frame[["x"]].to_numpy()
    fit = linear.fit(y, x, [cell, frame["b"].to_numpy()], names=["x"])
    return fit.coefficients[0], np.sqrt(fit.covariance(cell[fit.keep])[0, 0])


def crossed_pyfixest(frame):
    import pyfixest as pf

    fit = pf.feols("y ~ x | a + b", frame, vcov={"CRV1": "a"})
    return fit.coef()["x"], fit.se()["x"]


TASKS = {
    EVENT: {
        "fpi_eval": event_study_ours, "numpy seul": event_study_numpy,
        "pyfixest": event_study_pyfixest,
    },
    J: {"fpi_eval": j_ours},
    CROSSED: {"fpi_eval": crossed_ours, "pyfixest": crossed_pyfixest},
    SINGLE: {
        "fpi_eval": single_ours, "pyfixest": single_pyfixest, "diff-diff": single_diff_diff,
    },
    IMPUTATION: {
        "fpi_eval": imputation_ours, "pyfixest": imputation_pyfixest,
        "diff-diff": imputation_diff_diff,
    },
    SUN: {"fpi_eval": sun_ours, "pyfixest": sun_pyfixest, "diff-diff": sun_diff_diff},
    WILD: {"fpi_eval": wild_ours, "diff-diff": wild_diff_diff},
}  # fmt: skip

if __name__ == "__main__":
    title = "Vitesse : études d'événement, imputation, Sun–Abraham, bootstrap sauvage"
    own = {"sizes": SIZES, "panels": {J: cells, CROSSED: crossing}}
    main("speed_impact", title, TASKS, panel, notes=NOTES, too_long=TOO_LONG, **own)
