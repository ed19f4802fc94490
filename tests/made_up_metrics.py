"""Made-up metrics in the form that the stages write, for the tests of what reads them."""


def point(amount: float) -> dict:
    size = round(1000 * (1 - amount))
    return {
        "amount": amount, "parameters": size, "macs": 9 * size, "flops": 19 * size, "cpu_latency_us": 150.0 + size / 10,
        "test_accuracy": 0.9 - amount / 2, "test_accuracy_fine_tuned": 0.9 - amount / 10,
    }  # fmt: skip


def made_up_metrics(source: str = "synthetic") -> dict[str, dict]:
    width = {"validation_accuracy": 0.9, "test_accuracy": 0.875, "test_accuracy_std": 0.01, "weight_bytes": 4000}
    width |= {"difference_from_float": -0.037, "difference_from_float_interval": [-0.05, -0.024]}
    sweep = {"float_test_accuracy": 0.912, "w2a8": width, "w2a2": width, "w8a8": width}
    phase = {"min": 1.0, "mean": 1.5, "max": 2.0}
    phases = ("preprocess_ms", "preprocess_stride_ms", "preprocess_window_ms", "inference_ms", "postprocess_ms")
    board_model = {
        "name": "structured_500",
        "amount": 0.5,
        "tflite_sha256": "ab",
        "inference_ms": 20.5,
        "test_accuracy": 0.85,
    }
    return {
        "preprocess": {
            "source": source,
            "classes": ["_silence_", "_unknown_", "yes", "no"],
            "clips": {"training": 4019, "validation": 558, "testing": 909},
        },
        "train": {
            "test_accuracy": 0.912, "seeds": 3, "parameters": 16_000, "macs": 300_000, "cpu_latency_us": 150.0,
            "architecture": {"name": "tiny_conv", "filters": 8, "classes": 4},
        },
        "ptq_sweep": sweep,
        "qat_sweep": sweep,
        "prune_sweep": {"unstructured": [point(0.0), point(0.8)], "structured": [point(0.0), point(0.5)]},
        "convert": {"deployed": {"bits": 8, "seed": 1, "test_accuracy": 0.905}},
        "flash": {"board": "emulator", "flash_bytes": 65_432, "ram_bytes": 32_100, "weight_bytes": 16_000},
        "mcu_benchmark": {
            "board": "emulator", "clock_hz": 64_000_000, "cycles_are": "modelled", "test_clips": 240,
            "mismatches_with_host": 0, "test_accuracy": 0.9, "deployed": dict.fromkeys(phases, phase),
            "models": [board_model],
        },
    }  # fmt: skip
