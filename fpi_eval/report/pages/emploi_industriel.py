"""What `05_emploi_industriel` shows: could an effect on jobs be seen, and where the jobs are."""

from functools import cache

import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent, attempt
from fpi_eval.errors import FpiError
from fpi_eval.figures import Figure
from fpi_eval.impact.jobs.detectability import (
    Detectability,
    beside_hires,
    from_jobs,
    from_reference,
    renewal,
)
from fpi_eval.impact.jobs.exposure import DESCRIPTION, Exposure, exposure_panel
from fpi_eval.indicators import deploiement
from fpi_eval.panel import emplois
from fpi_eval.panel.panels import Panels
from fpi_eval.plots import stacked_rows
from fpi_eval.report.pages.places import words
from fpi_eval.tables import Table, table

NO_URSSAF = (
    "Le dossier de données ne contient pas le fichier d'emploi de l'Urssaf (commune × activité), "
    "ou pas les communes, zones d'emploi et NAF qu'il demande : l'emploi n'est pas montré, et le "
    "calcul ci-dessus repose sur les chiffres de référence déclarés."
)
SHOWN_ZONES = 12


def credit(p: Panels) -> str:
    """Return the words that say where jobs come from."""
    if p.donnees.simulees:
        return p.donnees.credit
    return "Urssaf (ODbL, partage à l'identique), INSEE, calculs fpi_eval"


@cache
def scenarios(p: Panels) -> dict[str, Detectability]:
    """Return detectability with the seats opened so far, and if the last target were reached."""
    programme = p.donnees.programme
    target = max(programme.cibles, key=lambda c: (c.echeance, c.personnes))
    years = max(target.echeance - programme.rentree_debut, 1)
    found = {}
    opened = deploiement.avancement(p).set_index("code")["realise"].get(target.code, 0.0)
    if opened:
        age = max(p.donnees.rentree - programme.rentree_debut + 1, 1)
        found["Entrées offertes à ce jour"] = _detectability(p, float(opened), age)
    label = f"Cible {target.echeance} ({text.nombre(target.personnes)} personnes)"
    found[label] = _detectability(p, float(target.personnes), years)
    return found


def _detectability(p: Panels, graduates: float, years: int) -> Detectability:
    """Return detectability on the Urssaf file, or on the reference figures without it."""
    what = p.donnees.programme
    known = emplois.reference(what)["valeur"]
    plausible = known["emplois_par_diplome"]
    if not p.emplois.empty:
        fed = p.emplois[p.emplois["secteur"].str[0].isin(emplois.INDUSTRY)]
        before = min(p.donnees.programme.rentree_debut - 1, int(fed["annee"].max()))
        try:
            return from_jobs(
                what.territoire.joined(fed), what.territoire.code_region, graduates=graduates,
                before=before, years=years, plausible=plausible,
                exposure=_zones(p, graduates, before),
            )  # fmt: skip
        except FpiError:
            pass  # too few years before the programme: the reference figures answer
    if "emploi_industriel" not in known:
        raise FpiError(
            "sans le fichier de l'Urssaf, il faut l'emploi industriel de la région : ajoutez la "
            f"ligne « emploi_industriel », avec sa source, à {emplois.OWN} dans le dossier du "
            "programme."
        )
    return from_reference(
        known["emploi_industriel"], known["ecart_type_croissance"], graduates=graduates,
        years=years, n_regions=int(known["regions"]), plausible=plausible,
    )  # fmt: skip


def _zones(p: Panels, graduates: float, before: int) -> Exposure | None:
    """Return the exposure of zones × sectors to so many graduates, where seats were opened."""
    seats = emplois.places_par_zone(p)
    if seats.empty or not {before - 1, before} <= set(p.emplois["annee"]):
        return None
    total = seats.groupby("course")["places"].transform("sum")
    shocks = seats.groupby("course")["places"].sum() * graduates / seats["places"].sum()
    mix = seats.assign(part=seats["places"] / total)
    jobs = p.donnees.programme.territoire.joined(p.emplois)
    return exposure_panel(jobs, mix, shocks, p.secteurs, start=before - 1, end=before)


