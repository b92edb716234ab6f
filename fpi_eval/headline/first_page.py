"""What the first page says, by rule, from the headline quantities alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fpi_eval import text
from fpi_eval.calendar import month
from fpi_eval.headline.of_trajectory import BUDGET, LATER, LEAST
from fpi_eval.headline.of_trajectory import later as to_come
from fpi_eval.headline.quantity import Headline, Quantity
from fpi_eval.language import _
from fpi_eval.rounding import UNTOLD

#: What a reader who does not know French schools must know.
WORDS = {
    "Place": "une place de formation financée, en première année ; elle sert à chaque rentrée.",
    "Rentrée": "l'année scolaire, nommée par son mois de septembre.",
    "Secondaire": "CAP et bac professionnel, dans les lycées professionnels.",
    "Supérieur": "surtout le BTS, deux ans après le bac.",
    "Voie scolaire": "au lycée, à temps plein ; l'apprentissage se partage avec un employeur.",
    "Formations voisines": "celles qui peuvent perdre les élèves qu'une place nouvelle attire.",
    "Fourchette": "faite pour contenir la vraie valeur 95 fois sur 100 (« sans doute ») ; "
    "une projection dit ses propres chances.",
    "Preuve": "ce que montre la méthode essayée sur de faux programmes ; trois degrés.",
}
LEVELS = ("on ne peut pas le savoir", "non concluant", "à lire avec prudence", "solide")
UNPROVEN, CONCLUSIVE = LEVELS[:2], LEVELS[2:]
FEW = 0.95  # share of planned seats under which some are said to be missing
MOST = 3  # lines of what follows
ENTERED = ("entrants_100", "Entrants de plus")
STUDIED = {"terminale": "De plus en dernière année", "diplomes": "Diplômés de plus"}
IN_THESE = "Les places ouvertes amènent davantage d'élèves dans ces formations."
END = {
    "terminale": "Les places ouvertes amènent davantage d'élèves jusqu'en dernière année.",
    "diplomes": "Les places ouvertes amènent davantage d'élèves jusqu'au diplôme.",
}
WHERE = "Dans l'industrie de la région"
#: The note that judges an effect, where it is not the main one's.
VERDICTS = {"industrie_100": "verdict_industrie"}


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step of the chain: its words, its length in the picture, its number or its date."""

    words: str
    part: float
    shown: str
    known: bool
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """Progress towards a target."""

    words: str
    done: str
    wanted: str
    part: float


@dataclass(frozen=True, slots=True)
class FirstPage:
    """Everything that the first page shows, in words."""

    finding: str
    missing: str
    none: str
    uncosted: str
    untold: str
    proof: int
    verdict: str
    reason: str
    seats: Bar | None
    unsaid: str
    people: tuple[Bar, ...]
    aimed: tuple[Bar, ...]
    effect: Quantity | None
    told: bool
    own: Quantity | None
    job: Quantity | None
    job_proof: str
    cost: Quantity | None
    budget: bool
    least: bool
    chain: tuple[ChainStep, ...]
    dates: tuple[tuple[str, str], ...]
    implied: tuple[str, ...]


def first_page(found: Headline) -> FirstPage:
    """Return the first page of a report from the quantities that its notebooks published."""
    net, job = found.get("effet_net"), _job(found)
    main = job or net
    told = main is not None and as_number(found, main)
    level = found.notes.get("verdict", "")
    bars, cost = _bars(found), found.get("cout_place")
    return FirstPage(
        finding=finding(found),
        missing=missing(found),
        none=_none_yet(found),
        uncosted=_uncosted(found),
        untold=_untold(found),
        proof=LEVELS.index(level) if level in LEVELS else 0,
        verdict=_("aucune") if _few(found) else _(level) + only_own(found),
        reason=reason(found),
        seats=_seats(found),
        unsaid=unsaid(found),
        people=tuple(bar for bar in bars if bar.done),
        aimed=tuple(bar for bar in bars if not bar.done),
        effect=net.in_words if net else None,
        told=told,
        own=None if told or job else _own(found),
        job=job.in_words if job else None,
        job_proof=_job_proof(found) if job else "",
        cost=cost or None,
        budget=cost is not None and cost.label in {_(BUDGET), _(LEAST)},
        least=cost is not None and cost.label == _(LEAST),
        chain=tuple(_chain(found)),
        dates=tuple(_dates(found)),
        implied=tuple(implied(found))[:MOST],
    )


