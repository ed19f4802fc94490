"""One run of every sweep on made-up features: a dataset, two float models of two epochs, and a store."""

from types import SimpleNamespace

import pytest

from kws.files import replaced_folder
from kws.sweeps import float_training, prune, ptq, qat
from tests.support_learning import dataset_file, params


@pytest.fixture(scope="session")
def swept(tmp_path_factory) -> SimpleNamespace:
    """Points, rows and checkpoints of train, ptq, qat and prune."""
    folder = tmp_path_factory.mktemp("sweeps")
    features, choices = dataset_file(folder), params()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_STORE", str(folder / "store"))
        patch.setenv("KWS_JOBS", "1")
        points = float_training.run(features, choices)
        with replaced_folder(folder / "train") as models:
            float_training.write_models(models, points)
        float_models = float_training.read_float_models(folder / "train")
        ptq_rows, ptq_checkpoints = ptq.run(features, float_models, choices)
        qat_rows, qat_checkpoints = qat.run(features, float_models, choices)
        prune_rows, prune_checkpoints = prune.run(features, float_models, choices)
        return SimpleNamespace(
            folder=folder, features=features, params=choices, points=points, float_models=float_models,
            ptq_rows=ptq_rows, ptq_checkpoints=ptq_checkpoints, qat_rows=qat_rows, qat_checkpoints=qat_checkpoints,
            prune_rows=prune_rows, prune_checkpoints=prune_checkpoints,
        )  # fmt: skip
