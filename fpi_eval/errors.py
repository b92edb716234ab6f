"""The one error class that a user of the library sees."""


class FpiError(Exception):
    """A mistake the user can mend, said in French: what, where, what was expected, what to do.

    Parameters
    ----------
    message : str
        French sentence(s): what was found, what was expected, what to do.
    fichier, ligne, colonne : str, int, str, optional
        Where it was found; printed before the message.
    """

    def __init__(
        self,
        message: str,
        *,
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
        super().__init__(f"{where} : {message}" if where else message)
