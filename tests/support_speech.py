"""Small made-up corpora in the official layout, and the parameters that go with them."""

from pathlib import Path

import numpy as np

from kws.audio import write_wav
from kws.params import Data

LISTED = {"training": 20, "validation": 4, "testing": 4}  # clips a word


def params(**changes) -> Data:
    plain = {"source": "speech_commands", "root": None, "words": ("yes", "no"), "seed": 0, "synthetic_clips": 200}
    return Data(**{**plain, "unknown_ratio": 2.0, "silence_ratio": 1.0, **changes})


def fill(folder: Path, words=("yes", "no", "up", "down", "left"), noise: bool = True) -> Path:
    """A small folder in the official layout: a clip for each speaker, list files, one noise of 20 seconds."""
    rng, lists = np.random.default_rng(0), {split: [] for split in LISTED}
    for word in words:
        (folder / word).mkdir(parents=True)
        for split, count in LISTED.items():
            for number in range(count):
                name = f"{word}/{split[:2]}{number:02d}_nohash_0.wav"
                write_wav(folder / name, rng.integers(-99, 99, 16000).astype(np.int16))
                lists[split].append(name)
    for split in ("validation", "testing"):
        (folder / f"{split}_list.txt").write_text("\n".join(lists[split]))
    if noise:
        (folder / "_background_noise_").mkdir()
        write_wav(folder / "_background_noise_" / "fan.wav", rng.integers(-999, 999, 320_000).astype(np.int16))
    return folder
