"""What the twin takes from the programme: where, in which filières, how many seats and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme
from fpi_eval.sources.declared_filieres import read_filieres
from fpi_eval.text import AUTRE, liste

#: Share of the cells of a level that all the filières take together, where none is declared.
TARGETED = 0.40
#: Where those trained for no filière find industry jobs (shares of NAF 38 sectors), assumed.
ELSEWHERE = (("CA", 0.50), ("CM", 0.50))

Shares = tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the simulated programme opens seats, in which courses, under which name.

    Parameters
    ----------
    regions : tuple of str
        INSEE codes.
    familles : tuple of (str, str)
        Family of the simulated catalogue and its filière.
    parts : tuple
        By filière, share of the cells of each level; empty: `TARGETED` shared evenly.
    debouches : tuple
        By filière, sectors where its graduates find industry jobs.
    places : tuple of (str, int)
        Seats planned by level, in all.
    vagues : tuple of (int, float)
        Rentrées of opening and their shares of the seats.
    projet, avant
        Name in the register; name, rentrée and seats of the programme before, if any.
    subvention : float
        Share of the cost.
    cout_avant : float
        What is published of the cost of a seat of the programme before, a minimum; 0 if none was.
    registre : tuple of (str, str)
        Family and the filière that the register gives its courses: that of `filieres.csv`, which
        the register's reader holds it to.
    """

    regions: tuple[str, ...]
    filieres: tuple[str, ...]
    familles: tuple[tuple[str, str], ...]
    parts: Shares
    debouches: Shares
    places: tuple[tuple[str, int], ...]
    vagues: tuple[tuple[int, float], ...]
    projet: str
    avant: tuple[str, int, int] | None
    debut: int
    subvention: float
    registre: tuple[tuple[str, str], ...] = ()
    cout_avant: float = 0.0

    @classmethod
    def of(cls, programme: Programme, groups: Mapping[str, str]) -> "Setting":
        """Return the setting of a programme; ``groups``: NSF group of each simulated family."""
        declared, before = programme.jumeau, programme.predecesseur
        familles = declared.familles or _from_groups(programme, groups)
        if unknown := sorted(set(familles) - set(groups)):
            raise FpiError(
                f"[jumeau] : famille(s) {liste(unknown)} inconnue(s) des données simulées "
                f"(connues : {liste(groups)}).",
                fichier="programme.toml",
            )
        places, vagues = _plan(programme)
        return cls(
            programme.territoire.codes_regions,
            programme.codes_filieres,
            tuple(familles.items()),
            _pairs(declared.parts),
            (*_pairs(declared.debouches), (AUTRE, ELSEWHERE)),
            places,
            vagues,
            (programme.projets or (programme.nom,))[0],
            (before.nom, before.rentree, before.places) if before else None,
            programme.rentree_debut,
            (programme.cout.subvention or 0.0) / programme.cout.total,
            tuple((familles | _declared_in_file(programme, groups)).items()),
            before.cout_minimum / before.places if before else 0.0,
        )


def _pairs(tables: Mapping[str, Mapping[Any, float]]) -> Shares:
    return tuple((name, tuple(shares.items())) for name, shares in tables.items())


def _from_groups(programme: Programme, groups: Mapping[str, str]) -> dict[str, str]:
    """Return the filière of each simulated family whose NSF group the programme declares."""
    found = _declared_in_file(programme, groups)
    if not found:
        raise FpiError(
            "aucun groupe de spécialités (NSF) des données simulées n'est dans filieres.csv. "
            f"Ajoutez l'un de {liste(sorted(set(groups.values())))}, ou déclarez [jumeau.familles] "
            "dans programme.toml.",
            fichier="filieres.csv",
        )
    return found


def _declared_in_file(programme: Programme, groups: Mapping[str, str]) -> dict[str, str]:
    """Return the filière that `filieres.csv` gives each family's NSF group, if it gives one."""
    table = read_filieres(programme).set_index("code")["filiere"]
    found = {name: table[nsf] for name, nsf in groups.items() if nsf in table.index}
    return {name: filiere for name, filiere in found.items() if filiere != AUTRE}


def _plan(
    programme: Programme,
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[int, float], ...]]:
    """Return seats by level and the share of each rentrée: first scenario that opens any."""
    openings = next((s.ouvertures for s in programme.scenarios if s.ouvertures), ())
    sums = [sum(getattr(o, level) for o in openings) for level in ("secondaire", "superieur")]
    if not sum(sums):
        raise FpiError(
            "les données simulées ouvrent les places du premier scénario : ajoutez une section "
            "[[scenarios]] avec « ouvertures ».",
            fichier="programme.toml",
        )
    vagues = tuple((o.rentree, (o.secondaire + o.superieur) / sum(sums)) for o in openings)
    return tuple(zip(("secondaire", "superieur"), sums, strict=True)), vagues
