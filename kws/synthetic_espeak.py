"""The program that calls espeak-ng: a process of its own for each job, because the library carries history along.

In (stdin): JSON, either {"speak": [{"text", "voice", "rate_wpm", "pitch", "pitch_range", "seed"}, ..]} or
{"phonemes": {"voice", "texts": [..]}}. Out (stdout): JSON; speech is base64 of little-endian int16 at `rate_hz`, empty
where nothing came out. espeak's oscillators and filters keep their state from word to word, even past espeak_Terminate,
so the same job gives the same bytes only in a fresh process, with the library's and the C library's random numbers
seeded. The standard library and espeakng_loader are all it imports: it starts in 20 ms.
Run: by kws.synthetic_voice.
"""

import base64
import ctypes
import json
import sys
import tempfile
from pathlib import Path

import espeakng_loader

_SYNCHRONOUS, _DONT_EXIT, _UTF8 = 2, 0x8000, 1  # espeak-ng/speak_lib.h
_RATE, _PITCH, _RANGE = 1, 3, 4
_LONGEST_PATH = 120  # the library keeps its data path in 160 characters and cuts off the rest
_LONGEST_S, _FASTEST_WPM = 0.9, 450
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The library, loaded and initialised once."""

    def __init__(self, data: str):
        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.pieces: list[bytes] = []
        self._callback = _CALLBACK(self._collect)  # kept: the library holds only the bare address
        self.rate_hz = self.library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DONT_EXIT)
        if self.rate_hz <= 0:
            raise SystemExit(f"espeak-ng does not start with its data in {data}")
        self.library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self.pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    def set_voice(self, name: str) -> None:
        if self.library.espeak_SetVoiceByName(name.encode()) != 0:
            raise SystemExit(f"espeak-ng has no voice {name!r}")

    def speak(self, job: dict) -> bytes:
        """One word; spoken again, faster, where it does not fit into a second."""
        self.set_voice(job["voice"])
        rate_wpm, samples = job["rate_wpm"], b""
        for _ in range(4):
            samples = self._speak_once(job, rate_wpm)
            duration_s = len(samples) / 2 / self.rate_hz
            if duration_s <= _LONGEST_S or rate_wpm >= _FASTEST_WPM:
                break
            rate_wpm = min(int(rate_wpm * duration_s / _LONGEST_S) + 10, _FASTEST_WPM)
        return samples

    def _speak_once(self, job: dict, rate_wpm: int) -> bytes:
        self.pieces.clear()
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(job["seed"]))
        ctypes.CDLL(None).srand(job["seed"])  # the Klatt voices' noise comes from the C library
        for parameter, value in ((_RATE, rate_wpm), (_PITCH, job["pitch"]), (_RANGE, job["pitch_range"])):
            self.library.espeak_SetParameter(parameter, value, 0)
        text = job["text"].encode() + b"\0"
        self.library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, _UTF8, None, None)
        self.library.espeak_Synchronize()
        return b"".join(self.pieces)

    def phonemes(self, text: str) -> str:
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        rest, parts = ctypes.c_char_p(text.encode()), []
        while rest.value:
            parts.append((self.library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, 0) or b"").decode())
        return "".join(parts)


def main() -> None:
    job = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(espeakng_loader.get_data_path())
        if len(str(data)) > _LONGEST_PATH:
            data = Path(folder) / "espeak-ng-data"
            data.symlink_to(espeakng_loader.get_data_path())
        espeak = Espeak(str(data))
        if "speak" in job:
            spoken = [base64.b64encode(espeak.speak(one)).decode() for one in job["speak"]]
            result: dict = {"rate_hz": espeak.rate_hz, "spoken": spoken}
        else:
            espeak.set_voice(job["phonemes"]["voice"])
            result = {"phonemes": [espeak.phonemes(text) for text in job["phonemes"]["texts"]]}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
