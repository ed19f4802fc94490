"""The front end: byte for byte the firmware's, and close to float64 and to torchaudio by a stated bound."""

import ctypes
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from kws import features, features_torch, normalization
from kws.audio_compat import torchaudio
from kws.board.build import build_host_library
from kws.logarithm import polynomial
from kws.params import FrontEnd
from tests.support_learning import PARAMS


def front_end(kind: str, **others: float) -> FrontEnd:
    """The default front end, or one that differs."""
    return FrontEnd(**{**PARAMS["front_end"], "kind": kind, **others})


FRONT_END = front_end("log_mel")
FRONT_ENDS = {
    "pcen": front_end("pcen"),
    "log_mel": FRONT_END,
    "mfcc": front_end("mfcc"),
    "full band": front_end("log_mel", low_hz=0.0, high_hz=8000.0, log_floor=1e-4),
    "pcen at its ends": front_end("pcen", pcen_alpha=1.0, pcen_epsilon=1.0, pcen_delta=0.01),
    "pcen at its other ends": front_end("pcen", pcen_alpha=0.01, pcen_epsilon=1e-8, pcen_delta=100.0),
}
SAMPLES = features.CLIP_SAMPLES
ROUNDING = 0.55  # of 1/256 octave: half a unit by rounding, the rest is the logarithm's polynomial
WINDOW_NOISE = 4e-9  # of the loudest band's energy: what the window's 16 bits leave in bands far below it
FAST = """#define KWS_FRONT_END_CORTEX_M4 1
#define front_end_power front_end_power_cortex_m4
#define front_end_spectrum front_end_spectrum_cortex_m4
#include "../src/front_end_transform_cortex_m4.c"
"""


def clips() -> dict[str, np.ndarray]:
    """Names and samples (N,) int16."""
    rng, place = np.random.default_rng(1), np.arange(SAMPLES)
    envelope = np.interp(place / SAMPLES, [0, 0.2, 0.3, 0.6, 0.8, 1], [5, 5, 3000, 9000, 50, 5])
    return {
        "silence": np.zeros(SAMPLES, np.int16),
        "one sample": (place == 8000).astype(np.int16),
        "full-scale noise": rng.integers(-32768, 32768, SAMPLES).astype(np.int16),
        "square wave": np.where(place % 40 < 20, 32767, -32768).astype(np.int16),
        "fastest square wave": np.where(place % 2, 32767, -32768).astype(np.int16),
        "all -32768": np.full(SAMPLES, -32768, np.int16),
        "loud tone": (32767 * np.sin(2 * np.pi * 1000 * place / 16000)).astype(np.int16),
        "like speech": (rng.normal(0, 1, SAMPLES) * envelope).round().clip(-32768, 32767).astype(np.int16),
    }


CLIPS = clips()


