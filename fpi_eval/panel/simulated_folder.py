"""The folder of a simulated set: written once per size, seed and twin version."""

import hashlib
import shutil
import tempfile
import time
from pathlib import Path

from fpi_eval.programme import Programme
from fpi_eval.store import cache_folder

FIRST_SIMULATED = 2018
OLD = 3600  # seconds after which a set half written was left by a kill


def _seal(folder: Path) -> str:
    """Return one hash of the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def simulated_folder(
    programme: Programme, rentree: int, *, full: bool = False, first: int = FIRST_SIMULATED
) -> Path:
    """Return the folder of a simulated set, written once per size, seed and twin version.

    A set that is no longer as it was written is written again.

    ``full`` gives a France of the real size, heavier to write; the embedded set is small.
    """
    from fpi_eval import twin

    size = twin.LIFELIKE if full else twin.DELIVERED
    code = b"".join(p.read_bytes() for p in sorted(Path(twin.__file__).parent.rglob("[!.]*.py")))
    drawn_from = repr(size) + repr(twin.simulated(programme))
    version = hashlib.sha256(code + drawn_from.encode()).hexdigest()[:12]
    name = f"{version}_{programme.graine}_{first}_{rentree}"
    folder = cache_folder() / "simulees" / name
    seal = folder.with_name(f"{name}.sha256")
    if folder.is_dir() and seal.is_file() and seal.read_text() == _seal(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)  # damaged, or half removed
    for left in folder.parent.glob(".en_cours_*"):
        if time.time() - left.stat().st_mtime > OLD:
            shutil.rmtree(left, ignore_errors=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".en_cours_"))
    try:
        drawn = twin.draw(size, programme.graine, programme=programme)
        twin.write_files(drawn, making, years=range(first, rentree + 1))
        seal.write_text(_seal(making))
        making.rename(folder)
    except OSError:
        if not folder.is_dir():  # another process may have made it meanwhile
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder
