"""The voices of espeak-ng, and words spoken by them.

In: texts and how to say them. Out: samples (n,) float64 at 16 kHz, peak 1, silence around the word trimmed.
A voice is a variant (timbre, 104 of them) with an accent (8 kinds of English): 832 voices. Variants of one family
("robosoft1" to "robosoft8") are one speaker here, and so are all accents of a variant.
Run: `speak([Utterance("yes", "en-us+f2")])`.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import espeakng_loader
import numpy as np

from kws.audio import resample
from kws.errors import DataError

ACCENTS = (
    "en-us",
    "en",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
    "en-us-nyc",
)
_DISTINCT = re.compile(r"[fm]\d")  # f1, f2, .. are voices of their own, the other numbers count takes on one voice
_JOB_TIMEOUT_S = 300


@dataclass(frozen=True)
class Utterance:
    """One word to be said: what espeak-ng is told."""

    text: str
    voice: str  # accent+variant
    rate_wpm: int = 175
    pitch: int = 50  # 0 to 99, 50 is the voice's own
    pitch_range: int = 50  # 0 is monotone
    seed: int = 1  # of the voice's own breath and flutter


def variants() -> list[str]:
    """Names of the timbres that come with espeak-ng, sorted; they do not depend on the machine's locale."""
    return sorted(path.name for path in (Path(espeakng_loader.get_data_path()) / "voices" / "!v").iterdir())


def family(variant: str) -> str:
    """The variant that this one is a take on: robosoft3 -> robosoft, anikaRobot -> anika, Mike -> mike."""
    if _DISTINCT.fullmatch(variant):
        return variant
    return re.sub(r"(\d+|(?<=a)Robot)$", "", variant).lower()


def speaker_of(variant: str) -> str:
    """Eight hex digits that stand for a family of variants, as Speech Commands' speakers are named."""
    return hashlib.sha1(family(variant).encode()).hexdigest()[:8]


def speak(utterances: list[Utterance]) -> list[np.ndarray]:
    """Words in the order given, each (n,) float64 at 16 kHz with peak 1, n > 0; the list as a whole fixes the bytes.

    Raises:
        DataError: espeak-ng cannot be started, or says nothing for a text.
    """
    result = _run({"speak": [asdict(one) for one in utterances]})
    words = []
    for one, encoded in zip(utterances, result["spoken"], strict=True):
        samples = _trimmed(np.frombuffer(base64.b64decode(encoded), "<i2").astype(np.float64))
        if not len(samples):
            raise DataError(
                f"data.words or its neighbours: espeak-ng says nothing for {one.text!r} (voice {one.voice}); "
                "spell the word as English letters in params.yaml, or record it and use data.source folder."
            )
        words.append(resample(samples / np.abs(samples).max(), result["rate_hz"]))
    return words


def phonemes(texts: list[str], voice: str = "en-us") -> list[str]:
    """How each text is pronounced, in espeak-ng's own phoneme letters, without the marks of stress."""
    spoken = _run({"phonemes": {"voice": voice, "texts": texts}})["phonemes"]
    return [re.sub("[',]", "", one) for one in spoken]


def _run(job: dict) -> dict:
    program = [sys.executable, "-P", str(Path(__file__).with_name("synthetic_espeak.py"))]  # -P: kws/ is no import path
    done = subprocess.run(
        program, input=json.dumps(job), capture_output=True, text=True, timeout=_JOB_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise DataError(
            f"Synthetic speech cannot be made: espeak-ng failed ({last}). Install the locked packages again "
            "(delete .venv, then make), or set data.source to speech_commands or folder in params.yaml."
        )
    return json.loads(done.stdout)


def _trimmed(samples: np.ndarray) -> np.ndarray:
    """Without the silence before and after: everything under a hundredth of the peak."""
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max(initial=0))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]
