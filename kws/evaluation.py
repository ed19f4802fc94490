"""Accuracy and confusion, the same for a torch model, a .tflite and the board: all that is needed are logits."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from kws.dataset import as_input

_BATCH = 512


@dataclass(frozen=True)
class Evaluation:
    """Figures of a float or fake-quantized model on one split."""

    accuracy: float  # 0 to 1
    loss: float  # cross entropy, nats


def evaluate(model: nn.Module, features: np.ndarray, labels: np.ndarray) -> Evaluation:
    """Accuracy and loss of a torch model on features (B, T, F) int8 with labels (B,) int64; its mode is kept."""
    values = torch.from_numpy(logits(model, features))
    loss = functional.cross_entropy(values, torch.from_numpy(labels))
    return Evaluation(accuracy(values.numpy(), labels), float(loss))


def logits(model: nn.Module, features: np.ndarray) -> np.ndarray:
    """(B, T, F) int8 -> (B, K) float32, in eval mode on the device where the model is."""
    was_training, device = model.training, next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        parts = [
            model(torch.from_numpy(as_input(features[start : start + _BATCH])).to(device)).cpu().numpy()
            for start in range(0, len(features), _BATCH)
        ]
    model.train(was_training)
    return np.concatenate(parts)


def accuracy(values: np.ndarray, labels: np.ndarray) -> float:
    """Share of clips whose largest logit, the first of equals, is the label's: (B, K) and (B,)."""
    return float((values.argmax(1) == labels).mean())
