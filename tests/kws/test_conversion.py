"""`convert`: candidates as .tflite, metrics with the promised keys, and a store that spares TensorFlow."""

import json
import sys

import numpy as np
import pytest

from kws.candidate_table import COLUMNS
from kws.checkpoints import read_checkpoint
from kws.conversion_manifest import read_candidates, write_candidates
from kws.errors import ArtifactError, ModelError
from kws.evaluation import accuracy, logits
from kws.files import replaced_folder, sha256
from kws.integer_model import IntegerModel
from kws.sweeps.points_of_models import figures, keep, right_on_test
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests import support_conversion
from tests.support_learning import dataset

KEYS = """bits tflite_bytes tflite_sha256 operators test_accuracy agreement_with_simulation agreement_with_torch
cpu_int8_latency_us flash_bytes_estimate ram_bytes_estimate""".split()  # noqa: SIM905


@pytest.fixture(scope="module", params=support_conversion.WIDTHS)
def result(request, converted):
    """Bits, files, candidates, metrics: everything from the store, in a process without TensorFlow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_STORE", str(converted / "store"))
        patch.setitem(sys.modules, "tensorflow", None)  # an import of it would fail
        patch.delitem(sys.modules, "kws.tflite.export", raising=False)
        return request.param, *support_conversion.convert(converted, request.param)


def test_the_deployed_model_comes_first_and_has_the_width(result):
    bits, files, candidates, *_ = result
    assert list(files) == ["deployed", "structured_500_fine_tuned", "structured_500", "unstructured_900_fine_tuned"]
    assert [candidate.name for candidate in candidates] == list(files)
    assert [candidate.bits for candidate in candidates] == [bits, 8, 8, 8]
    assert [candidate.method for candidate in candidates] == ["qat", "structured", "structured", "unstructured"]
    assert all(candidate.tflite_sha256 == sha256(files[candidate.name]) for candidate in candidates)


def test_metrics_have_the_promised_keys(result):
    bits, files, _, metrics, _ = result
    assert set(metrics) == {"deployed", "models"} and len(metrics["models"]) == 3
    for entry in (metrics["deployed"], *metrics["models"]):
        assert set(KEYS) <= set(entry)
        assert entry["operators"] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
        assert entry["tflite_bytes"] == len(files[entry["name"]]) and entry["cpu_int8_latency_us"] > 0
    assert metrics["deployed"]["bits"] == bits
    json.dumps(metrics, allow_nan=False)


def test_accuracy_is_of_the_file_and_agreement_of_both(result, converted):
    bits, files, _, metrics, _ = result
    features, labels = dataset().testing_features, dataset().testing_labels
    stored = reference_logits(files["deployed"], features)
    model = read_checkpoint(converted / "qat" / f"w{bits}a8_seed0.pt")
    assert metrics["deployed"]["test_accuracy"] == accuracy(stored, labels)
    agreement = (stored.argmax(1) == logits(model, features).argmax(1)).mean()
    assert metrics["deployed"]["agreement_with_torch"] == agreement > 0.9


def test_the_output_scale_is_the_files(result):
    _, files, candidates, *_ = result
    for candidate in candidates:
        assert candidate.output_scale == read_graph(files[candidate.name]).outputs[0].quantization.scales[0]


def test_pruned_models_do_not_depend_on_bits(converted, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(converted / "store"))
    wide, narrow = (support_conversion.convert(converted, bits)[0] for bits in (8, 2))
    assert wide["deployed"] != narrow["deployed"]
    assert {name: wide[name] for name in wide if name != "deployed"} == {
        name: narrow[name] for name in narrow if name != "deployed"
    }


def test_a_manifest_carries_them_all(result, tmp_path):
    _, files, candidates, *_ = result
    with replaced_folder(tmp_path / "candidates") as folder:
        write_candidates(folder, files, candidates)
    assert read_candidates(tmp_path / "candidates") == [(one, files[one.name]) for one in candidates]


def test_every_candidate_has_a_row_and_one_is_deployed(result):
    bits, _, _, metrics, rows = result
    assert all(set(row) == set(COLUMNS) for row in rows)
    names = [f"{method}_w{width}a8" for method in ("qat", "ptq") for width in support_conversion.WIDTHS]
    names += [f"{one}{tuned}" for one in ("structured_500", "unstructured_900") for tuned in ("", "_fine_tuned")]
    assert [row["candidate"] for row in rows] == names
    assert [row["candidate"] for row in rows if row["deployed"]] == [f"qat_w{bits}a8"]
    assert metrics["deployed"]["candidate"] == f"qat_w{bits}a8"


def test_a_sparse_model_keeps_its_zeros_and_takes_fewer_bytes(result):
    *_, metrics, rows = result
    sparse = next(entry for entry in metrics["models"] if entry["name"] == "unstructured_900_fine_tuned")
    assert sparse["parameters"] == 16_652 and sparse["nonzero_parameters"] <= 16_652 - round(0.9 * 16_640)
    dense = next(row for row in rows if row["candidate"] == "ptq_w8a8")
    assert sparse["weight_bytes"] < 0.18 * dense["weight_bytes"] and dense["weight_bytes"] == 16_640
    assert sparse["flash_bytes_estimate"] < dense["flash_bytes_estimate"] - 12_000


def test_a_candidate_can_be_named(converted, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(converted / "store"))
    files, candidates, metrics, rows = support_conversion.convert(converted, 8, candidate="structured_500")
    assert files["deployed"] == files["structured_500"] and candidates[0].amount == 0.5
    assert metrics["deployed"]["macs"] == 168_000
    assert [row["candidate"] for row in rows if row["deployed"]] == ["structured_500"]
    with pytest.raises(ArtifactError, match=r"`convert.candidate` is 'best', .* qat_w8a8, "):
        support_conversion.convert(converted, 8, candidate="best")


def test_a_width_that_was_not_swept_is_refused(converted, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(converted / "store"))
    with pytest.raises(ArtifactError, match=r"`bits` is 5"):
        support_conversion.convert(converted, 5)


def test_the_file_has_the_accuracy_that_the_sweep_measures(result, converted, tmp_path):
    """Clip by clip: qat_sweep's test_accuracy and convert's are of the same bytes."""
    bits, files, _, metrics, _ = result
    keep(tmp_path, read_checkpoint(converted / "qat" / f"w{bits}a8_seed0.pt"), dataset(), (bits, 8))
    stored = reference_logits(files["deployed"], dataset().testing_features)
    assert len(np.unique(stored)) > 20  # not all alike
    np.testing.assert_array_equal(right_on_test(tmp_path), stored.argmax(1) == dataset().testing_labels)
    assert figures(tmp_path)["test_accuracy"] == metrics["deployed"]["test_accuracy"]
    assert all(entry["agreement_with_simulation"] == 1.0 for entry in (metrics["deployed"], *metrics["models"]))


def test_a_file_that_was_not_the_one_measured_is_refused(converted, monkeypatch):
    """One logit of one clip is enough."""

    def one_off(model, features):
        logits = exact(model, features)
        logits[7, 1] ^= 1
        return logits

    exact = IntegerModel.logits
    monkeypatch.setenv("KWS_STORE", str(converted / "store"))
    monkeypatch.setattr(IntegerModel, "logits", one_off)
    with pytest.raises(ModelError, match=r"deployed: .* differ on 1 of 48 clips"):
        support_conversion.convert(converted, support_conversion.WIDTHS[0])
