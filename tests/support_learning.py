"""Parameters and made-up features small enough to learn from in a second, and models to quantize, prune, convert."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kws.dataset import Dataset, as_input, write_dataset
from kws.errors import DataError
from kws.features import BANDS, FRAMES
from kws.labels import class_names
from kws.models import create
from kws.models.batch_norm import folded
from kws.models.chain import Chain
from kws.params import Model, Params
from kws.quantized import Scheme, quantized

WORDS = ("yes", "no")
_TUNING = {"epochs": 1, "batch_size": 32, "learning_rate": 2e-3, "weight_decay": 1e-4}
_TUNING |= {"average_decay": 0.0, "dropout": 0.2, "distillation": 0.7, "temperature": 2.0}
_QUANTIZERS = {"weight_bits": [3, 8], "minifloat": [[2, 1]], "granularity": "channel", "calibration": "mse"}
_QUANTIZERS |= {"activation_symmetry": "asymmetric", "percentile": 99.9, "calibration_clips": 32}
PARAMS = {
    "bits": 8,
    "data": {"source": "speech_commands", "root": None, "words": list(WORDS), "seed": 0, "synthetic_clips": 200}
    | {"unknown_ratio": 2.0, "silence_ratio": 1.0},
    "front_end": {
        "kind": "pcen",
        "low_hz": 60.0,
        "high_hz": 7600.0,
        "log_floor": 1e-2,
        "pcen_alpha": 0.9,
        "pcen_epsilon": 1e-3,
        "pcen_delta": 2.0,
    },
    "augmentation": {"copies": 1, "seed": 0, "shift_ms": 100.0, "gain_db": [-6.0, 4.0], "noise_probability": 0.8}
    | {"noise_volume": 0.1, "speed_probability": 0.4, "speed": [0.87, 1.15]},
    "model": {"name": "tiny_conv", "filters": 8, "dropout": 0.3},
    "train": {"seeds": 2, "epochs": 2, "batch_size": 32, "learning_rate": 4e-3, "weight_decay": 1e-3}
    | {"warmup_epochs": 1, "label_smoothing": 0.1, "silence_share": 0.15, "unknown_share": 0.4, "average_decay": 0.9}
    | {"patience_epochs": None}
    | {"mask_frames": 6, "mask_bands": 4, "device": "cpu"},
    "ptq_sweep": _QUANTIZERS | {"weight_symmetry": "symmetric", "rounding": "nearest", "bias_correction": True},
    "qat_sweep": {**_QUANTIZERS, **_TUNING},
    "prune_sweep": {"unstructured_amounts": [0.0, 0.8], "structured_amounts": [0.0, 0.5], **_TUNING}
    | {"ranking": "lamp", "schedule": "gradual", "importance": "variance"},
    "convert": {"calibration_clips": 32, "candidate": "qat", "max_flash_bytes": None, "max_ram_bytes": None}
    | {"max_inference_ms": None, "sparse_from": 0.8},
    "flash": {"board": "emulator", "port": None, "baud": 115200, "timeout_s": 20.0},
    "mcu_benchmark": {"clips": 12, "timed_clips": 2, "timed_clips_pruned": 1},
    "listen": {"strides": 5, "smoothing": 4, "threshold": 0.7, "suppression_ms": 500},
}


def changed(**sections) -> dict:
    """PARAMS with other values: `train={"epochs": 3}` changes one key of a section, `bits=3` a top-level one."""
    new = {name: PARAMS[name] | value if isinstance(value, dict) else value for name, value in sections.items()}
    return PARAMS | new


def params(**sections) -> Params:
    """PARAMS, checked, with the changes that `changed` describes."""
    return Params.model_validate(changed(**sections))


@cache
def dataset(source: str = "synthetic") -> Dataset:
    """Four classes that differ in where their energy lies: 96 training clips in two copies, 40 and 48 to judge by."""
    rng = np.random.default_rng(5)
    parts = {}
    for split, clips in (("training", 96), ("validation", 40), ("testing", 48)):
        labels = np.arange(clips) % (2 + len(WORDS))
        parts[f"{split}_labels"] = labels.astype(np.int64)
        parts[f"{split}_features"] = clips_of(labels, rng)
    parts["training_features"] = np.stack([parts["training_features"], clips_of(parts["training_labels"], rng)])
    return Dataset(class_names(WORDS), source, **parts)


def clips_of(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Features of made-up clips: (B,) -> (B, T, F) int8; noise, and for each class a patch of its own."""
    clips = rng.normal(0, 25, (len(labels), FRAMES, BANDS))
    for clip, label in zip(clips, labels, strict=True):
        clip[10 + 5 * label : 25 + 5 * label, 8 * label : 8 * label + 10] += 30 * label
    return clips.clip(-128, 127).astype(np.int8)


