"""How results are labelled wherever they appear: in pictures, in the printed summary and in the README's tables.

Accuracy on synthetic speech says nothing about people, and modelled cycles are not a stopwatch: both are always said.
"""

import re

from kws.errors import ArtifactError

DATA_NAMES = {"synthetic": "synthetic speech", "speech_commands": "Speech Commands v0.02", "folder": "own recordings"}


def data_caption(source: str) -> str:
    """The data's name for a reader. Raises ArtifactError for a source that params.yaml does not know."""
    if source not in DATA_NAMES:
        raise ArtifactError(f"source {source!r} is none of {', '.join(DATA_NAMES)}: run `dvc repro` to write it anew.")
    return DATA_NAMES[source]


def cycles_caption(cycles_are: str) -> str:
    """`modelled cycles` on the emulator, `measured cycles` on a board. Raises ArtifactError for anything else."""
    if cycles_are not in ("modelled", "measured"):
        raise ArtifactError(
            f"cycles_are {cycles_are!r} is neither modelled nor measured: run `dvc repro -f mcu_benchmark`."
        )
    return f"{cycles_are} cycles"


_REMOVED = {"structured": "filters removed", "unstructured": "weights zeroed"}


def model_caption(name: str) -> str:
    """In a reader's words: structured_125_fine_tuned -> 12.5% of filters removed, fine-tuned; qat_w8a8 -> QAT."""
    if found := re.fullmatch(r"(ptq|qat)_w\da\d", name):
        return found[1].upper()
    found = re.fullmatch(r"(structured|unstructured)_(\d+)(_fine_tuned)?", name)
    if not found:
        return name
    return f"{int(found[2]) / 10:g}% of {_REMOVED[found[1]]}" + (", fine-tuned" if found[3] else "")
