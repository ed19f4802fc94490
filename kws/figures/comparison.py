"""The devices that devices.png compares, out of the metrics of three stages and a reference from another machine."""

from kws.figures.devices import Device
from kws.gpu_reference import GpuReference
from kws.timing import Latency, latency_named


def compared(
    board_metrics: dict, train: dict, converted: dict, reference: GpuReference | None
) -> tuple[Device, list[Device]]:
    """The board, and what it is compared with; a GPU's time from another machine only where there is none of this."""
    inference_us = (1000 * board_metrics["deployed"]["inference_ms"][of] for of in ("mean", "min", "max"))
    name = f"{board_metrics['board']}, int8\n{board_metrics['clock_hz'] / 1e6:g} MHz"
    deployed, gpu = converted["deployed"], latency_named("gpu_latency", train)
    others = [
        Device(f"CPU, float, torch\n{train['cpu']}", latency_named("cpu_latency", train)),
        Device(f"CPU, int8, LiteRT\n{train['cpu']}", latency_named("cpu_int8_latency", deployed)),
        Device("GPU, float, torch\nthis computer", gpu),
    ]
    if gpu is None and reference is not None:
        label = f"GPU, float, torch\n{reference.device}\nanother machine, {reference.taken_on}"
        others[-1] = Device(label, reference.latency, reference=True)
    return Device(name, Latency(*inference_us)), others
