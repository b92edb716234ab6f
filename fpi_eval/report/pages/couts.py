"""What `06_trajectoire_et_couts` shows of money: cost per seat, person, graduate, net job."""

import numpy as np
import pandas as pd

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.costs import UnitCost, acceptability, cost_table, unit_cost
from fpi_eval.figures import Figure
from fpi_eval.indicators import deploiement
from fpi_eval.indicators.insertion import emploi_publie
from fpi_eval.panel.panels import Panels
from fpi_eval.report.pages.trajectoire import NO_REGISTER, WHOLE, projection, sans_registre
from fpi_eval.tables import Table, table

LOWER = "borne inférieure"
MONTHS = 12
BASES = ("Coût complet", "Subvention")
UNITS = {
    "entrants": "entrant", "additionnels": "entrant en plus (net)",
    "acheves": "personne formée (études achevées)", "diplomes": "diplômé",
    "diplomes_additionnels": "diplômé en plus (net)",
}  # fmt: skip
NEVER, WITHOUT = "aucun n'aurait eu d'emploi", "ils auraient eu l'emploi des non-diplômés"
NO_NET = (
    "Le coût par emploi demande les diplômés en plus, déplacement déduit : ces fichiers ne "
    "permettent pas encore de l'estimer."
)
PRICES = 80  # points of the acceptability curve
FARTHEST = 0.98  # the curve stops where nearly all draws cost less


def _bases(p: Panels) -> dict[str, float]:
    cost = p.donnees.programme.cout
    return dict(zip(BASES, (cost.total, cost.subvention), strict=True))


def _horizon(p: Panels, unit: str) -> str:
    return f"{unit} d'ici {p.donnees.programme.projection.horizon}"


def phrase(p: Panels) -> str:
    """Return the answer on money: cost per opened seat, per net graduate, per net job."""
    if sans_registre(p):
        return "Le coût par personne en plus demande le registre des ouvertures."
    costs = [c for c in _unit_costs(p) if c.basis == BASES[0]]
    lines = [f"Coût complet par {costs[0].unit} : {text.euros(costs[0].ratio)}"]
    net = [c for c in costs if c.unit == _horizon(p, UNITS["diplomes_additionnels"])]
    lines += [
        f"par {c.unit} : {text.euros(c.ratio)} (intervalle à 95 % : {c.bounds()})" for c in net
    ]
    jobs = _jobs(p)
    if jobs is not None:
        best = _cost("emploi", _bases(p)[BASES[0]], jobs, BASES[0])
        lines.append(
            f"par emploi à {MONTHS} mois, au mieux {text.euros(best.ratio)} ({best.bounds()}), si "
            "ces diplômés n'avaient sinon aucun emploi"
        )
    return " ; ".join(lines) + "."


def couts(p: Panels) -> Table:
    """Return costs per seat and per person, full cost and subsidy; the predecessor beside."""
    what = p.donnees.programme
    rows = cost_table(_unit_costs(p)).assign(programme=what.nom)
    rows["words"] = rows["words"].mask(rows["low"] == rows["high"], "compté")
    if before := what.predecesseur:
        lower = cost_table([unit_cost("place ouverte", before.cout_minimum, before.places)])
        lower = lower.assign(programme=before.nom, words=LOWER)
        rows = pd.concat([rows, lower], ignore_index=True)
    return table(
        rows[["programme", "basis", "unit", "count", "ratio", "words"]],
        "Coût par place et par personne",
        formats={"ratio": "euros", "count": WHOLE},
        labels={"programme": "Programme", "basis": "Montant", "unit": "Par", "count": "Nombre",
                "ratio": "Euros", "words": "Intervalle à 95 %"},
        source=f"{what.cout.source} ; projection fpi_eval ; {p.donnees.credit}",
        note="Le montant est celui de tout le programme, quelle que soit la part déjà ouverte. "
        "« Net » : ceux qui sont pris aux formations voisines sont ôtés. Le fonctionnement "
        "(enseignants) n'est pas compté.",
    )  # fmt: skip


def _unit_costs(p: Panels) -> list[UnitCost]:
    """Return FPI's unit costs: on opened seats and projected people, or on targets without them."""
    what, kept = p.donnees.programme, deploiement.du_programme(p)
    items = []
    for basis, cost in _bases(p).items():
        if kept.empty:
            items += [
                unit_cost(f"personne visée ({t.echeance})", cost, t.personnes, basis=basis)
                for t in what.cibles
                if t.niveau == "ensemble"
            ]
            continue
        seats = kept["places_ouvertes"].fillna(kept["places_prevues"]).sum()
        items.append(unit_cost("place ouverte", cost, float(seats), basis=basis))
        for lecture, unit in UNITS.items():
            total = _draws(p, lecture)
            if total is not None:
                items.append(_cost(_horizon(p, unit), cost, total, basis))
    return items


def _draws(p: Panels, lecture: str) -> np.ndarray | None:
    """Return draws of what a reading counts by the horizon; None for a net one not estimated."""
    flux = projection(p).flux
    if lecture.endswith("additionnels") and flux.diversion is None:
        return None
    return flux.cumulated(lecture)[:, -1]