def _known(found: Headline, key: str) -> bool:
    return bool(found.get(key))


def _read(found: Headline) -> bool:
    """Return whether individual files were read and judged, whatever could be told of them."""
    return "verdict_industrie" in found.notes or _known(found, "industrie_100")


def _job(found: Headline) -> Quantity | None:
    """Return people at work in the region's industry, where their verdict allows to conclude."""
    return (found.get("industrie_100") or None) if _told(found, "verdict_industrie") else None


def _told(found: Headline, verdict: str = "verdict") -> bool:
    """Return whether a verdict allows to conclude."""
    return found.notes.get(verdict) in CONCLUSIVE


def as_number(found: Headline, effect: Quantity) -> bool:
    """Return whether an effect of 100 seats is given as a number, and not as a range alone.

    Its proof must conclude, and its range leave zero out, or be within the smallest effect that
    matters on each side: a number whose range holds a loss and a gain tells neither.
    """
    low, high = effect.ends
    if low is None or high is None or not _told(found, VERDICTS.get(effect.key, "verdict")):
        return False
    within = (high - low) / 2 <= _smallest(found)
    return effect.beyond_zero or within


def ranged(found: Headline) -> Headline:
    """Return the effects, those that `as_number` does not tell as a number being ranges alone."""
    like = {"effet_total": found.get("effet_net")}
    return replace(
        found,
        quantities=tuple(
            replace(one, sure=as_number(found, like.get(one.key) or one)) if one.range else one
            for one in found
        ),
    )


def _own(found: Headline) -> Quantity | None:
    """Return the effect in opened courses alone, where it is told and the net one is not."""
    gross = found.get("effet_brut")
    return gross if gross is not None and as_number(found, gross) else None


def _few(found: Headline) -> bool:
    """Return whether the effect rests on too few openings to be told, now or later."""
    return "trop_peu" in found.notes


def vague(one: Quantity | None) -> bool:
    """Return whether an effect is not given because its range is wider than what seats hold."""
    return one is not None and one.reason.startswith(UNTOLD)


def _untold(found: Headline) -> str:
    """Return why the effect is not given."""
    if _few(found) or "bloque" in found.notes:
        return _("Non donné.")
    if vague(found.get("effet_net")):
        return _("Trop incertain pour un chiffre.")
    if _known(found, "effet_brut"):
        return _("Ce que perdent les formations voisines est inconnu.")
    return _unknown(found)


def begun(found: Headline) -> bool:
    """Return whether the programme's first rentrée has come."""
    return int(found.notes.get("rentree", "0")) >= int(found.notes.get("debut", "0"))


def finding(found: Headline) -> str:
    """Return the headline: the finding itself, no stronger than the proof allows."""
    if not begun(found):
        said = _(
            "Le programme n'a pas commencé : ses premières places ouvrent à la rentrée {start}."
        )
        return said.format(start=found.notes["debut"])
    opened, gross, net = map(found.get, ("places_ouvertes", "effet_brut", "effet_net"))
    job, some = _job(found), opened and (opened.amount or gross or net)  # by the predecessor too
    if opened and not some and not unsaid(found):
        return _("Aucune place du programme n'est encore ouverte.")
    if not some:
        return _("On ne sait pas combien de places le programme a ouvertes.")
    if _few(found):
        return _("Des places sont ouvertes, dans trop peu d'établissements pour dire leur effet.")
    if job and as_number(found, job) and _above_zero(job):
        said = _(
            "Les places ouvertes amènent davantage de personnes dans l'industrie de la région."
        )
        return _careful(found, said, job.key)
    if not (gross or net) or found.notes.get("verdict") in UNPROVEN:
        return _("Des places sont ouvertes ; on ne peut pas encore dire ce qu'elles changent.")
    said = _told_apart(found, gross, net)
    if not said:
        return _("Aucun gain d'élèves ne se distingue encore des variations ordinaires.")
    late = "" if job else " " + _("Il est trop tôt pour parler d'emploi.")
    return _careful(found, said) + late


