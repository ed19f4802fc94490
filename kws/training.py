"""The one training loop: float from scratch, QAT, and fine-tuning of pruned models. Deterministic for a seed on a CPU.

A teacher, where there is one, adds its logits to the loss (Hinton et al. 2015, arXiv:1503.02531). Weights may be
averaged over the steps, and training stopped on validation; it goes on from a snapshot where it was interrupted.
Models side by side (kws/side_by_side.py) learn as one model of which each place has a loss of its own.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kws.batches import batches
from kws.dataset import Dataset
from kws.errors import ParamsError
from kws.evaluation import evaluate
from kws.recipes import Recipe, rate, training_device
from kws.side_by_side import SideBySide
from kws.snapshots import Snapshot

_BETAS = (0.9, 0.99)


def fit(
    model: nn.Module,
    dataset: Dataset,
    choices: Recipe,
    seed: int,
    teacher: nn.Module | None = None,
    after_step: Callable[[float], None] | None = None,
    after_epoch: Callable[[dict], None] | None = None,
    snapshot: Path | None = None,
) -> nn.Module:
    """Train a model in place and return it, on the CPU and in eval mode.

    Args:
        model: weights to start from; one model, or several side by side.
        dataset: only its training split is learned from; validation is evaluated, and may stop the training.
        choices: the recipe. With patience_epochs, training stops when the validation loss has not fallen for so many
            epochs, and the weights of the epoch with the lowest are the result: the loss and not the accuracy, because
            a few hundred clips give many equal accuracies.
        seed: of the batches, the masks and dropout.
        teacher: float model whose logits are imitated, with weight choices.distillation.
        after_step: told the share of the training that is done, after each step (0 < share <= 1).
        after_epoch: told {"epoch", "epoch_s", "training_loss", "training_accuracy", "validation_loss",
            "validation_accuracy"} of each epoch in turn, also of those done before an interruption. Without it and
            without patience_epochs nothing is validated.
        snapshot: file of this training alone that holds its state; one that was interrupted goes on from it, to the
            same bytes as if it had not been. What `model` holds besides parameters and buffers must not change.

    Raises:
        ParamsError: the device is not there, or the loss is no number any more.
    """
    device = training_device(choices.device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        steps = math.ceil(len(dataset.training_labels) / choices.batch_size)
        training = _Training(model.to(device), choices, steps, seed)
        teacher = None if teacher is None else copy.deepcopy(teacher).to(device).eval()
        kept = Snapshot(snapshot, {"recipe": _plain(choices), "seed": seed, "device": device.type})
        state = kept.load()
        if state is not None:
            training.take_up(state)
        tell = after_epoch or (lambda _: None)
        is_validated = after_epoch is not None or choices.patience_epochs is not None
        for entry in training.history:
            tell(entry)
        while not training.is_finished():
            training.run_epoch(dataset, teacher, after_step, is_validated)
            kept.save_when_due(training.state)
            tell(training.history[-1])
        return training.result()


class _Training:
    """A training under way: all that changes from epoch to epoch, and can be written down between two."""

    def __init__(self, model: nn.Module, choices: Recipe, steps: int, seed: int):
        self.choices, self.steps = choices, steps
        self.model = model.train()
        groups = _parameter_groups(model, choices)
        self.optimizer = torch.optim.AdamW(groups, betas=_BETAS, lr=choices.learning_rate, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, rate(choices, steps))
        self.average = _average(model, choices.average_decay)
        self.rng = np.random.default_rng([seed, 1])
        self.history: list[dict] = []
        self.best: dict | None = None  # state of the judged model after the epoch with the lowest validation loss

    @property
    def judged(self) -> nn.Module:
        """The model that is validated, and is the result: the averaged one where weights are averaged."""
        return self.average.module if self.average else self.model

    def is_finished(self) -> bool:
        done, patience = len(self.history), self.choices.patience_epochs
        return done == self.choices.epochs or (patience is not None and done - _best_epoch(self.history) >= patience)

    def run_epoch(
        self, dataset: Dataset, teacher: nn.Module | None, after_step: Callable | None, is_validated: bool
    ) -> None:
        """Train for an epoch, then validate where that is wanted; adds an entry to the history."""
        start, totals, before = time.perf_counter(), np.zeros(3), len(self.history)
        for step, (x, y) in enumerate(batches(dataset, self.choices, self.rng), start=1):
            totals += self._step(x, y, teacher)
            if after_step:
                after_step((before + step / self.steps) / self.choices.epochs)
            if self.average:
                self.average.update_parameters(self.model)
        judged = (self.judged, dataset.validation_features, dataset.validation_labels)
        result = evaluate(*judged) if is_validated else None
        if not math.isfinite(totals[0] + (result.loss if result else 0)):
            raise ParamsError(
                f"the training's loss is no number any more after epoch {before + 1}: `learning_rate` is "
                f"{self.choices.learning_rate:g} in the stage's section of params.yaml; lower it."
            )
        self.history.append(
            {
                "epoch": before + 1,
                "epoch_s": time.perf_counter() - start,
                "training_loss": float(totals[0] / totals[2]),
                "training_accuracy": float(totals[1] / totals[2]),
                "validation_loss": result.loss if result else None,
                "validation_accuracy": result.accuracy if result else None,
            }
        )
        if self.choices.patience_epochs is not None and _best_epoch(self.history) == before + 1:
            self.best = copy.deepcopy(self.judged.state_dict())

    def _step(self, x: torch.Tensor, y: torch.Tensor, teacher: nn.Module | None) -> tuple[float, float, int]:
        """One batch, x (B, T, F) and y (B,), learned from: sum of the losses, clips that were right, clips.

        Of models side by side the first two are means over the models.
        """
        device = next(self.model.parameters()).device
        x, y = x.to(device), y.to(device)
        logits = self.model(x)
        losses = _losses(logits, y, None if teacher is None else _taught(teacher, x), self.choices)
        self.optimizer.zero_grad()
        losses.mean(-1).sum().backward()
        self.optimizer.step()
        self.schedule.step()
        right = (logits.argmax(-1) == y).to(torch.float32).mean()
        return float(losses.detach().mean()) * len(y), float(right) * len(y), len(y)

    def state(self) -> dict:
        """All of it, as tensors, numbers and texts; what `take_up` needs."""
        cuda = next(self.model.parameters()).is_cuda
        return {
            "parts": {name: part.state_dict() for name, part in self._parts().items()},
            "numpy_rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if cuda else None,
            "history": self.history,
            "best": self.best,
        }

    def take_up(self, state: dict) -> None:
        """Go on from a state; weights are copied into the model that is there."""
        for name, part in self._parts().items():
            part.load_state_dict(state["parts"][name])
        self.rng.bit_generator.state = state["numpy_rng"]
        torch.set_rng_state(state["torch_rng"])
        if state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(state["cuda_rng"])
        self.history, self.best = state["history"], state["best"]

    def result(self) -> nn.Module:
        """The model that was given, with the weights that training ends with."""
        weights = self.best or (self.average.module.state_dict() if self.average else None)
        if weights is not None:
            self.model.load_state_dict(weights)
        return self.model.cpu().eval()

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer | torch.optim.lr_scheduler.LambdaLR]:
        parts = {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}
        return parts | ({"average": self.average} if self.average else {})


def _average(model: nn.Module, decay: float) -> AveragedModel | None:
    """A moving average of weights and of buffers: batch norm's statistics belong to the weights they were seen with."""
    return AveragedModel(model, multi_avg_fn=_moving_average(decay), use_buffers=True) if decay else None


