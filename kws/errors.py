"""The errors a user can meet. Each message names the key or file, the value, and what to do next."""


class KwsError(Exception):
    """Base of every error that a user can mend; a stage prints its message and exits with status 1."""


class ParamsError(KwsError):
    """params.yaml holds a value that is not accepted."""


class DataError(KwsError):
    """Audio or labels on disk are missing, unreadable or too few."""


class ArtifactError(KwsError):
    """A file that another stage writes is missing, damaged or of another schema version."""


class ModelError(KwsError):
    """A model cannot be converted, or a .tflite cannot be compiled for the board."""


class BuildError(KwsError):
    """The firmware does not compile or does not fit the chip."""


class MisfitError(BuildError):
    """An image that is linked and larger than the chip; `needs` says what it needs, as kws.board.memory.misfit does."""

    def __init__(self, needs: str, mend: str) -> None:
        super().__init__(f"The linked image does not fit the board: it {needs}. {mend}")
        self.needs = needs


class BoardError(KwsError):
    """The board is missing, holds another image, or answered something that cannot be right."""