def _careful(found: Headline, said: str, key: str = "effet_net") -> str:
    """Return a finding, to be confirmed where its proof is to be read with caution."""
    if found.notes.get(VERDICTS.get(key, "verdict")) != LEVELS[2]:
        return said
    return _("À confirmer : {finding}").format(finding=said[0].lower() + said[1:])


def _job_proof(found: Headline) -> str:
    """Return the strength of proof of people at work, which is not that of pupils."""
    level = found.notes["verdict_industrie"]
    return _(level) + only_own(found, "industrie_100")


def _told_apart(found: Headline, gross: Quantity | None, net: Quantity | None) -> str:
    """Return what ranges tell from no effect, neighbours counted where they can be."""
    if net and _above_zero(net):
        return _(END.get(found.notes.get("resultat", ""), IN_THESE))
    if net and net.beyond_zero:
        return _("Les places ouvertes font perdre des élèves, formations voisines comprises.")
    if net and _nothing(found, net):
        return _(
            "Les places ouvertes ne changent presque pas le nombre d'élèves, formations voisines "
            "comprises."
        )
    if gross and _above_zero(gross):
        return _(
            "Les formations ouvertes gagnent des élèves, peut-être pris aux formations voisines."
        )
    return _("Les formations ouvertes perdent des élèves.") if gross and gross.beyond_zero else ""


def _nothing(found: Headline, one: Quantity) -> bool:
    """Return whether the range, as it is shown, holds no effect that matters, gain or loss."""
    least = _smallest(found)
    return all(end is not None and abs(end) <= least for end in one.ends)


def _smallest(found: Headline) -> float:
    """Return the smallest effect of 100 seats that matters; 0 where none is declared."""
    return 100 * float(found.notes.get("plus_petit_effet", "0"))


def only_own(found: Headline, key: str = "effet_net") -> str:
    """Return that the proof holds for opened courses alone, where neighbours may undo the gain.

    So it does where the effect with neighbours is too uncertain to be given; not where its range
    holds losses alone, or nothing that matters.
    """
    net, told = found.get(key), _told(found, VERDICTS.get(key, "verdict"))
    alone = told and net is not None and not (net.beyond_zero or _nothing(found, net))
    return " " + _("(formations ouvertes seules)") if alone else ""


def _above_zero(one: Quantity) -> bool:
    """Return whether the range, as it is shown, holds gains alone; none does that is not known."""
    return one.beyond_zero and one.amount > 0


def missing(found: Headline) -> str:
    """Return what is missing, said first; nothing when the files hold what the page needs."""
    if not begun(found):
        return _("Les chapitres décrivent le point de départ.")
    if _known(found, "places_ouvertes"):
        return ""
    if _known(found, "places_prevues"):
        return _("Le registre ne dit pas encore combien de places ont ouvert.")
    return _(
        "Le dossier ne contient pas le registre des ouvertures : le porteur du programme le tient."
    )


def unsaid(found: Headline) -> str:
    """Return of how many planned seats nothing says yet whether they opened."""
    waiting = float(found.notes.get("sans_reponse", "0"))
    said = (
        _("Pour {waiting} places prévues, le registre ne dit pas encore ce qui a ouvert.")
        if waiting > 1
        else _("Pour {waiting} place prévue, le registre ne dit pas encore ce qui a ouvert.")
    )
    return said.format(waiting=text.nombre(waiting)) if waiting else ""


def _none_yet(found: Headline) -> str:
    """Return why seats and people are not counted: not begun, no target of them, or unknown."""
    if begun(found):
        aims = any(one.key.startswith("cible_") for one in found)
        of_graduates = _("Les cibles comptent des diplômés, et non des entrées.")
        return of_graduates if _known(found, "places_ouvertes") and not aims else _unknown(found)
    return _("Aucune avant la rentrée {start}.").format(start=found.notes["debut"])


