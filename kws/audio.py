"""WAV files in and out: any rate, width and channel count on disk, 16 kHz mono int16 in the program.

In: a path. Out: samples (n,) int16 at 16 kHz, a clip of exactly N = 16000, or the reason why a file cannot be used.
Run: `read_clip(path)` after `problem_of(path)` said None.
"""

import struct
from math import gcd
from pathlib import Path

import numpy as np
import scipy.io.wavfile
import scipy.signal
import soundfile

from kws.errors import DataError

SAMPLE_RATE_HZ = 16_000
CLIP_SAMPLES = 16_000  # N: one second
_UNKNOWN_LENGTH = 0x7FFF_F000  # programs that stream a WAV write such a size, not knowing the real one


def problem_of(path: Path) -> str | None:
    """Why this file cannot be used as audio, in a few words, or None.

    Opens the file and compares what the header promises with what is there: libsndfile itself reads a truncated file
    without a word. Samples are decoded only where the bytes could hide a NaN or a damaged code (anything but 16 bits).
    """
    try:
        reason = _broken_riff(path)
        if reason:
            return reason
        with soundfile.SoundFile(path) as file:
            if file.frames == 0:
                return "it holds no samples"
            if file.subtype == "PCM_16":
                return None
            return None if np.isfinite(file.read()).all() else "it holds samples that are not numbers"
    except (OSError, soundfile.SoundFileError) as error:
        return f"it cannot be read ({' '.join(str(error).split())})"


def read_audio(path: Path) -> np.ndarray:
    """The whole recording: (n,) int16, 16 kHz, channels averaged.

    Raises:
        DataError: the file cannot be decoded.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate_hz, channels = file.samplerate, file.channels
            if (rate_hz, channels, file.subtype) == (SAMPLE_RATE_HZ, 1, "PCM_16"):
                return file.read(dtype="int16")
            samples = file.read(dtype="float64", always_2d=True).mean(axis=1) * 32768
    except (OSError, soundfile.SoundFileError) as error:
        if not Path(path).exists():
            raise DataError(f"{path} is not there: name a recording that is.") from None
        raise DataError(f"{path} cannot be read as audio ({error}); remove it or replace it by a WAV file.") from None
    return to_int16(resample(samples, rate_hz))


def read_clip(path: Path) -> np.ndarray:
    """One second of a recording: (N,) int16, zeros at the end of a shorter one, the loudest second of a longer one."""
    return fit(loudest_second(read_audio(path)))


def fit(samples: np.ndarray) -> np.ndarray:
    """(n,) -> (N,) of the same dtype: zeros are added at the end, or the end is cut."""
    samples = samples[:CLIP_SAMPLES]
    return np.pad(samples, (0, CLIP_SAMPLES - len(samples)))


def loudest_second(samples: np.ndarray) -> np.ndarray:
    """(n,) -> the N samples with the most energy, as Speech Commands' own clips were cut (Warden 2018); a shorter
    recording as it is."""
    if len(samples) <= CLIP_SAMPLES:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    start = int(np.argmax(energy[CLIP_SAMPLES:] - energy[:-CLIP_SAMPLES]))
    return samples[start : start + CLIP_SAMPLES]


def resample(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """(n,) float at any rate -> (n',) float64 at 16 kHz, by SciPy's polyphase filter."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    divisor = gcd(rate_hz, SAMPLE_RATE_HZ)
    return scipy.signal.resample_poly(samples, SAMPLE_RATE_HZ // divisor, rate_hz // divisor)


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Float samples in units of int16 steps -> int16, rounded and saturated."""
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Write (n,) int16 as a 16 kHz mono WAV, the 44-byte header and nothing else."""
    scipy.io.wavfile.write(path, SAMPLE_RATE_HZ, np.ascontiguousarray(samples, dtype="<i2"))


def _broken_riff(path: Path) -> str | None:
    """What is wrong with the RIFF structure (Microsoft's 'WAVE' form), if anything."""
    size = path.stat().st_size
    if size == 0:
        return "the file is empty"
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return "it is not a WAV file"
        while len(chunk := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", chunk)
            here = file.tell()
            if name == b"data":
                return _truncated(length, size - here)
            file.seek(here + length + length % 2)  # chunks are padded to an even length
    return "it ends before its samples begin"


def _truncated(promised_bytes: int, there_bytes: int) -> str | None:
    if promised_bytes < _UNKNOWN_LENGTH and promised_bytes > there_bytes:
        return f"it is truncated: {promised_bytes} bytes of samples promised, {max(there_bytes, 0)} there"
    return None
