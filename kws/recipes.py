"""params.yaml -> the recipe of one training: every choice but the model, the data and the seed."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

from kws.errors import ParamsError
from kws.params import FineTuning, Train


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run but the model and the data."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    class_shares: tuple[float, ...]  # (K,)
    mask_frames: int
    mask_bands: int
    label_smoothing: float
    warmup_epochs: float = 0.0
    average_decay: float = 0.0
    patience_epochs: int | None = None
    distillation: float = 0.0
    temperature: float = 1.0
    device: str = "cpu"


def recipe(train: Train, classes: int, tuning: FineTuning | None = None) -> Recipe:
    """The recipe of params.yaml: from scratch, or with `tuning`, of a model that is trained already."""
    word_share = (1 - train.silence_share - train.unknown_share) / (classes - 2)
    common = {
        "class_shares": (train.silence_share, train.unknown_share, *[word_share] * (classes - 2)),
        "mask_frames": train.mask_frames,
        "mask_bands": train.mask_bands,
        "label_smoothing": train.label_smoothing,
        "device": train.device,
    }
    fields = ("epochs", "batch_size", "learning_rate", "weight_decay", "average_decay")
    if tuning is None:
        fields += ("warmup_epochs", "patience_epochs")
    else:
        fields += ("distillation", "temperature")
    return Recipe(**common, **{name: getattr(tuning or train, name) for name in fields})


def training_device(wanted: str) -> torch.device:
    """`auto` is CUDA where there is one. Raises ParamsError for a device that is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ParamsError("`train.device` is cuda, and torch sees no CUDA device; use auto or cpu in params.yaml.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def rate(choices: Recipe, steps: int) -> Callable[[int], float]:
    """Learning rate after a number of steps, as a share of the highest: linear warm-up, then half a cosine to zero.

    Args:
        choices: the recipe.
        steps: of an epoch.
    """
    warmup, total = choices.warmup_epochs * steps, choices.epochs * steps

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 + 0.5 * math.cos(math.pi * (step - warmup) / max(total - warmup, 1))

    return share
