"""Preprocessing at the size of the full Speech Commands: time, rate and memory, of a folder made up out of a small one.

    python tools/preprocess_scaling.py [--corpus ../shared/data] [--clips 105829] [--only all:2 train:2]

The folder has the official layout: as many clips of each word, the corpus' own over and over (hard links) under
speakers of their own, so that the split goes by the hash of the speaker. The stages run on it as DVC runs them, with
params.yaml but for the words. Each run of preprocess starts from an empty store. Writes results/preprocess_scaling.json
after each run. Needs Linux, 10 GB of disk and up to an hour. Memory is the sum over the stage's processes of PSS, where
a page that several share counts once (proc(5), smaps_rollup), sampled.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from kws import yaml_files
from kws.corpus_index import NOISE_FOLDER, find_layout, wav_files, word_folders
from kws.errors import DataError, KwsError
from kws.files import write_json
from kws.latency import cpu_name
from kws.scratch import merged
from kws.sources_archive import extract

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "results" / "preprocess_scaling.json"
OFFICIAL_CLIPS = 105_829
_SPEAKERS = 2618  # of the official dataset
_SAMPLED_S = 1.0  # looking takes as long as a good part of a worker's work
_RUNS = ("all:2", "train:2", "default:2", "default:1")
_TRAIN = {"seeds": 2, "epochs": 1}
_NO_PRUNING = {"structured_amounts": [0.0], "unstructured_amounts": [0.0]}  # so many words' pruned models fit no board


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the folder, run, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=ROOT / ".." / "shared" / "data", help="layout, or its .tar.gz")
    parser.add_argument("--clips", type=int, default=OFFICIAL_CLIPS)
    parser.add_argument("--only", nargs="+", default=_RUNS, help="all, default or train, and :WORKERS")
    options = parser.parse_args(arguments)
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="preprocess_scaling.") as place:
        corpus = fill(opened(options.corpus, Path(place) / "small"), Path(place) / "corpus", options.clips)
        for run in options.only:
            words, _, workers = run.partition(":")
            row = trained(Path(place), int(workers)) if words == "train" else preprocessed(corpus, words, int(workers))
            write_json(RESULT, kept(RESULT, row))
            print(json.dumps(row), flush=True)


def opened(corpus: Path, folder: Path) -> Path:
    """The small corpus' layout under `folder`. Raises DataError where there is none."""
    archive = next(iter(sorted(corpus.glob("*speech_commands*.tar.gz"))), corpus) if corpus.is_dir() else corpus
    folder.mkdir()
    if archive.is_file():
        extract(archive, folder)
    elif archive.is_dir():
        shutil.copytree(archive, folder, dirs_exist_ok=True)
    layout = find_layout(folder)
    if layout is None:
        raise DataError(f"--corpus {corpus}: no <word>/*.wav there; name a folder or .tar.gz of Speech Commands.")
    return layout


