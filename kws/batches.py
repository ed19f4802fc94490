"""Training split -> batches: drawn class by class (shares as the recipe says), clip by clip, copy by copy.

SpecAugment (Park et al. 2019, arXiv:1904.08779) blanks a stripe of frames and one of bands.
"""

from collections.abc import Iterator

import numpy as np
import torch

from kws.dataset import Dataset, as_input
from kws.recipes import Recipe


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
