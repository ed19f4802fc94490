"""A GPU's dated reference: written and read back, refused where damaged, never of another model, never made up."""

import json

import pytest
import torch

from kws import latency
from kws.__main__ import main
from kws.errors import ArtifactError
from kws.gpu_reference import GpuReference, reference_for, write_reference
from kws.timing import Latency

ARCHITECTURE = {"name": "tiny_conv", "filters": 8, "classes": 4}
REFERENCE = GpuReference(
    schema_version=1, taken_on="2026-01-02", device="A Card", torch="2.0", cuda="12.0", command="python -m kws ..",
    architecture=ARCHITECTURE, latency_us=30.0, latency_us_p10=29.5, latency_us_p90=31.0,
)  # fmt: skip


def test_what_is_written_is_read_back(tmp_path):
    assert write_reference(tmp_path, REFERENCE) == tmp_path / "gpu_tiny_conv.json"
    assert reference_for(tmp_path, ARCHITECTURE) == REFERENCE
    assert REFERENCE.latency == Latency(30.0, 29.5, 31.0)


def test_no_file_and_another_size_give_none(tmp_path):
    assert reference_for(tmp_path, ARCHITECTURE) is None
    write_reference(tmp_path, REFERENCE)
    assert reference_for(tmp_path, ARCHITECTURE | {"filters": 9}) is None


@pytest.mark.parametrize(
    "change, message",
    [
        ({"latency_us": 0}, "`latency_us` is 0"),
        ({"latency_us": "30"}, "`latency_us` is '30'"),
        ({"taken_on": "yesterday"}, "`taken_on` is 'yesterday'"),
        ({"schema_version": 2}, "`schema_version` is 2"),
        ({"device": ""}, "`device` is ''"),
        ({"more": 1}, "`more` is not a key"),
    ],
)
def test_a_damaged_file_is_told_with_key_and_value(tmp_path, change, message):
    path = write_reference(tmp_path, REFERENCE)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArtifactError, match=f"gpu_tiny_conv.json: {message}.*gpu-benchmark"):
        reference_for(tmp_path, ARCHITECTURE)


def test_what_is_no_json_is_told(tmp_path):
    (tmp_path / "gpu_tiny_conv.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"gpu_tiny_conv.json is not JSON .* or remove it"):
        reference_for(tmp_path, ARCHITECTURE)


def test_the_command_writes_nothing_without_a_gpu(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["gpu-benchmark", "--out", str(tmp_path)]) == 1
    assert "no CUDA device" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_the_command_keeps_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(latency, "gpu_latency", lambda model: Latency(30.0, 29.5, 31.0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A Card")
    monkeypatch.setattr(torch.version, "cuda", "12.0")
    assert main(["gpu-benchmark", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.iterdir()
    found = reference_for(tmp_path, json.loads(path.read_text())["architecture"])
    assert found.device == "A Card" and found.latency_us == 30.0 and found.torch == torch.__version__