def fill(small: Path, folder: Path, clips: int) -> Path:
    """A layout of exactly so many clips of speech, as many of each word, on the same disk as `small`."""
    words = word_folders(small)
    for place, word in enumerate(words):
        (folder / word.name).mkdir(parents=True)
        recorded = wav_files(word)
        for number in range(clips // len(words) + (place < clips % len(words))):
            os.link(recorded[number % len(recorded)], folder / word.name / name_of(number))
    (folder / NOISE_FOLDER).mkdir()
    for noise in wav_files(small / NOISE_FOLDER):
        os.link(noise, folder / NOISE_FOLDER / noise.name)
    return folder


def name_of(number: int) -> str:
    """The file of a word's clip with that number: as many speakers as the official dataset has, then their takes."""
    take, speaker = divmod(number, _SPEAKERS)
    return f"{hashlib.sha1(str(speaker).encode()).hexdigest()[:8]}_nohash_{take}.wav"


def preprocessed(corpus: Path, words: str, workers: int) -> dict:
    """The stage on the folder, from an empty store."""
    place = corpus.parent
    shutil.rmtree(place / "store", ignore_errors=True)
    data = {"source": "folder", "root": str(corpus)}
    if words == "all":
        data["words"] = [folder.name for folder in word_folders(corpus)]
    changes = {"data": data, "train": _TRAIN, "prune_sweep": _NO_PRUNING}
    params = merged(yaml_files.load((ROOT / "params.yaml").read_text()), changes)
    (place / "params.yaml").write_text(yaml_files.dump(params))
    measured = staged(
        place, workers, "preprocess", "--features features.npz --test-clips test --recordings recordings "
        "--metrics preprocess.json --plots plots",
    )  # fmt: skip
    counts = json.loads((place / "preprocess.json").read_text())["clips"]
    copies = 1 + params["augmentation"]["copies"]
    return {
        "stage": "preprocess",
        "words": len(params["data"]["words"]),
        "clips_in_folder": _clips_in(corpus),
        "clips": sum(counts.values()),
        "copies": copies,
        "features": copies * counts["training"] + counts["validation"] + counts["testing"],
        "features_bytes": (place / "features.npz").stat().st_size,
        **measured,
    }


def trained(place: Path, workers: int) -> dict:
    """An epoch of the stage `train` on what the last run of preprocess left, as many models as workers."""
    measured = staged(
        place, workers, "train", "--features features.npz --models models --metrics train.json "
        "--estimate estimate.csv --history history.csv --figure training.png",
    )  # fmt: skip
    words = len(yaml_files.load((place / "params.yaml").read_text())["data"]["words"])
    size = {"clips_in_folder": _clips_in(place / "corpus"), "features_bytes": (place / "features.npz").stat().st_size}
    return {"stage": "train", "words": words, **size, **_TRAIN, **measured}


def _clips_in(corpus: Path) -> int:
    return sum(len(wav_files(folder)) for folder in word_folders(corpus))


def staged(place: Path, workers: int, stage: str, options: str) -> dict:
    """Run a stage's script and watch it. Raises KwsError where it fails."""
    environment = os.environ | {
        "KWS_JOBS": str(workers), "KWS_STORE": str(place / "store"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    start, cpu_s, load = time.perf_counter(), _children_s(), os.getloadavg()[0]
    with subprocess.Popen(
        [sys.executable, "-m", f"stages.{stage}", *options.split()], cwd=place, env=environment
    ) as process:
        peaks: dict[str, int] = {}
        while process.poll() is None:
            for name, value in memory_of(tree(process.pid)).items():
                peaks[f"peak_{name}"] = max(peaks.get(f"peak_{name}", 0), value)
            time.sleep(_SAMPLED_S)
    if process.returncode:
        raise KwsError(f"the stage {stage} failed with status {process.returncode}; its message stands above.")
    seconds = time.perf_counter() - start
    return {
        "workers": workers,
        "seconds": round(seconds, 1),
        "cpu_s": round(_children_s() - cpu_s, 1),
        "load_before": round(load, 2),
        **peaks,
        "cores": os.cpu_count(),
        "cpu": cpu_name(),
    }


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it ended meanwhile
    return found


def memory_of(pids: list[int]) -> dict[str, int]:
    """Bytes over the processes: all, and those that no file gives back, so that the system cannot take them."""
    sums = {"bytes": 0, "anonymous_bytes": 0}
    for pid in pids:
        try:
            fields = rollup(Path(f"/proc/{pid}/smaps_rollup").read_text())
        except OSError:
            continue  # it ended meanwhile
        sums["bytes"] += fields.get("Pss", 0)
        sums["anonymous_bytes"] += fields.get("Pss_Anon", 0) + fields.get("Pss_Shmem", 0)
    return sums


def rollup(text: str) -> dict[str, int]:
    """smaps_rollup -> bytes by name."""
    lines = (line.split() for line in text.splitlines())
    return {fields[0].rstrip(":"): 1024 * int(fields[1]) for fields in lines if fields[-1] == "kB"}


def kept(path: Path, row: dict) -> dict:
    """The result with this row in the place of an earlier one of the same stage, words, clips and workers."""
    rows = json.loads(path.read_text())["runs"] if path.exists() else []
    key = ("stage", "words", "clips_in_folder", "workers")
    rows = [one for one in rows if [one[name] for name in key] != [row[name] for name in key]]
    return {
        "runs": sorted(
            [*rows, row], key=lambda one: (one["stage"], -one["words"], -one["clips_in_folder"], one["workers"])
        )
    }


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