def reponse(p: Panels) -> str:
    """Return the answer: whether an effect could be seen, its arithmetic, what to say instead."""
    cases = attempt(scenarios, p)
    if isinstance(cases, Absent):
        return cases.reason
    (label, found), *_ = reversed(cases.items())
    known = emplois.reference(p.donnees.programme)["valeur"]
    declared, yearly = p.donnees.programme.emploi, found.graduates / found.years
    sentences = [f"{label}. {found.summary()}"]
    instead = [beside_hires(yearly, declared.embauches_annuelles, declared.source)]
    if set(emplois.REGIONAL) <= set(known.index):
        leaving = known["departs_fin_carriere"], known["annees_departs"]
        instead.insert(0, renewal(yearly, found.employment, *leaving))
    sentences.append(" ".join(["Ce qu'on peut dire à la place.", *instead]))
    if p.emplois.empty:
        sentences.append(NO_URSSAF)
    elif not found.visible:
        sentences.append(
            "Les emplois montrés plus bas disent où sont les débouchés des filières ; leur "
            "évolution n'est pas un effet du programme."
        )
    return "\n\n".join(sentences)


def decelable(p: Panels) -> Table | Absent:
    """Return the largest plausible effect beside the smallest visible one, by scenario."""
    cases = attempt(scenarios, p)
    if isinstance(cases, Absent):
        return cases
    parts = [
        d.to_frame().assign(scenario=name, graduates=d.graduates, years=d.years)
        for name, d in cases.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["verdict"] = (rows["plausible_jobs"] >= rows["smallest"]).map(
        {True: "visible", False: "invisible"}
    )
    columns = ["scenario", "design", "graduates", "plausible_jobs", "years", "smallest",
               "smallest_per_graduate", "power", "verdict"]  # fmt: skip
    return table(
        rows[columns].assign(design=rows["design"].str.capitalize()),
        "Le plus grand effet plausible face au plus petit effet décelable",
        formats={"graduates": "nombre", "plausible_jobs": "nombre", "smallest": "nombre",
                 "smallest_per_graduate": ("nombre", 2), "power": ("pourcent", 0),
                 "years": "nombre"},
        labels={"scenario": "Scénario", "design": "Façon de regarder", "graduates": "Personnes",
                "plausible_jobs": "Emplois au plus", "years": "Années",
                "smallest": "Décelable (emplois)", "smallest_per_graduate": "Par personne",
                "power": "Chances de le voir", "verdict": "Verdict"},
        source=f"{'Chiffres de référence' if p.emplois.empty else credit(p)}",
        note="Toutes les personnes formées sont comptées comme diplômées de plus, et chacune "
        "comme apportant au plus un demi-emploi : c'est le cas le plus favorable. Décelable : vu "
        "80 fois sur 100 par un test à 5 %.",
    )  # fmt: skip


def references(p: Panels) -> Table:
    """Return the declared figures of the arithmetic, published or assumed, with their sources."""
    rows = emplois.reference(p.donnees.programme).reset_index().fillna({"date": ""})
    rows["valeur"] = [text.nombre(v, 0 if v == int(v) else 2) for v in rows["valeur"]]
    return table(
        rows[["libelle", "valeur", "date", "nature", "source"]],
        "Chiffres de référence du calcul",
        labels={"libelle": "Grandeur", "valeur": "Valeur", "date": "Date", "nature": "Nature",
                "source": "Source"},
        source=f"{emplois.OWN} du programme, data/reference/{emplois.NATIONAL.name}",
    )  # fmt: skip


def secteurs(p: Panels) -> Table:
    """Return the declared map from filières to the sectors they feed."""
    rows = words(p, p.secteurs)
    return table(
        rows[["filiere", "na38", "libelle", "industrie", "motif"]],
        "Secteurs que chaque filière alimente (déclarés)",
        labels={"filiere": "Filière", "na38": "NAF 38", "libelle": "Secteur",
                "industrie": "Industrie", "motif": "Raison"},
        source="secteurs.csv du programme",
        note="Le secteur de l'employeur ne dit pas le métier : un informaticien travaille aussi "
        "dans la métallurgie. Modifiez le fichier pour changer la carte.",
    )  # fmt: skip


def emploi_filieres(p: Panels) -> Table | Absent:
    """Return jobs in the fed sectors, here and elsewhere, with their yearly change."""
    if p.emplois.empty:
        return Absent(NO_URSSAF)
    rows = words(p, emplois.par_filiere(p))
    return table(
        rows[["filiere", "territoire", "emplois_avant", "emplois", "evolution"]],
        f"Emplois des secteurs alimentés, fin {rows['annee'].iloc[0]} et un an avant",
        formats={"emplois": "nombre", "emplois_avant": "nombre",
                 "evolution": lambda value: f"{text.signe(100 * value, 1)}\u00a0%"},
        labels={"filiere": "Filière", "territoire": "Territoire", "emplois_avant": "Un an avant",
                "emplois": "Emplois", "evolution": "Évolution"},
        source=credit(p),
        note="Secteur privé, au 31 décembre. Un secteur qui sert deux filières compterait dans les "
        "deux : n'additionnez pas les filières.",
    )  # fmt: skip


def departements(p: Panels) -> Figure | Absent:
    """Return the figure of jobs in the fed sectors by département and filière."""
    if p.emplois.empty:
        return Absent(NO_URSSAF)
    named = emplois.par_departement(p).rename(columns=p.donnees.programme.mots_filieres)
    columns = [c for c in named if c != "departement"]
    total = named[columns].sum(axis=1)
    ordered = named.loc[total.sort_values(ascending=False).index].reset_index(drop=True)
    top, year = ordered["departement"].iloc[0], int(p.emplois["annee"].max())
    return Figure(
        stacked_rows(ordered, rows="departement", columns=columns,
                     xlabel=f"Emplois des secteurs alimentés, fin {year}"),
        f"{top} réunit {text.pourcent(total.max() / total.sum(), 0)} des emplois des secteurs "
        "que les filières alimentent",
        credit(p),
        f"Barres horizontales, une par département, du plus au moins d'emplois. {top} vient en "
        f"tête avec {text.nombre(total.max())} emplois sur {text.nombre(total.sum())}.",
        ordered[["departement", *columns]],
        formats=dict.fromkeys(columns, "nombre"),
        labels={"departement": "Département"},
    )  # fmt: skip


def zones(p: Panels) -> Table | Absent:
    """Return the zones d'emploi with most jobs in fed sectors, and the seats opened there."""
    if p.emplois.empty:
        return Absent(NO_URSSAF)
    rows = emplois.par_zone(p).head(SHOWN_ZONES)
    lost = emplois.places_par_zone(p).attrs.get("sans_zone", 0)
    note = "Places du programme selon la commune de l'établissement."
    if lost:
        note += f" {text.pluriel(lost, 'ouverture')} sans commune reconnue n'y figurent pas."
    return table(
        rows.assign(pour_mille=1000 * rows["places"] / rows["emplois"])[
            ["zone", "emplois", "places", "pour_mille"]],
        f"Les {len(rows)} zones d'emploi qui comptent le plus d'emplois des secteurs alimentés",
        formats={"emplois": "nombre", "places": "nombre", "pour_mille": ("nombre", 1)},
        labels={"zone": "Zone d'emploi", "emplois": "Emplois", "places": "Places ouvertes",
                "pour_mille": "Places pour 1 000 emplois"},
        source=credit(p),
        note=note,
    )  # fmt: skip


def methode(p: Panels) -> str:
    """Return how detectability is measured, and why no coefficient is shown."""
    return (
        "L'écart ordinaire entre une région et les autres est mesuré avant le programme, sur les "
        "régions qui n'en ont pas ; un test de Student donne le plus petit effet vu 80 fois sur "
        f"100. Seconde façon, par zones d'emploi : {DESCRIPTION[0].lower()}{DESCRIPTION[1:]} "
        "Tant que le plus grand effet plausible reste sous le plus petit effet décelable, le "
        "coefficient n'est pas montré : il ne ferait que mesurer le bruit."
    )


def limites(p: Panels) -> str:
    """Return what jobs by sector do not say."""
    sentences = [
        "L'emploi d'un secteur ne dit ni qui l'occupe ni d'où il vient : seul un appariement "
        "individuel (diplôme, employeur, lieu) dirait combien de diplômés travaillent dans "
        "l'industrie de la région.",
        "Un diplômé embauché peut prendre la place d'un autre candidat : l'emploi total peut ne "
        "pas bouger même si tous les diplômés travaillent.",
        "Les départs en fin de carrière sont ceux de tous les métiers de la région, faute d'un "
        "chiffre propre à l'industrie.",
    ]
    if p.emplois.empty:
        sentences.insert(0, NO_URSSAF)
    return "\n\n".join(sentences)