@pytest.fixture(scope="module", params=FRONT_ENDS)
def front_end_and_c(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("front_end")
    (folder / "fast.c").write_text(FAST)
    chosen = FRONT_ENDS[request.param]
    library = ctypes.CDLL(str(build_host_library(folder / "build", front_end=chosen, extra=[folder / "fast.c"])))
    library.front_end_window.restype = ctypes.POINTER(ctypes.c_int8 * 1960)
    return chosen, library


class Stream:
    """The firmware's stream of one library, which begins with these samples."""

    def __init__(self, library: ctypes.CDLL, samples: np.ndarray):
        self._library, self._state = library, np.full(1021, -1, np.int32)  # whatever lies there before
        self.start(samples)

    def start(self, samples: np.ndarray) -> None:
        self._library.front_end_start(pointer(self._state), pointer(np.ascontiguousarray(samples)))

    def push(self, samples: np.ndarray) -> None:
        self._library.front_end_push(pointer(self._state), pointer(np.ascontiguousarray(samples)))

    def window(self) -> np.ndarray:
        """Features (T, F) int8."""
        return np.array(self._library.front_end_window(pointer(self._state)).contents, np.int8).reshape(49, 40)

    def state(self) -> np.ndarray:
        """A copy of what it carries: values, sums, next."""
        return self._state.copy()

    def summed_anew(self) -> np.ndarray:
        """The state with sums that are computed from the ring."""
        state = self.state()
        state[980:1020] = 0
        self._library.front_end_sum(pointer(state))
        return state


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def frame_values(audio: np.ndarray, chosen: FrontEnd) -> np.ndarray:
    """What the board has of each frame: (B, N) int16 -> (B, T, F) int16."""
    return normalization.frame_values(features.log_mel(audio, chosen), chosen)


def long_signal() -> np.ndarray:
    """Four seconds (N,) int16: made-up clips behind each other, silence to full scale."""
    return np.concatenate([CLIPS[name] for name in ("like speech", "silence", "full-scale noise", "loud tone")])


@pytest.mark.parametrize("name", CLIPS)
def test_the_firmware_computes_the_same_bytes(name, front_end_and_c):
    front_end, library = front_end_and_c
    wanted = frame_values(CLIPS[name][None], front_end)[0]
    for frame in range(49):
        values = np.empty(40, np.int16)
        samples = np.ascontiguousarray(CLIPS[name][320 * frame : 320 * frame + 480])
        library.front_end_frame(pointer(samples), pointer(values))
        np.testing.assert_array_equal(values, wanted[frame])
    wanted = features.features(CLIPS[name][None], front_end)[0]
    np.testing.assert_array_equal(Stream(library, CLIPS[name]).window(), wanted)


@pytest.mark.parametrize("name", CLIPS)
def test_the_cortex_m4s_transform_is_the_readable_one(name, front_end_and_c):
    _, library = front_end_and_c
    for frame in range(49):
        samples = np.ascontiguousarray(CLIPS[name][320 * frame : 320 * frame + 480])
        readable, fast = np.zeros((2, 256), np.float32)
        library.front_end_power(pointer(samples), pointer(readable))
        library.front_end_power_cortex_m4(pointer(samples), pointer(fast))
        np.testing.assert_array_equal(readable.view(np.int32), fast.view(np.int32))


def test_every_window_of_a_stream_on_the_board_is_that_clip(front_end_and_c):
    """Long enough for the ring of frames to go around three times."""
    front_end, library = front_end_and_c
    signal = long_signal()
    stream = Stream(library, signal)
    for stride in range(150):
        if stride:
            stream.push(signal[320 * (48 + stride) :][:480])
        clip = signal[320 * stride :][:SAMPLES]
        np.testing.assert_array_equal(stream.window(), features.features(clip[None], front_end)[0])
        np.testing.assert_array_equal(stream.window(), stream.window())  # it is asked as often as one likes


def test_sums_are_exact_however_long_a_stream_runs(front_end_and_c):
    """Each 20 ms another of silence, the loudest and what lies between: 3,000 frames."""
    front_end, library = front_end_and_c
    rng = np.random.default_rng(8)
    loudness = rng.choice([0, 1, 100, 32768], 3048 + 2)
    signal = (rng.choice([-1, 1], len(loudness) * 320) * loudness.repeat(320)).clip(-32768, 32767).astype(np.int16)
    stream = Stream(library, signal)
    for frame in range(49, 3048):
        stream.push(signal[320 * frame :][:480])
        if frame % 50 == 0:
            np.testing.assert_array_equal(stream.state(), stream.summed_anew())
    clip = signal[320 * (3048 - 49) :][:SAMPLES]
    np.testing.assert_array_equal(stream.window(), features.features(clip[None], front_end)[0])


def test_a_start_forgets_what_was_before(front_end_and_c):
    front_end, library = front_end_and_c
    stream = Stream(library, CLIPS["full-scale noise"])
    stream.push(CLIPS["loud tone"][:480])
    stream.start(CLIPS["like speech"])
    wanted = features.features(CLIPS["like speech"][None], front_end)[0]
    np.testing.assert_array_equal(stream.window(), wanted)


@pytest.mark.parametrize("kind", ["pcen", "log_mel", "mfcc"])
@pytest.mark.parametrize("strides", [1, 5])
def test_streamed_features_are_those_of_the_clips(kind, strides):
    chosen, signal = front_end(kind), long_signal()
    found = features.streamed_features(signal, chosen, strides)
    starts = range(0, len(signal) - 15840 + 1, 320 * strides)
    assert len(found) == len(starts)
    cut = [np.resize(signal[start : start + SAMPLES], SAMPLES) for start in starts]  # no frame reaches the last 160
    np.testing.assert_array_equal(found, features.features(np.stack(cut), chosen))


def test_a_long_stream_takes_little_more_memory_than_its_features():
    signal = np.tile(CLIPS["like speech"], 60)
    features.streamed_features(signal[:SAMPLES], FRONT_ENDS["pcen"])  # tables are made once
    tracemalloc.start()
    try:
        found = features.streamed_features(signal, FRONT_ENDS["pcen"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 2951 and peak < found.nbytes + 16e6  # int64 of all windows would be 46 MB


@pytest.mark.parametrize("name", CLIPS)
def test_close_to_float64(name):
    """Where the energy passes the floor, half a unit of rounding and little else."""
    frames = np.lib.stride_tricks.sliding_window_view(CLIPS[name].astype(np.float64), 480)[::320]
    window = np.sin(np.pi * (np.arange(480) + 0.5) / 480) ** 2
    power = 4 * np.abs(np.fft.rfft(frames * window, 512)) ** 2
    energies = power @ features.mel_filters(FRONT_END.low_hz, FRONT_END.high_hz).T
    floored = energies + FRONT_END.log_floor * normalization.POWER_SCALE
    wanted, noise = 256 * np.log2(floored), WINDOW_NOISE * energies.max(1, keepdims=True)
    found = features.log_mel(CLIPS[name][None], FRONT_END)[0]
    assert (np.abs(found - wanted) < ROUNDING + 256 * np.log2(1 + noise / floored)).all()
    rounded = np.floor(wanted + 0.5).astype(np.int16)
    difference = normalization.normalize(found[None], FRONT_END).astype(int)
    difference -= normalization.normalize(rounded[None], FRONT_END)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("name", CLIPS)
def test_close_to_torchaudio(name):
    spectrogram = torchaudio().transforms.MelSpectrogram(
        16000, n_fft=512, win_length=480, hop_length=320, f_min=FRONT_END.low_hz, f_max=FRONT_END.high_hz, n_mels=40,
        center=False, norm=None, mel_scale="htk", window_fn=features_torch.hann,
    )  # fmt: skip
    audio = torch.from_numpy(CLIPS[name].astype(np.float32) / 32768)
    energies = spectrogram(torch.nn.functional.pad(audio, (16, 16))).numpy().T  # torch centres 480 samples in 512
    wanted = 256 * np.log2((energies + FRONT_END.log_floor) * features.POWER_SCALE)
    assert np.abs(features.log_mel(CLIPS[name][None], FRONT_END)[0] - wanted).max() < 1


@pytest.mark.parametrize("edges_hz", [(60.0, 7600.0), (100.0, 4000.0), (300.0, 8000.0)])
def test_filters_are_torchaudios(edges_hz):
    fbanks = torchaudio().functional.melscale_fbanks
    wanted = fbanks(257, *edges_hz, 40, 16000, norm=None, mel_scale="htk").numpy().T
    wanted[:, [0, 256]] = 0
    empty = wanted.sum(1) == 0
    found = features.mel_filters(*edges_hz)
    np.testing.assert_allclose(found[~empty], wanted[~empty], atol=1e-5)
    assert ((found > 0).sum(1) > 0).all() and found.max() <= 1


def test_a_band_too_narrow_for_a_bin_gets_the_nearest():
    filters = features.mel_filters(0.0, 1000.0)
    assert ((filters > 0).sum(1) >= 1).all()
    assert (filters[:, [0, 256]] == 0).all()


@pytest.mark.parametrize(
    "audio", [np.zeros((1, SAMPLES), np.float32), np.zeros(SAMPLES, np.int16), np.zeros((1, SAMPLES - 1), np.int16)]
)
def test_other_audio_is_refused(audio):
    with pytest.raises(ValueError, match=r"int16 \(B, 16000\) is needed"):
        features.features(audio, FRONT_END)


def test_a_clip_does_not_depend_on_its_neighbours():
    together = features.features(np.stack([*CLIPS.values(), *CLIPS.values()]), FRONT_END)
    for place, clip in enumerate(CLIPS.values()):
        np.testing.assert_array_equal(together[place], features.features(clip[None], FRONT_END)[0])
        np.testing.assert_array_equal(together[place + len(CLIPS)], together[place])


@pytest.mark.parametrize("kind", ["pcen", "log_mel", "mfcc"])
def test_a_sound_that_does_not_change_has_no_features(kind):
    assert not features.features(np.zeros((1, SAMPLES), np.int16), front_end(kind)).any()
    steady = np.tile(CLIPS["full-scale noise"][:320] // 2, 50)[None]
    assert not features.features(steady, front_end(kind)).any()


def test_the_power_of_a_frame_is_bounded_as_the_firmware_relies_on():
    """2^24 and 7 fractional bits: a root stays below 2^31 (kws/normalization.py)."""
    loudest = max(features.log_mel(clip[None], FRONT_ENDS["pcen"]).max() for clip in CLIPS.values())
    window = features.tables(FRONT_END).window.astype(np.float64) / 2**15
    parseval = 256 * np.square(window * 2 * 32768).sum()  # no bin, and no sum of weighted bins, is larger
    assert loudest / 256 <= np.log2(parseval) < 48


def test_constants_are_rounded_once():
    table = features.tables(FRONT_END)
    assert table.log_floor == np.float32(1e-2 * 2**62)
    assert sorted(table.order) == list(range(256))
    assert table.window.dtype == np.int16 and polynomial().dtype == np.int32
    assert {table.segments.slope.dtype, table.segments.last.dtype} == {np.dtype(np.float32)}


@pytest.mark.parametrize("edges_hz", [(60.0, 7600.0), (0.0, 8000.0), (0.0, 1000.0), (300.0, 4000.0)])
def test_segments_sum_as_the_filters_do(edges_hz):
    """One bin at a time: each band gets its filter's weight, out of sums without weights."""
    chosen = front_end("log_mel", low_hz=edges_hz[0], high_hz=edges_hz[1])
    found = features._mel_energies(np.eye(257, dtype=np.float32)[:, 1:256], features.tables(chosen).segments)
    np.testing.assert_allclose(found, features.mel_filters(*edges_hz)[:, 1:256], atol=2e-6)


def test_the_header_of_the_firmware_has_the_same_sizes():
    text = (Path(features.__file__).parents[1] / "firmware" / "src" / "front_end.h").read_text()
    for name in ("SAMPLE_RATE_HZ", "CLIP_SAMPLES", "WINDOW_SAMPLES", "STRIDE_SAMPLES", "FRAMES", "BANDS"):
        assert f"KWS_{name} = {getattr(features, name)}" in text