def _unknown(found: Headline) -> str:
    """Return why a number is not known: nothing to measure, no register, or not yet."""
    if not begun(found):
        return _("Rien à mesurer avant la rentrée {start}.").format(start=found.notes["debut"])
    if not _known(found, "places_ouvertes"):
        planned, no_register = missing(found), _("Inconnu sans le registre des ouvertures.")
        return planned if _known(found, "places_prevues") else no_register
    return _("Pas encore connu.")


def _uncosted(found: Headline) -> str:
    """Return why no cost is known."""
    if begun(found):
        return _unknown(found)
    return _("Se comptera à partir de la rentrée {start}.").format(start=found.notes["debut"])


def reason(found: Headline) -> str:
    """Return one plain reason for the strength of proof."""
    notes = found.notes
    level = notes.get("verdict", "")
    if _few(found):
        return _("L'effet de si peu d'établissements dirait ce que font les élèves de chacun.")
    if not level:
        return _("Aucun effet ne peut se voir dans les fichiers publiés à ce jour.")
    if "bloque" in notes:
        return _("Un contrôle des données échoue : aucun effet ne peut être donné.")
    if level == LEVELS[0]:
        return _("La méthode n'a pas pu être essayée sur ces données.")
    if notes.get("valide") == "non":
        return _("Essayée sur de faux programmes, la méthode se trompe trop souvent.")
    if level == LEVELS[1]:
        return _("Ni l'absence d'effet, ni un effet qui compterait ne sont écartés.")
    if level == LEVELS[2] and notes.get("indices", "0") != "0":
        return _("Un contrôle au moins fait douter que la comparaison soit juste.")
    if level == LEVELS[2]:
        return _("Essayée sur de faux programmes, la méthode se trompe plus souvent qu'annoncé.")
    return _("Essayée sur de faux programmes, la méthode retrouve le plus souvent leur effet.")


def largest_target(found: Headline) -> Quantity | None:
    """Return the target that aims at most people."""
    targets = [one for one in found if one.key.startswith("cible_") and one]
    return max(targets, key=lambda one: one.amount, default=None)


def entered(found: Headline, target: Quantity | None) -> Quantity | None:
    """Return people entered against a target."""
    return target and found.get(f"entrees_{target.key.removeprefix('cible_')}")


def expected(found: Headline, target: Quantity) -> list[Quantity]:
    """Return people expected by a target's date, one a scenario, the first the main one.

    The code of a target may begin that of another, whose people are not its own.
    """
    codes = [one.key.removeprefix("cible_") for one in found if one.key.startswith("cible_")]
    code, start = target.key.removeprefix("cible_"), "entrees_attendues_"
    others = tuple(f"{start}{other}_" for other in codes if other.startswith(f"{code}_"))
    mine = [one for one in found if one and one.key.startswith(f"{start}{code}_")]
    return [one for one in mine if not one.key.startswith(others)]


def _seats(found: Headline) -> Bar | None:
    if not _known(found, "places_ouvertes") or not _known(found, "places_prevues"):
        return None
    done, wanted = found["places_ouvertes"], found["places_prevues"]
    return Bar(_("places ouvertes"), done.number, wanted.number, _part(done, wanted))


def _bars(found: Headline) -> list[Bar]:
    """Return people entered against each target, the largest first; empty without a count."""
    targets = [one for one in found if one.key.startswith("cible_")]
    bars = []
    for target in sorted(targets, key=lambda one: -(one.value or 0)):
        done = entered(found, target)
        words = target.scope.niveau or _("en tout")
        due = target.scope.annees.rpartition(" ")[2]
        count, part = (done.number, _part(done, target)) if done else ("", 0.0)
        bars.append(Bar(f"{words}, {due}", count, target.number, part))
    return bars


def _part(done: Quantity, wanted: Quantity) -> float:
    return min(max(done.amount / wanted.amount, 0.0), 1.0) if wanted.value else 0.0


