"""`python -m kws gpu-benchmark`: the model's time on this machine's GPU, kept as a reference for other machines."""

import argparse
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kws.gpu_reference import GpuReference
    from kws.params import Params


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("gpu-benchmark", help="time the model on this machine's GPU -> references/")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="names the model")
    parser.add_argument("--out", type=Path, default=Path("references"), help="the folder (references)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.gpu_reference import write_reference
    from kws.params import load_params

    print(f"written: {write_reference(options.out, _measured(load_params(options.params)))}")


def _measured(params: "Params") -> "GpuReference":
    """The model of params.yaml, weights random, on the first CUDA device. Raises KwsError where there is none."""
    import torch

    from kws.errors import KwsError
    from kws.gpu_reference import COMMAND, GpuReference
    from kws.labels import class_names
    from kws.latency import gpu_latency
    from kws.models import create
    from kws.models.batch_norm import folded
    from kws.timing import named

    model = folded(create(params.model, len(class_names(params.data.words)), seed=0))
    latency = gpu_latency(model)
    if latency is None:
        raise KwsError(f"torch finds no CUDA device here: run `{COMMAND}` on a machine with one.")
    return GpuReference(
        schema_version=1,
        taken_on=datetime.datetime.now(datetime.UTC).date(),
        device=torch.cuda.get_device_name(),
        torch=torch.__version__,
        cuda=torch.version.cuda or "none (ROCm)",
        command=COMMAND,
        architecture=model.architecture(),
        **named("latency", latency),
    )