def _moving_average(decay: float) -> Callable:
    """The decay grows to what is wanted, so that the first weights do not weigh on a short training's last."""

    def update(averaged: list[torch.Tensor], current: list[torch.Tensor], seen: torch.Tensor) -> None:
        get_ema_multi_avg_fn(min(decay, (1 + int(seen)) / (10 + int(seen))))(averaged, current, seen)

    return update


def _best_epoch(history: list[dict]) -> int:
    """The first epoch with the lowest validation loss, 0 before any."""
    return min(history, key=lambda entry: entry["validation_loss"])["epoch"] if history else 0


def _plain(choices: Recipe) -> dict:
    """The recipe in types that a snapshot gives back equal."""
    return {**asdict(choices), "class_shares": list(choices.class_shares)}


def _parameter_groups(model: nn.Module, choices: Recipe) -> list[dict]:
    """Weights decay; biases, norms and quantizers' scales do not."""
    named, fewest = list(model.named_parameters()), 2 + isinstance(model, SideBySide)
    decays = [value for name, value in named if value.dim() >= fewest and not name.endswith("drift")]
    stays = [value for name, value in named if value.dim() < fewest or name.endswith("drift")]
    return [{"params": decays, "weight_decay": choices.weight_decay}, {"params": stays, "weight_decay": 0.0}]


def _taught(teacher: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return teacher(x)


def _losses(logits: torch.Tensor, y: torch.Tensor, taught: torch.Tensor | None, choices: Recipe) -> torch.Tensor:
    """Of each clip: logits (.., B, K), y (B,), taught (B, K) -> (.., B)."""
    labels = y.expand(logits.shape[:-1])
    losses = functional.cross_entropy(
        logits.movedim(-1, 1) if logits.dim() > 2 else logits,
        labels,
        label_smoothing=choices.label_smoothing,
        reduction="none",
    )
    if taught is None or choices.distillation == 0:
        return losses
    heat = choices.temperature
    wanted = functional.log_softmax(taught / heat, -1)
    soft = (wanted.exp() * (wanted - functional.log_softmax(logits / heat, -1))).sum(-1)  # Kullback and Leibler's
    return (1 - choices.distillation) * losses + choices.distillation * heat**2 * soft
