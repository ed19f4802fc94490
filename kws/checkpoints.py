"""Models on disk: shape, bits and weights, read with weights_only, so that nothing in the file is executed.

The same model gives the same bytes.
"""

import io
from pathlib import Path

import torch
from torch import nn

from kws.errors import ArtifactError
from kws.files import write_bytes
from kws.models import build
from kws.quantized import empty_quantized

SCHEMA_VERSION = 2


def write_checkpoint(path: Path, model: nn.Module, bits: tuple[int, int] | None = None) -> None:
    """Write a float model, or with bits (of weights, of activations) a quantized one."""
    buffer = io.BytesIO()  # a path would put its own name into the bytes
    content = {
        "schema_version": SCHEMA_VERSION,
        "architecture": model.architecture(),
        "bits": bits,
        "state": {name: value.clone() for name, value in model.state_dict().items()},
    }
    torch.save(content, buffer)
    write_bytes(path, buffer.getvalue())


def read_checkpoint(path: Path) -> nn.Module:
    """The model in eval mode. Raises ArtifactError for a file that is missing, damaged or of another version."""
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        if content["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema {content['schema_version']}, {SCHEMA_VERSION} is needed")
        architecture, bits = content["architecture"], content["bits"]
        model = build(architecture) if bits is None else empty_quantized(architecture, content["state"])
        model.load_state_dict(content["state"])
    except Exception as error:  # a damaged file raises whatever its bytes happen to spell
        reason = str(error).split("\n")[0]
        raise ArtifactError(f"{path} is not a checkpoint that can be read ({reason}); `dvc repro` makes it.") from None
    return model.eval()
