"""The training loop: a seed decides every byte, the batches hold what the recipe says, and only training is learned."""

import dataclasses

import numpy as np
import pytest
import torch

from kws.batches import batches
from kws.dataset import as_input
from kws.errors import ParamsError
from kws.evaluation import evaluate
from kws.recipes import Recipe, rate, recipe, training_device
from kws.training import fit
from tests.support_learning import dataset, float_model, params, quantized_model, state_bytes

DATA = dataset()
PLAIN = Recipe(2, 32, 4e-3, 1e-3, (0.25,) * 4, mask_frames=0, mask_bands=0, label_smoothing=0.0)
STEPS = 3  # an epoch of 96 clips


def trained(choices: Recipe = PLAIN, seed: int = 0, data=DATA, **more) -> bytes:
    return state_bytes(fit(float_model(dropout=0.3), data, choices, seed, **more))


def test_a_seed_decides_every_byte():
    choices = dataclasses.replace(PLAIN, mask_frames=6, mask_bands=4, average_decay=0.9)
    first = trained(choices)
    torch.rand(5)  # neither torch's generator nor numpy's has a say
    assert trained(choices) == first != trained(choices, seed=1)


def test_torchs_own_generator_is_left_alone():
    before = torch.get_rng_state()
    trained()
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("split", ["validation", "testing"])
def test_only_training_is_learned_from(split):
    features = getattr(DATA, f"{split}_features")
    other = dataclasses.replace(
        DATA, **{f"{split}_features": -features, f"{split}_labels": 3 - getattr(DATA, f"{split}_labels")}
    )
    histories: list[list[dict]] = [[], []]
    assert trained(after_epoch=histories[0].append) == trained(data=other, after_epoch=histories[1].append)
    found, others = [[entry | {"epoch_s": 0} for entry in history] for history in histories]
    assert (found == others) == (split == "testing")  # validation is looked at, and no more


def test_it_learns():
    model = fit(float_model(), DATA, dataclasses.replace(PLAIN, epochs=6), 0)
    assert not model.training
    assert evaluate(model, DATA.testing_features, DATA.testing_labels).accuracy > 0.9


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


def test_the_result_is_the_moving_average():
    model, seen, decay = float_model(), [], 0.8
    choices = dataclasses.replace(PLAIN, average_decay=decay)
    result = fit(model, DATA, choices, 0, after_step=lambda _: seen.append(model.dense.bias.detach().clone()))
    wanted = seen[0]
    for weights in seen[1:]:
        wanted = decay * wanted + (1 - decay) * weights
    assert len(seen) == 2 * STEPS
    torch.testing.assert_close(result.dense.bias.detach(), wanted, rtol=1e-5, atol=1e-7)


def test_hooks_are_told_how_far_it_is():
    shares, history = [], []
    trained(after_step=shares.append, after_epoch=history.append)
    np.testing.assert_allclose(shares, np.arange(1, 7) / 6)
    assert [entry["epoch"] for entry in history] == [1, 2]
    keys = {f"{split}_{key}" for split in ("training", "validation") for key in ("loss", "accuracy")}
    assert all(set(entry) == keys | {"epoch", "epoch_s"} for entry in history)
    assert history[1]["training_loss"] < history[0]["training_loss"]


def test_the_rate_climbs_then_falls_to_nothing():
    share = rate(dataclasses.replace(PLAIN, epochs=10, warmup_epochs=2), steps=5)
    shares = [share(step) for step in range(51)]
    np.testing.assert_allclose(shares[:10], np.arange(1, 11) / 10)
    assert shares[10] == 1 and shares[30] == pytest.approx(0.5) and shares[50] == pytest.approx(0)
    assert (np.diff(shares[10:]) < 0).all()
    assert rate(PLAIN, steps=5)(0) == 1


def test_a_teacher_pulls():
    teacher = fit(float_model(seed=3), DATA, dataclasses.replace(PLAIN, epochs=6), 0)
    choices = dataclasses.replace(PLAIN, epochs=6, distillation=1.0, temperature=2.0)
    wrong = dataclasses.replace(DATA, training_labels=DATA.training_labels[::-1].copy())
    model = fit(float_model(), wrong, choices, 0, teacher=teacher)  # labels are of no use here
    assert evaluate(model, DATA.testing_features, DATA.testing_labels).accuracy > 0.8


def test_a_teacher_without_weight_changes_nothing():
    before = state_bytes(float_model(seed=3))
    teacher = float_model(seed=3)
    assert trained(teacher=teacher) == trained()
    assert state_bytes(teacher) == before


def test_biases_and_scales_do_not_decay():
    """A learning rate that moves nothing by its gradient still shrinks what decays."""
    choices = dataclasses.replace(PLAIN, epochs=1, learning_rate=1e-3, weight_decay=100.0)
    model = quantized_model(4)
    model.activations["logits"] = torch.nn.Identity()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    fit(model, DATA, choices, 0)
    for name, value in model.named_parameters():
        moved = float((value.detach() - before[name]).abs().max())
        if name.endswith("original"):
            assert value.detach().norm() < 0.9 * before[name].norm()
        else:
            assert moved < 4e-3 and (name.endswith(("bias", "drift")))


def test_the_recipe_of_params_yaml():
    all_params = params()
    scratch = recipe(all_params.train, 4)
    assert scratch.class_shares == pytest.approx((0.15, 0.4, 0.225, 0.225)) and scratch.average_decay == 0.9
    assert (scratch.distillation, scratch.epochs) == (0.0, 2)
    tuned = recipe(all_params.train, 4, all_params.qat_sweep)
    assert (tuned.epochs, tuned.distillation, tuned.average_decay, tuned.warmup_epochs) == (1, 0.7, 0.0, 0.0)
    assert tuned.class_shares == scratch.class_shares and tuned.mask_frames == scratch.mask_frames


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert training_device("auto") == training_device("cpu") == torch.device("cpu")
    with pytest.raises(ParamsError, match=r"`train\.device` is cuda.*use auto or cpu"):
        training_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert training_device("auto").type == "cuda" and training_device("cpu").type == "cpu"