@cache
def dataset_file(folder: Path) -> Path:
    """The dataset on disk, in a folder that the caller gives."""
    write_dataset(folder / "features.npz", dataset())
    return folder / "features.npz"


def float_model(seed: int = 0, filters: int = 8, dropout: float = 0.0, name: str = "tiny_conv") -> Chain:
    """A model with random weights, biases off zero, in eval mode; batch normalization folded into them."""
    return folded(unfolded_model(seed, filters, dropout, name))


def unfolded_model(seed: int = 0, filters: int = 8, dropout: float = 0.0, name: str = "tiny_conv") -> Chain:
    """The same as it is trained: with batch normalization where it has it, of which the statistics are the clips'."""
    model = create(Model(name=name, filters=filters, dropout=dropout), 4, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for norm in model.eval().norms.values():
            norm.weight.copy_(0.8 + 0.8 * torch.rand(norm.weight.shape, generator=generator))
            norm.bias.copy_(torch.rand(norm.bias.shape, generator=generator) - 0.3)
            norm.train()
        for _ in range(30 if model.norms else 0):
            model(inputs(48))
    return model.eval()


def quantized_model(
    bits: int, activation_bits: int = 8, seed: int = 0, filters: int = 8, name: str = "tiny_conv", **scheme
) -> Chain:
    """A random model, quantized after no training at all; `scheme` are further choices of kws.quantized.Scheme."""
    return quantized(float_model(seed, filters, name=name), Scheme(bits, activation_bits, **scheme), inputs(24))


def inputs(clips: int) -> torch.Tensor:
    """Features as a model takes them: (clips, T, F) float32."""
    return torch.from_numpy(as_input(dataset().testing_features[:clips]))


def state_bytes(model: nn.Module) -> bytes:
    """Every weight and buffer of a model, to compare two bit for bit."""
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


def mark(folder: Path, point: dict) -> None:
    """A point that can be counted: adds its number to the file `log`, leaves it in its folder as well.

    Where a file `<log>.<number>` is there the point is interrupted half-way.
    """
    with Path(point["log"]).open("a") as log:
        log.write(f"{point['number']} ")
    if Path(f"{point['log']}.{point['number']}").exists():
        (folder / "half").touch()
        raise KeyboardInterrupt
    (folder / "number.txt").write_text(f"{point['number']}")


def mark_batch(folders: list[Path], points: list[dict], snapshot: Path) -> None:
    """The same for points that are made together: their numbers stand in the log as one word."""
    together = ",".join(str(point["number"]) for point in points)
    mark(folders[0], {**points[0], "number": together})
    for folder, point in zip(folders, points, strict=True):
        if Path(f"{point['log']}.{point['number']}").exists():
            raise KeyboardInterrupt
        (folder / "number.txt").write_text(f"{point['number']}")
    assert snapshot.parent == folders[0].parent


def refuse(_folder: Path, _point: dict) -> None:
    """A point that cannot be made."""
    raise DataError("no speech here")
