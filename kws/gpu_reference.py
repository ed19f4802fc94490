"""A GPU's time, taken on another machine and kept as a dated file: figures in, a checked reference out.

`python -m kws gpu-benchmark` writes references/gpu_<model>.json on a machine with CUDA. mcu_benchmark draws the one of
the model at hand in devices.png, as what it is; no metric is ever computed from it.
"""

import datetime
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from kws.errors import ArtifactError
from kws.files import write_json
from kws.params import Positive, Section, told
from kws.timing import Latency

COMMAND = "python -m kws gpu-benchmark"
_HOW_BACK = f"Write it anew with `{COMMAND}` on a machine with CUDA, or remove it."
Text = Annotated[str, Field(min_length=1)]


class GpuReference(Section):
    """What the file holds."""

    schema_version: Literal[1]
    taken_on: datetime.date
    device: Text
    torch: Text
    cuda: Text
    command: Text
    architecture: dict
    latency_us: Positive  # float32, batch 1, waiting for the result: kws/timing.py says of what
    latency_us_p10: Positive
    latency_us_p90: Positive

    @property
    def latency(self) -> Latency:
        """The three times together."""
        return Latency(self.latency_us, self.latency_us_p10, self.latency_us_p90)


def write_reference(folder: Path, reference: GpuReference) -> Path:
    """Put it where `reference_for` finds it; one file an architecture's name. Returns its path."""
    path = Path(folder) / f"gpu_{reference.architecture['name']}.json"
    write_json(path, reference.model_dump(mode="json"))
    return path


def reference_for(folder: Path, architecture: dict) -> GpuReference | None:
    """The reference of exactly this architecture; None where there is no file, or one of another size.

    Raises:
        ArtifactError: a file is damaged or of another schema, with the keys that are wrong.
    """
    path = Path(folder) / f"gpu_{architecture['name']}.json"
    if not path.exists():
        return None
    try:
        found = GpuReference.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ArtifactError(f"{path}: {'; '.join(map(told, error.errors()))}. {_HOW_BACK}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is not JSON ({error}). {_HOW_BACK}") from None
    return found if found.architecture == architecture else None
