"""Replace a folder whole or not at all."""

import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fpi_eval.errors import FULL, FpiError

LOCK = ".calcul.verrou"
PATIENCE = 10  # seconds for another report of the programme to end
SCRATCH = "fpi_eval-travail-"
FILLING, ASIDE = ".en-cours-", ".precedent"  # after a report's name: being filled, replaced
YOUNG = 60  # seconds before a working folder without owner is taken for a leftover
UNTOUCHED = "Le rapport précédent n'a pas été modifié."
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


@contextmanager
def no_other(target: Path) -> Iterator[None]:
    """Let no other process make a report of this programme meanwhile; wait a little for its end.

    Each report hides with the others in mind, as they are when it begins. Within a thread, one may
    be held inside another. A folder that cannot be written needs none: no report is made there.

    Raises
    ------
    FpiError
        Another report of the programme is being made, or nobody can tell.
    """
    folder = Path(target).absolute().parent
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(folder / LOCK, is_singleton=True).acquire(PATIENCE))
        except Timeout as error:
            raise FpiError(
                "un autre calcul d'un rapport de ce programme est en cours, et chaque rapport "
                "masque en connaissant les autres. Attendez qu'il finisse ou arrêtez-le.",
                fichier=str(folder),
            ) from error
        except OSError as error:
            # Of a full disk, what writes next says so.
            if error.errno not in FULL and folder.is_dir() and os.access(folder, os.W_OK):
                raise FpiError(
                    "le verrou du programme ne peut pas être pris, et deux rapports ne doivent pas "
                    "se calculer ensemble. Vérifiez les droits de ce fichier.",
                    fichier=str(folder / LOCK),
                ) from error
        yield


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Give an empty sibling folder to fill; put it in the target's place if all goes well.

    If the block raises, whatever it raises, the folder is removed and the target is untouched.
    What a killed run left is cleaned, or put back, when the next one begins; `no_other` is held.
    A target that is a link stays one: what it leads to is replaced.
    """
    target = Path(target).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target)
    staging = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    try:
        staging.chmod(0o755)
        yield staging
        _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def untouched(report: Path) -> Iterator[None]:
    """Note on what stops the block that the report's folder still stands, if there is one."""
    before = _inode(report)
    try:
        yield
    except (KeyboardInterrupt, Exception) as stop:
        if before is not None and _inode(report) == before:
            stop.add_note(UNTOUCHED)
        raise


def _inode(folder: Path) -> int | None:
    """Return what names a folder on the disk whatever its path, None where there is none."""
    with suppress(OSError):
        return folder.stat().st_ino
    return None


def recover_all(target: Path) -> None:
    """Clean what interrupted runs left of the programme's reports, whatever their year.

    `no_other` is held: nobody fills any of them.
    """
    folder = target.parent
    left = [p.name for end in (f"{FILLING}*", ASIDE) for p in folder.glob(f".*{end}")]
    for name in {one[1:].partition(FILLING)[0].removesuffix(ASIDE) for one in left}:
        recover(folder / name)


def recover(target: Path) -> None:
    """Clean what an interrupted run left beside the target; `no_other` is held."""
    for leftover in target.parent.glob(_prefix(target) + "*"):
        shutil.rmtree(leftover, ignore_errors=True)
    aside = _aside(target)
    if aside.exists() and not target.exists():
        aside.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a working folder apart from the report, removed at the end; a kill leaves it."""
    made = Path(tempfile.mkdtemp(prefix=SCRATCH))
    try:
        with FileLock(made / LOCK):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep() -> None:
    """Remove the working folders that killed runs left: nobody holds them."""
    for leftover in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > YOUNG:
                with FileLock(leftover / LOCK, timeout=0):
                    pass
                shutil.rmtree(leftover, ignore_errors=True)


def _swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`, which comes back if anything stops us midway.

    Where the system can exchange two folders in one step, the report is never absent.
    """
    aside = _aside(target)
    if target.exists() and _exchanged(new, target):
        return
    try:
        if target.exists():
            os.rename(target, aside)
        os.rename(new, target)
    except BaseException:
        if aside.exists() and not target.exists():
            os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchanged(new: Path, target: Path) -> bool:
    """Exchange two folders in one step (Linux); return whether the system could."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return rename(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(target), RENAME_EXCHANGE) == 0


def _prefix(target: Path) -> str:
    return f".{target.name}{FILLING}"


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}{ASIDE}")
