"""The one training loop: float from scratch, QAT, and fine-tuning of pruned models. Deterministic for a seed on a CPU.

A batch is drawn class by class (shares as params say), clip by clip, copy by copy; SpecAugment (Park et al. 2019,
arXiv:1904.08779) blanks a stripe of frames and one of bands. A teacher, where there is one, adds its logits to the loss
(Hinton et al. 2015, arXiv:1503.02531).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kws.dataset import Dataset, as_input
from kws.errors import ParamsError
from kws.evaluation import evaluate
from kws.params import FineTuning, Train

_BETAS = (0.9, 0.99)


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
    distillation: float = 0.0
    temperature: float = 1.0


def recipe(train: Train, classes: int, tuning: FineTuning | None = None) -> Recipe:
    """The recipe of params.yaml: from scratch, or with `tuning`, of a model that is trained already."""
    word_share = (1 - train.silence_share - train.unknown_share) / (classes - 2)
    common = {
        "class_shares": (train.silence_share, train.unknown_share, *[word_share] * (classes - 2)),
        "mask_frames": train.mask_frames,
        "mask_bands": train.mask_bands,
        "label_smoothing": train.label_smoothing,
    }
    fields = ("epochs", "batch_size", "learning_rate", "weight_decay")
    if tuning is None:
        fields += ("warmup_epochs", "average_decay")
    else:
        fields += ("distillation", "temperature")
    return Recipe(**common, **{name: getattr(tuning or train, name) for name in fields})


def training_device(wanted: str) -> torch.device:
    """`auto` is CUDA where there is one. Raises ParamsError for a device that is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ParamsError("`train.device` is cuda, and torch sees no CUDA device; use auto or cpu in params.yaml.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def fit(
    model: nn.Module,
    dataset: Dataset,
    choices: Recipe,
    seed: int,
    teacher: nn.Module | None = None,
    after_step: Callable[[float], None] | None = None,
    after_epoch: Callable[[dict], None] | None = None,
    device: torch.device | None = None,
) -> nn.Module:
    """Train a model in place and return it, on the CPU and in eval mode.

    Args:
        model: weights to start from.
        dataset: only its training split is learned from; validation is evaluated for `after_epoch`.
        choices: the recipe.
        seed: of the batches, the masks and dropout.
        teacher: float model whose logits are imitated, with weight choices.distillation.
        after_step: told the share of the training that is done, after each step (0 < share <= 1).
        after_epoch: told {"epoch", "loss", "accuracy"} of training batches and {"validation_loss", ..}.
        device: CPU if not given.
    """
    device = device or torch.device("cpu")
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        return _fit(model, dataset, choices, seed, teacher, after_step, after_epoch, device)


def _fit(model, dataset, choices, seed, teacher, after_step, after_epoch, device) -> nn.Module:
    model.to(device).train()
    teacher = None if teacher is None else teacher.to(device).eval()
    optimizer = torch.optim.AdamW(_parameter_groups(model, choices), betas=_BETAS, lr=choices.learning_rate, fused=True)
    steps = math.ceil(len(dataset.training_labels) / choices.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _rate(choices, steps))
    average = None
    if choices.average_decay:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(choices.average_decay))
    rng = np.random.default_rng([seed, 1])
    for epoch in range(1, choices.epochs + 1):
        totals = np.zeros(3)
        for step, (x, y) in enumerate(batches(dataset, choices, rng), start=1):
            x, y = x.to(device), y.to(device)
            logits = model(x)
            loss = _loss(logits, y, None if teacher is None else _taught(teacher, x), choices)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if after_step:
                after_step((epoch - 1 + step / steps) / choices.epochs)
            if average:
                average.update_parameters(model)
            totals += [float(loss.detach()) * len(y), int((logits.argmax(1) == y).sum()), len(y)]
        if after_epoch:
            after_epoch(_history(epoch, totals, average.module if average else model, dataset))
    return (average.module if average else model).cpu().eval()


def batches(dataset: Dataset, choices: Recipe, rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """One epoch: as many clips as the training split has. Yields x (B, T, F) float32 and y (B,) int64."""
    labels = dataset.training_labels
    by_class = [np.flatnonzero(labels == label) for label in range(len(choices.class_shares))]
    drawn = rng.choice(len(by_class), len(labels), p=np.array(choices.class_shares) / sum(choices.class_shares))
    places = rng.random(len(labels))
    sizes = np.array([len(clips) for clips in by_class])
    clips = np.concatenate(by_class)[(np.cumsum(sizes) - sizes)[drawn] + (places * sizes[drawn]).astype(int)]
    copies = rng.integers(len(dataset.training_features), size=len(labels))
    for start in range(0, len(labels), choices.batch_size):
        part = slice(start, start + choices.batch_size)
        x = as_input(dataset.training_features[copies[part], clips[part]])
        _mask(x, 1, choices.mask_frames, rng)
        _mask(x, 2, choices.mask_bands, rng)
        yield torch.from_numpy(x), torch.from_numpy(labels[clips[part]])


def _mask(x: np.ndarray, axis: int, widest: int, rng: np.random.Generator) -> None:
    """Blank a stripe of 0 to `widest` places along an axis of each clip, in place; 0 is a band's mean."""
    widths = rng.integers(widest + 1, size=len(x))
    starts = (rng.random(len(x)) * (x.shape[axis] - widths + 1)).astype(int)
    place = np.arange(x.shape[axis])
    stripe = (place >= starts[:, None]) & (place < (starts + widths)[:, None])
    x *= ~np.expand_dims(stripe, 3 - axis)


def _parameter_groups(model: nn.Module, choices: Recipe) -> list[dict]:
    """Weights decay; biases, norms and quantizers' scales do not."""
    named = list(model.named_parameters())
    decays = [value for name, value in named if value.dim() > 1 and not name.endswith("drift")]
    stays = [value for name, value in named if value.dim() <= 1 or name.endswith("drift")]
    return [{"params": decays, "weight_decay": choices.weight_decay}, {"params": stays, "weight_decay": 0.0}]


def _rate(choices: Recipe, steps: int) -> Callable[[int], float]:
    """Learning rate, as a share of the highest: linear warm-up, then half a cosine down to zero."""
    warmup, total = choices.warmup_epochs * steps, choices.epochs * steps

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 + 0.5 * math.cos(math.pi * (step - warmup) / max(total - warmup, 1))

    return share


def _taught(teacher: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return teacher(x)


def _loss(logits: torch.Tensor, y: torch.Tensor, taught: torch.Tensor | None, choices: Recipe) -> torch.Tensor:
    loss = functional.cross_entropy(logits, y, label_smoothing=choices.label_smoothing)
    if taught is None or choices.distillation == 0:
        return loss
    heat = choices.temperature
    soft = functional.kl_div(
        functional.log_softmax(logits / heat, 1),
        functional.log_softmax(taught / heat, 1),
        log_target=True,
        reduction="batchmean",
    )
    return (1 - choices.distillation) * loss + choices.distillation * heat**2 * soft


def _history(epoch: int, totals: np.ndarray, model: nn.Module, dataset: Dataset) -> dict:
    """Figures of one epoch; the validated model is the averaged one where weights are averaged."""
    result = evaluate(model, dataset.validation_features, dataset.validation_labels)
    return {
        "epoch": epoch,
        "training_loss": totals[0] / totals[2],
        "training_accuracy": totals[1] / totals[2],
        "validation_loss": result.loss,
        "validation_accuracy": result.accuracy,
    }
