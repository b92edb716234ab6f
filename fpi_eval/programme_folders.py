"""Where programmes lie: a folder with a `programme.toml`, named, given by its path, or alone."""

from pathlib import Path

from fpi_eval.errors import FpiError
from fpi_eval.text import liste
from fpi_eval.toml_faults import read_toml

PROJECT, DEFAULT = Path(__file__).parents[1], "defaut.toml"


def find_programme(name: str | Path) -> Path:
    """Return the programme's folder: a path, or a name looked up in `data/` here or above.

    Without a name: the one that ``data/defaut.toml`` names, or the only one in ``data``.
    """
    given = Path(name or _default_name())
    if (given / "programme.toml").is_file():
        return given.resolve()
    if given.name == "programme.toml" and given.is_file():
        return given.parent.resolve()
    here = Path.cwd().resolve()
    for root in (here, *here.parents, PROJECT):
        for folder in (root / "data" / given, root / given):
            if (folder / "programme.toml").is_file():
                return folder
    known, delivered = _known_names(here), _known_names(PROJECT)
    hint = f"Programmes trouvés ici : {liste(known)}." if known else "Aucun programme trouvé ici."
    if delivered and delivered != known:
        hint += f" Livrés avec l'outil : {liste(delivered)}."
    raise FpiError(
        f"programme « {name} » introuvable : il faut un dossier qui contient programme.toml. {hint}"
    )


def provenance(folder: Path) -> str:
    """Return where a programme was found: a folder, or the library's own seen from elsewhere."""
    here = Path.cwd().resolve()
    if folder.is_relative_to(PROJECT) and not here.is_relative_to(PROJECT):
        return f"livré avec l'outil ({folder}) ; --programme en nomme un autre"
    return f"dossier {folder.relative_to(here) if folder.is_relative_to(here) else folder}"


def _default_name() -> str:
    """Return the name that ``data/defaut.toml`` gives, or that of the only programme in ``data``.

    The first folder that has programmes decides: this one, those above, that of the library.
    """
    here = Path.cwd().resolve()
    for root in (here, *here.parents, PROJECT):
        if name := declared(root / "data" / DEFAULT):
            return name
        if known := _known_names(root):
            break
    if len(known) == 1:
        return str(root / "data" / known[0])
    raise FpiError(
        "quel programme ? Nommez-le après --programme, ou dans data/defaut.toml "
        f"(trouvés dans {root / 'data'} : {liste(known) or 'aucun'})."
    )


def declared(path: Path) -> str:
    """Return the programme that a ``defaut.toml`` names, "" without the file."""
    if not path.is_file():
        return ""
    if name := read_toml(path, path.read_bytes())[1].get("programme"):
        return str(name)
    raise FpiError('il manque « programme = "…" ».', fichier=str(path))


def _known_names(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.glob("data/*/programme.toml"))
