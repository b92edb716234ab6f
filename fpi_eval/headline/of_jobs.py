"""Jobs: those of the region's industry, what could be seen of them, who of the leavers has one."""

from collections.abc import Mapping
from dataclasses import replace

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.checks import Evaluation
from fpi_eval.headline.first_page import ranged
from fpi_eval.headline.of_effect import studied
from fpi_eval.headline.quantity import ESTIMATED, Headline, Measure, Scope, declared
from fpi_eval.impact.frame import NET
from fpi_eval.impact.jobs.detectability import Detectability
from fpi_eval.language import _
from fpi_eval.misspelt import known_options
from fpi_eval.panel.emplois import NO_JOBS, REGIONAL
from fpi_eval.panel.year import Year
from fpi_eval.sources.naf import industry

NO_RECORDS = (
    "aucun fichier ouvert ne suit les personnes jusqu'à leur employeur ; les fichiers individuels "
    "d'InserJeunes le diraient."
)


@known_options
def emploi(
    year: Year,
    visible: Mapping[str, Detectability] | Absent,
    industry: Evaluation | Absent = Absent(NO_RECORDS),  # noqa: B008 (frozen)
) -> Headline:
    """Return jobs of the region's industry, the smallest effect that could be seen, and people.

    ``industry`` is the evaluation of people at work in the region's industry (outcome
    `records.INDUSTRY_JOBS`), which only individual files give.
    """
    day, notes = year.context.day, dict[str, str]()
    if not isinstance(industry, Absent):
        notes["verdict_industrie"] = industry.verdict.niveau
        notes["plus_petit_effet"] = str(industry.smallest)
    found = (
        emplois_industriels(day, year),
        effet_decelable(day, year, visible),
        industrie_100(day, year, industry),
    )
    return ranged(Headline(found, notes))


@declared("emplois_industriels", "Emplois salariés de l'industrie", "emplois")
def emplois_industriels(year: Year) -> Measure | Absent:
    """Return jobs of the region's industry (NAF sections B to E), last published year.

    Without an Urssaf file of the region, the figure that the programme's folder declares.
    """
    here = year.programme.territoire.ici(year.jobs["code_region"])
    rows = year.jobs[here & industry(year.jobs["secteur"])]
    if rows.empty:
        return _declared_jobs(year)
    last = int(rows["annee"].max())
    private = _("secteur privé, {region}").format(region=year.context.region)
    scope = Scope(annees=_("fin {year}").format(year=last), lieu=private)
    return Measure(float(rows.loc[rows["annee"] == last, "emplois"].sum()), scope, "Urssaf")


def _declared_jobs(year: Year) -> Measure | Absent:
    """Return the declared jobs of the region's industry, with their date and source."""
    if REGIONAL[0] not in year.reference.index:
        return Absent(NO_JOBS)
    row = year.reference.loc[REGIONAL[0]]
    return Measure(
        row["valeur"], Scope(annees=row["date"], lieu=year.context.region), row["source"]
    )


@declared("effet_decelable", "Plus petit effet décelable sur les emplois", "emplois", ESTIMATED)
def effet_decelable(year: Year, visible: Mapping[str, Detectability] | Absent) -> Measure | Absent:
    """Return the smallest effect on jobs seen 80 times in 100, by the best way of looking."""
    if isinstance(visible, Absent):
        return visible
    found = next(iter(visible.values()))
    scope = Scope(
        annees=_("en {years}").format(years=text.pluriel(found.years, _("an"))),
        lieu=f"{year.context.region}, {_(found.best.name)}",
    )
    return Measure(found.best.smallest, scope, "Urssaf ; calculs fpi_eval")


@declared(
    "industrie_100",
    "Pour 100 places ouvertes, en emploi dans l'industrie de la région six mois après",
    "personnes de plus",
    ESTIMATED,
)
def industrie_100(year: Year, industry: Evaluation | Absent) -> Measure | Absent:
    """Return the net effect of 100 seats on people at work in the region's industry."""
    found = studied(year, industry, NET)
    if isinstance(found, Absent):
        return found
    return replace(found, source="Fichiers individuels ; calculs fpi_eval", unit="")