def _chain(found: Headline) -> list[ChainStep]:
    """Return the steps from a hundred seats to jobs in the region, unknown ones with their date."""
    if not _known(found, "effet_net") and not vague(found.get("effet_net")):
        return []
    links = [ChainStep(_("Places ouvertes"), 1.0, _("cent"), known=True)]
    outcome = found.notes.get("resultat", "")
    steps = [("effet_net", STUDIED.get(outcome, ENTERED[1]))]
    if outcome != "entrants":
        steps.insert(0, ENTERED)
    for key, words in steps:
        one = found.get(key)
        if one and as_number(found, one):
            part, said = min(max(one.amount / 100, 0), 1), one.number
            links.append(ChainStep(_(words), part, said, known=True))
        elif one or vague(one):
            links.append(ChainStep(_(words), 0, _("trop incertain"), known=False))
    for name, (words, _where) in LATER.items():
        later = found.get(f"a_venir_{name}")
        if later is None or later.known_on is None:
            continue
        if name not in (outcome, "en_emploi_24_mois"):
            said = ", ".join(filter(None, (month(later.known_on), _programme(found))))
            links.append(ChainStep(_(words), 0, said, known=False, dated=True))
    job = _job(found)
    if job and as_number(found, job):
        links.append(ChainStep(_(WHERE), min(max(job.amount / 100, 0), 1), job.number, known=True))
    elif job:
        links.append(ChainStep(_(WHERE), 0, _("trop incertain"), known=False))
    else:
        said = _("trop tôt pour le dire") if _read(found) else _("dans aucun fichier ouvert")
        links.append(ChainStep(_(WHERE), 0, said, known=False))
    return links


def _dates(found: Headline) -> list[tuple[str, str]]:
    """Return the next outcomes to be known, with their month."""
    if _few(found):
        return []
    late = [
        (one.known_on, name)
        for name in LATER
        for one in found
        if one.key == f"a_venir_{name}" and one.known_on
    ]
    late.sort(key=lambda pair: pair[0])
    return [(month(day), to_come(name, _programme(found))) for day, name in late]


def _programme(found: Headline) -> str:
    """Return the programme's name: what is to come is that of its own seats."""
    seats = found.get("places_ouvertes")
    return "" if seats is None else seats.scope.programme


def implied(found: Headline) -> list[str]:
    """Return what follows for those who decide, by rule, most pressing first."""
    if not begun(found):
        return [
            _("Tenir le registre des ouvertures dès la première rentrée : le reste en dépend."),
            _("Écrire le plan d'analyse avant de voir les résultats."),
        ]
    if not _known(found, "places_ouvertes"):
        if _known(found, "places_prevues"):
            return [_("Dire au registre combien de places ont ouvert : le reste en dépend.")]
        return [_("Transmettre le registre des ouvertures : sans lui, rien ne se compte.")]
    return [*_about_targets(found), *_about_effect(found), *_about_records(found)]


def _about_targets(found: Headline) -> list[str]:
    lines = []
    for one in found:
        if one.key.startswith("cible_") and one:
            paths = expected(found, one)
            if paths and max(q.high or q.amount for q in paths) < one.amount:
                due = one.scope.annees.rpartition(" ")[2]
                more = _("Ouvrir bien plus de places, ou revoir la cible de {year}.")
                lines.append(more.format(year=due))
    opened = found.get("taux_realisation")
    if opened and opened.amount < FEW:
        lines.append(_("Chercher pourquoi des places prévues n'ont pas ouvert."))
    return [*_missed(found), *[*dict.fromkeys(lines)][-2:]]


def _missed(found: Headline) -> Sequence[str]:
    """Return that targets past due, which seats could not reach, are to be answered for."""
    years = found.notes.get("cibles_manquees", "").split()
    if not years:
        return []
    said = (
        _("Dire ce que deviennent les cibles de {year}, échues.")
        if len(years) > 1
        else _("Dire ce que devient la cible de {year}, échue.")
    )
    return [said.format(year=text.liste(dict.fromkeys(years)))]


def _about_effect(found: Headline) -> Sequence[str]:
    net, gross = found.get("effet_net"), found.get("effet_brut")
    if _told(found) and net is not None and gross and _above_zero(gross) and not _above_zero(net):
        return [
            _("Surveiller les formations voisines : elles peuvent perdre ce que d'autres gagnent.")
        ]
    return []


def _about_records(found: Headline) -> Sequence[str]:
    if _read(found):
        return []
    return [
        _("Demander les fichiers individuels : eux seuls diront qui travaille dans l'industrie.")
    ]
