"""The one error class that a user of the library sees, and what a disk or a folder refuses."""

import errno
import os
import re

ELSEWHERE = ", ou fermez le programme qui tient ce fichier (Excel)" if os.name == "nt" else ""
REFUSED = f"vous n'avez pas le droit d'ouvrir ou d'écrire là. Vérifiez vos droits{ELSEWHERE}."
FULL = (errno.ENOSPC, errno.EDQUOT)
SYSTEM = {
    errno.ENOSPC: "le disque est plein. Libérez de la place, puis relancez.",
    errno.EDQUOT: "votre quota de disque est atteint. Libérez de la place, puis relancez.",
    errno.EROFS: "ce dossier est en lecture seule. Choisissez-en un où vous pouvez écrire.",
    errno.EACCES: REFUSED,
    errno.EPERM: REFUSED,
    errno.ENOENT: "ce fichier ou ce dossier n'existe pas. Vérifiez son nom.",
    errno.ENOTDIR: "ce qui devrait être un dossier est un fichier. Vérifiez le chemin.",
    errno.EISDIR: "ce qui devrait être un fichier est un dossier. Vérifiez le chemin.",
    errno.ELOOP: "ce chemin est un lien qui tourne en rond. Corrigez-le.",
    errno.ENAMETOOLONG: "ce nom est trop long. Raccourcissez-le.",
    errno.EEXIST: "ce qui devrait être un dossier est un fichier. Vérifiez le chemin.",
    errno.EFBIG: "ce fichier dépasse la taille permise ici. Écrivez ailleurs, ou levez la limite.",
    errno.EBUSY: "ce fichier ou ce dossier est pris par un autre programme. Fermez-le.",
    errno.EMFILE: "trop de fichiers ouverts à la fois. Fermez d'autres programmes, puis relancez.",
    errno.ENFILE: "trop de fichiers ouverts à la fois. Fermez d'autres programmes, puis relancez.",
    errno.ENOMEM: "mémoire insuffisante. Fermez d'autres programmes, puis relancez.",
    errno.ESTALE: "le dossier du réseau ne répond plus. Reconnectez-le, puis relancez.",
    errno.EIO: "le disque ne répond pas. Vérifiez-le, puis relancez.",
}
NO_ROOM = (
    "aucun dossier de travail où écrire (disque plein, ou dossier temporaire en lecture seule). "
    "Libérez de la place, ou nommez un autre dossier par la variable TMPDIR."
)

LONG_QUOTE = re.compile(r"« ([^»]{200})[^»]+ »")  # a whole file may stand in one cell


class FpiError(Exception):
    """A mistake the user can mend, said in French: what, where, what was expected, what to do.

    Parameters
    ----------
    message : str
        French sentence(s): what was found, what was expected, what to do.
    conseil : str
        French sentence for an analyst, who alone can do it; printed after the message.
    fichier, ligne, colonne : str, int, str, optional
        Where it was found; printed before the message.

    Attributes
    ----------
    raison : str
        What is printed, without the advice to an analyst.
    """

    def __init__(
        self,
        message: str,
        *,
        conseil: str = "",
        fichier: str | None = None,
        ligne: int | None = None,
        colonne: str | None = None,
    ) -> None:
        self.fichier, self.ligne, self.colonne = fichier, ligne, colonne
        where = ", ".join(
            part
            for part in (
                str(fichier) if fichier else "",
                f"ligne {ligne}" if ligne else "",
                f"colonne « {colonne} »" if colonne else "",
            )
            if part
        )
        self.conseil = conseil
        self.raison = LONG_QUOTE.sub(r"« \1… »", f"{where} : {message}" if where else message)
        super().__init__(f"{self.raison} {conseil}".rstrip())


def of_the_system(error: BaseException) -> str | None:
    """Return the French sentence for what the disk or the folder refuses, None for other faults."""
    if isinstance(error, RuntimeError) and "symlink loop" in str(error).lower():
        return SYSTEM[errno.ELOOP]
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if "temporary directory" in str(error.strerror):  # what Python says, of a full disk too
        return NO_ROOM
    where = f"{error.filename} : " if error.filename else ""
    other = f"le système répond « {error.strerror} ». Vérifiez le disque et le dossier."
    return where + SYSTEM.get(error.errno, other)


def notes(error: BaseException) -> list[str]:
    """Return what was noted of a stop on its way here, e.g. that the last report still stands."""
    return getattr(error, "__notes__", [])


def fault(error: BaseException) -> FpiError:
    """Return in French what stopped a computation, be it the system or the program."""
    kind = f"panne du programme ({type(error).__name__} : {error}), et non faute de saisie."
    said = FpiError(" ".join([of_the_system(error) or kind, *notes(error)]))
    said.__cause__ = error
    return said
