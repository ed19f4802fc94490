"""How long one inference of a torch model takes on this computer: measured, batch 1, median and spread."""

import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from kws.features import BANDS, FRAMES
from kws.timing import Latency, latencies


def cpu_latencies(models: Sequence[nn.Module]) -> list[Latency]:
    """One float inference of each on the CPU, the models in turns: inference_mode, one thread, batch 1."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        x = torch.zeros(1, FRAMES, BANDS)
        with torch.inference_mode():
            return latencies([lambda model=model: model(x) for model in models])
    finally:
        torch.set_num_threads(threads)


def cpu_latency(model: nn.Module) -> Latency:
    """The same of one model."""
    return cpu_latencies([model])[0]


def gpu_latency(model: nn.Module) -> Latency | None:
    """The same on the first CUDA device, waiting for each result; None where there is none."""
    if not torch.cuda.is_available():
        return None
    x = torch.zeros(1, FRAMES, BANDS, device="cuda")

    def run() -> None:
        on_gpu(x)
        torch.cuda.synchronize()

    on_gpu = model.to("cuda")
    try:
        with torch.inference_mode():
            return latencies([run])[0]
    finally:
        model.to("cpu")


def cpu_name() -> str:
    """The processor's name as its maker gives it, or what Python knows of it."""
    if platform.system() == "Darwin":
        asked = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
        return asked.stdout.strip() or platform.processor()
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
