"""How a sweep scales: qat_sweep of one seed on one process, on two, on a Dask cluster of two workers, and a width more.

    python tools/sweep_scaling.py [--features artifacts/features.npz] [--models artifacts/train]

Each run starts from an empty store and must give the same tables. Writes results/sweep_scaling.json; seconds are wall
time of the whole sweep, so run nothing else meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws.errors import KwsError
from kws.files import write_json
from kws.params import load_params
from kws.sweeps import ptq, qat
from kws.sweeps.float_training import read_float_models

ROOT = Path(__file__).resolve().parent.parent
_WORKERS = 2
_MORE = 7  # the width that is added


def measure(features: Path, models: Path) -> dict:
    """Seconds of each run. Raises KwsError where two runs differ in a table."""
    params = load_params(ROOT / "params.yaml")
    float_models = dict(list(read_float_models(models).items())[:1])

    def swept(choices=params) -> tuple[float, tuple]:
        start = time.perf_counter()
        rows, _ = qat.run(features, float_models, choices)
        return round(time.perf_counter() - start, 1), ptq.tables(rows)

    seconds, tables = {}, {}
    for name, environment in (("one_process_s", {"KWS_JOBS": "1"}), ("two_processes_s", {"KWS_JOBS": "2"})):
        with _environment(environment):
            seconds[name], tables[name] = swept()
    with _environment({}), _cluster() as address, _environment({"KWS_DASK": address}):
        seconds["dask_two_workers_s"], tables["dask_two_workers_s"] = swept()
    with _environment({"KWS_JOBS": "2"}):
        without = tuple(bits for bits in params.qat_sweep.weight_bits if bits != _MORE)
        section = params.qat_sweep.model_copy(update={"weight_bits": without})
        seconds["all_but_one_width_s"], _ = swept(params.model_copy(update={"qat_sweep": section}))
        seconds["that_width_added_s"], tables["that_width_added_s"] = swept()
    if any(table != tables["one_process_s"] for table in tables.values()):
        raise KwsError("runs of the same sweep differ in their tables: " + ", ".join(tables))
    models_trained = sum(map(len, tables["one_process_s"]))
    return {"sweep": "qat_sweep", "seeds": 1, "models": models_trained, "cores": os.cpu_count(), **seconds}


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """These variables, and an empty store."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as store:
        os.environ.update({"KWS_STORE": store, **changes})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def _cluster() -> Iterator[str]:
    """The address of a scheduler with workers of one thread each, as Dask's own commands start them."""
    from distributed import Client

    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "scheduler.json"
        common = ["--no-dashboard", "--scheduler-file", str(told)]
        workers = ["--nworkers", str(_WORKERS), "--nthreads", "1", "--local-directory", folder]
        with (
            _running("scheduler", "--host", "127.0.0.1", "--port", "0", *common),
            _running("worker", *workers, *common),
        ):
            while not told.exists():
                time.sleep(0.1)
            address = json.loads(told.read_text())["address"]
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(_WORKERS, timeout=60)
            yield address


@contextmanager
def _running(*arguments: str) -> Iterator[None]:
    command = [sys.executable, "-m", "dask", *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **quiet) as process:
        try:
            yield
        finally:
            process.terminate()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", type=Path, default=ROOT / "artifacts" / "features.npz")
    parser.add_argument("--models", type=Path, default=ROOT / "artifacts" / "train")
    options = parser.parse_args()
    result = measure(options.features, options.models)
    write_json(ROOT / "results" / "sweep_scaling.json", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
