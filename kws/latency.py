"""How long one inference takes on this computer: measured, batch 1, median."""

import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from kws.features import BANDS, FRAMES

_WARM_UP = 50
_RUNS = 300


def median_us(run: Callable[[], object], warm_up: int = _WARM_UP, runs: int = _RUNS) -> float:
    """Median wall-clock time of run(), in microseconds, rounded to 0.1."""
    for _ in range(warm_up):
        run()
    times_ns = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        run()
        times_ns.append(time.perf_counter_ns() - start)
    return round(statistics.median(times_ns) / 1000, 1)


def cpu_latency_us(model: nn.Module) -> float:
    """One float inference in torch on the CPU: inference_mode, one thread, batch 1."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        x = torch.zeros(1, FRAMES, BANDS)
        with torch.inference_mode():
            return median_us(lambda: model(x))
    finally:
        torch.set_num_threads(threads)


def gpu_latency_us(model: nn.Module) -> float | None:
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
            return median_us(run)
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
