"""The quoted figures: the file that is there is whole, and a damaged one is refused by its keys."""

import json

import pytest

from kws.bench.networks import bench_models
from kws.bench.peers import read_peers
from kws.errors import ArtifactError
from tests.conftest import REPOSITORY

FILE = REPOSITORY / "references" / "mcu_peers.json"


def test_the_file_speaks_of_models_of_the_bench():
    peers = read_peers(FILE)
    names = {model.name for model in bench_models()}
    assert {row.model for row in (*peers.emulated.rows, *peers.silicon.rows)} <= names
    assert all(row.compiler for row in peers.emulated.rows)


def test_what_is_wrong_is_named(tmp_path):
    path = tmp_path / "peers.json"
    with pytest.raises(ArtifactError, match="is missing"):
        read_peers(path)
    path.write_text("{")
    with pytest.raises(ArtifactError, match="is not JSON"):
        read_peers(path)
    content = json.loads(FILE.read_text())
    del content["silicon"]["rows"][0]["compiler"]
    path.write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match=r"silicon.*compiler"):
        read_peers(path)