def _cost(unit: str, cost: float, total: np.ndarray, basis: str) -> UnitCost:
    mean, error = float(total.mean()), float(total.std())
    return unit_cost(unit, cost, mean, error, basis=basis, draws=total)


def _jobs(p: Panels) -> np.ndarray | None:
    """Return draws of net graduates employed 12 months later, one published millésime each."""
    flux, rates = projection(p).flux, emploi_publie(p, MONTHS)
    if flux.diversion is None or rates.empty:
        return None
    rng = np.random.default_rng(p.donnees.programme.graine)
    draws, jobs = len(flux.entrants), 0.0
    years = sorted(rates["millesime"].unique())
    one = rng.choice(len(years), draws)  # both levels of the same year: they move together
    for niveau in text.NIVEAUX:
        of = rates[rates["niveau"] == niveau].set_index("millesime")["taux"].reindex(years)
        graduates = flux.cumulated("diplomes_additionnels", niveau)[:, -1]
        if graduates.any() and of.isna().all():
            return None
        jobs = jobs + graduates * of.fillna(of.mean()).fillna(0.0).to_numpy()[one]
    return jobs


def emplois(p: Panels) -> Table | Absent:
    """Return the cost per net job at 12 months under what graduates would have had otherwise."""
    if sans_registre(p):
        return Absent(NO_REGISTER)
    jobs = _jobs(p)
    if jobs is None:
        return Absent(NO_NET)
    what = p.donnees.programme.additionnalite
    elsewhere = {NEVER: 0.0} | ({} if what.emploi_sans is None else {WITHOUT: what.emploi_sans})
    parts = []
    for basis, cost in _bases(p).items():
        for words, share in elsewhere.items():
            for place, kept in (("tous secteurs", 1.0), ("industrie régionale", 1 - what.fuite)):
                found = _cost("emploi net", cost, jobs * (1 - share) * kept, basis)
                parts.append(cost_table([found]).assign(sinon=words, lieu=place))
    return table(
        pd.concat(parts, ignore_index=True)[["basis", "sinon", "lieu", "count", "ratio", "words"]],
        _horizon(p, f"Coût par emploi net à {MONTHS} mois des diplômés"),
        formats={"ratio": "euros", "count": WHOLE},
        labels={"basis": "Montant", "sinon": "Sans la formation", "lieu": "Où",
                "count": "Emplois nets", "ratio": "Euros", "words": "Intervalle à 95 %"},
        source=f"Projection fpi_eval ; InserJeunes ; programme.toml ; {p.donnees.credit}",
        note=_assumed(p),
    )  # fmt: skip


def _assumed(p: Panels) -> str:
    """Return what the cost per job supposes."""
    what, rates = p.donnees.programme.additionnalite, emploi_publie(p, MONTHS)
    said = text.liste(
        f"{text.pourcent(part['taux'].min(), 0)} à {text.pourcent(part['taux'].max(), 0)} "
        f"({text.NIVEAUX[niveau].lower()})"
        for niveau, part in rates.groupby("niveau")
    )
    return (
        "Hypothèse, non mesure : l'emploi de ces diplômés à venir n'est pas connu. On leur "
        f"applique la part publiée d'élèves de dernière année en emploi à {MONTHS} mois dans la "
        f"région : {said} selon le millésime. Si tous auraient "
        "eu un emploi de toute façon, le programme n'en ajoute aucun et le coût n'est pas borné. "
        f"Industrie : {text.pourcent(what.fuite, 0)} des personnes en emploi travaillent ailleurs. "
        f"Déclaré : {what.source}."
    )


def acceptabilite(p: Panels) -> Figure | Absent:
    """Return the chances of costing less than each price, per net graduate."""
    if sans_registre(p):
        return Absent(NO_REGISTER)
    total = _draws(p, "diplomes_additionnels")
    if total is None:
        return Absent(NO_NET)
    dear = max(np.quantile(cost / np.maximum(total, 1), FARTHEST) for cost in _bases(p).values())
    prices = np.linspace(0, dear, PRICES + 1)[1:]
    rows = pd.concat(
        acceptability(cost, float(total.mean()), float(total.std()), prices, draws=total)
        .assign(label=basis) for basis, cost in _bases(p).items()
    )  # fmt: skip
    told, read = [], []
    for basis, part in rows.groupby("label", sort=False):
        sure = part.loc[part["share"] >= 0.8, "threshold"].min()
        told.append(f"{basis.lower()}, moins de {text.euros(sure)} avec 80 chances sur 100")
        read.append(part.iloc[:: PRICES // 10])
    unit = _horizon(p, "diplômé en plus (net)")
    return Figure(
        plots.acceptability(rows, xlabel=f"Prix accepté par {unit}, en euros"),
        f"Selon le prix qu'on accepte de payer par {unit}, chances que le programme coûte moins",
        f"{p.donnees.programme.cout.source} ; projection fpi_eval ; {p.donnees.credit}",
        f"Courbes d'acceptabilité. {text.liste(told)}.",
        pd.concat(read)[["label", "threshold", "share"]],
        formats={"threshold": "euros", "share": ("pourcent", 0)},
        labels={"label": "Montant", "threshold": "Prix accepté", "share": "Chances"},
    )
