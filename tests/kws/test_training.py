"""The training loop: a seed decides every byte, only training is learned from, validation may stop it."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from kws.errors import ParamsError
from kws.evaluation import evaluate
from kws.recipes import Recipe
from kws.training import fit
from tests.support_learning import dataset, float_model, quantized_model, state_bytes

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


def averaged(seen: list[torch.Tensor], decay: float) -> torch.Tensor:
    """Kept from a step to the next: the share `decay`, less while few steps are done."""
    result = seen[0]
    for steps, values in enumerate(seen[1:], start=1):
        kept = min(decay, (1 + steps) / (10 + steps))
        result = kept * result + (1 - kept) * values
    return result


def test_the_result_is_the_moving_average():
    model, seen, decay = float_model(), [], 0.8
    choices = dataclasses.replace(PLAIN, average_decay=decay)
    result = fit(model, DATA, choices, 0, after_step=lambda _: seen.append(model.dense.bias.detach().clone()))
    wanted = averaged(seen, decay)
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
    model.activations["logits"] = nn.Identity()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    fit(model, DATA, choices, 0)
    for name, value in model.named_parameters():
        moved = float((value.detach() - before[name]).abs().max())
        if name.endswith("original"):
            assert value.detach().norm() < 0.9 * before[name].norm()
        else:
            assert moved < 4e-3 and (name.endswith(("bias", "drift")))


def test_patience_gives_the_best_epochs_weights_of_the_average():
    """At this rate the loss on validation soon rises again."""
    choices = dataclasses.replace(PLAIN, epochs=40, learning_rate=0.02, average_decay=0.5, label_smoothing=0.2)
    choices = dataclasses.replace(choices, patience_epochs=3)
    history: list[dict] = []
    model = fit(float_model(), DATA, choices, 0, after_epoch=history.append)
    losses = [entry["validation_loss"] for entry in history]
    assert len(history) == np.argmin(losses) + 1 + 3 < 40
    assert evaluate(model, DATA.validation_features, DATA.validation_labels).loss == min(losses) < losses[-1]


def test_patience_that_is_never_lost_still_gives_the_best():
    choices = dataclasses.replace(PLAIN, epochs=8, learning_rate=0.05)
    never, patient = [], []
    trained(choices, after_epoch=never.append)
    model = fit(float_model(dropout=0.3), DATA, dataclasses.replace(choices, patience_epochs=8), 0,
                after_epoch=patient.append)  # fmt: skip
    assert [entry["training_loss"] for entry in never] == [entry["training_loss"] for entry in patient]
    lowest = min(entry["validation_loss"] for entry in never)
    assert evaluate(model, DATA.validation_features, DATA.validation_labels).loss == lowest


class Normed(nn.Module):
    """A small network with batch norm, whose buffers change with every step."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(49)
        self.dense = nn.Linear(49 * 40, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(self.norm(x).flatten(1))


def normed() -> Normed:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Normed()


def test_batch_norms_statistics_are_averaged_with_the_weights():
    model, seen, decay = normed(), [], 0.8
    choices = dataclasses.replace(PLAIN, epochs=4, average_decay=decay)
    result = fit(model, DATA, choices, 0, after_step=lambda _: seen.append(model.norm.running_mean.clone()))
    wanted = averaged(seen, decay)
    torch.testing.assert_close(result.norm.running_mean, wanted, rtol=1e-5, atol=1e-7)
    assert not torch.equal(wanted, seen[-1])
    assert evaluate(result, DATA.testing_features, DATA.testing_labels).accuracy > 0.8


def test_a_rate_far_too_high_is_told():
    with pytest.raises(ParamsError, match=r"no number any more after epoch \d+: `learning_rate` is 1e\+30.*lower it"):
        trained(dataclasses.replace(PLAIN, epochs=9, learning_rate=1e30))


def test_cuda_is_used_where_there_is_one_and_the_result_is_on_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    choices = dataclasses.replace(PLAIN, epochs=6, average_decay=0.9, device="cuda")
    model = fit(normed(), DATA, choices, 0)
    assert not next(model.parameters()).is_cuda
    assert evaluate(model, DATA.testing_features, DATA.testing_labels).accuracy > 0.8
