"""Batches hold what the recipe says: shares of the classes, clips with their labels, stripes that are blank."""

import dataclasses

import numpy as np
import torch

from kws.batches import batches
from kws.dataset import as_input
from kws.recipes import Recipe
from tests.support_learning import dataset

DATA = dataset()
PLAIN = Recipe(2, 32, 4e-3, 1e-3, (0.25,) * 4, mask_frames=0, mask_bands=0, label_smoothing=0.0)


def test_shares_of_the_classes():
    choices = dataclasses.replace(PLAIN, class_shares=(0.1, 0.2, 0.3, 0.4))
    rng = np.random.default_rng(0)
    labels = np.concatenate([y.numpy() for _ in range(60) for _, y in batches(DATA, choices, rng)])
    assert len(labels) == 60 * 96
    np.testing.assert_allclose(np.bincount(labels) / len(labels), choices.class_shares, atol=0.02)


def test_a_batch_holds_clips_with_their_labels_from_every_copy():
    choices = dataclasses.replace(PLAIN, batch_size=40)
    found = list(batches(DATA, choices, np.random.default_rng(0)))
    assert [len(y) for _, y in found] == [40, 40, 16]
    copies = set()
    for x, y in found:
        assert x.dtype == torch.float32 and y.dtype == torch.int64 and x.shape[1:] == (49, 40)
        for clip, label in zip(x.numpy(), y.numpy(), strict=True):
            copy, place = np.argwhere((as_input(DATA.training_features) == clip).all((2, 3)))[0]
            assert DATA.training_labels[place] == label
            copies.add(int(copy))
    assert copies == {0, 1}


def test_masks_blank_one_stripe_of_frames_and_one_of_bands():
    ones = dataclasses.replace(DATA, training_features=np.full_like(DATA.training_features, 16))
    choices = dataclasses.replace(PLAIN, mask_frames=6, mask_bands=4)
    rng = np.random.default_rng(0)
    blank = np.concatenate([x.numpy() == 0 for _ in range(5) for x, _ in batches(ones, choices, rng)])
    for axis, widest in ((2, 6), (1, 4)):
        stripes = blank.all(axis)  # (B, places)
        assert set(stripes.sum(1)) == set(range(widest + 1))  # every width, 0 as well
        edges = np.abs(np.diff(stripes.astype(int), prepend=0, append=0, axis=1)).sum(1)
        assert set(edges) == {0, 2}  # in one piece
        assert stripes.any(0).all()  # anywhere, the ends as well
    np.testing.assert_array_equal(blank, blank.all(2)[:, :, None] | blank.all(1)[:, None])
