"""One clip of each class, seen in five ways: waveform, spectrum, spectrogram, mel spectrogram and MFCC.

In: int16 clips of one second; a person's own recordings get rows of their own below. Out: audio_*.png. For the eye
alone: what the model is fed comes from kws/features.py.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.fft import dct
from scipy.signal import periodogram, stft

from kws.captions import data_caption
from kws.errors import DataError
from kws.figures.style import BLUE, picture

SAMPLE_RATE_HZ = 16_000
FULL_SCALE = 32_768
FLOOR_DB = -120.0
WINDOW_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = 480, 320, 512
MEL_BANDS, MEL_LOW_HZ, MEL_HIGH_HZ = 40, 20.0, 7_600.0
COEFFICIENTS = 12
_COLOURED_PERCENTILES = (0.5, 99.7)  # a few extreme values would leave the others without contrast


Clips = Mapping[str, np.ndarray]


def audio_figures(
    folder: Path, clips: Clips, source: str, own: Clips | None = None, own_note: str = "", suffix: str = ".png"
) -> None:
    """Write the five pictures, one panel a class, and below one for each recording of the user's own.

    Args:
        folder: where audio_waveform.png and the others go.
        clips: class name -> (N,) int16 at 16 kHz, in the order in which they are to be shown.
        source: data.source, named under each picture.
        own: title -> (N,) int16 of the user's recordings.
        own_note: what stands about them under each picture.
        suffix: .png, .svg or .pdf.

    Raises:
        DataError: there is no clip, or one is not a row of int16 samples.
    """
    if not clips:
        raise DataError("no clip to draw: the corpus has no class. Check data.words in params.yaml.")
    own = own or {}
    for name, clip in [*clips.items(), *own.items()]:
        if clip.dtype != np.int16 or clip.ndim != 1 or clip.size < FFT_SAMPLES:
            raise DataError(f"the clip of {name} is {clip.dtype}{clip.shape}; at least {FFT_SAMPLES} int16 are due.")
    caption = data_caption(source) + (f"; {own_note}" if own_note else "")
    shown = _Shown(clips, own, caption)
    _lines(folder / f"audio_waveform{suffix}", "Waveform", shown, _waveform)
    _lines(folder / f"audio_spectrum{suffix}", "Power spectrum of the whole clip", shown, _spectrum)
    _images(folder / f"audio_spectrogram{suffix}", "Spectrogram", shown, _SPECTROGRAM)
    _images(folder / f"audio_mel_spectrogram{suffix}", "Mel spectrogram", shown, _MEL_SPECTROGRAM)
    _images(folder / f"audio_mfcc{suffix}", "MFCC", shown, _MFCC)


def power_db(clip: np.ndarray) -> np.ndarray:
    """Short-time power in dB of full scale: (N,) int16 -> (FFT bins, T) float64; windows of 30 ms every 20 ms."""
    _, _, spectrum = stft(
        clip / FULL_SCALE,
        SAMPLE_RATE_HZ,
        "hann",
        WINDOW_SAMPLES,
        WINDOW_SAMPLES - HOP_SAMPLES,
        FFT_SAMPLES,
        boundary=None,
        padded=False,
    )
    return _decibels(np.abs(spectrum) ** 2)


def mel_filters() -> np.ndarray:
    """(bands, FFT bins) triangles, equally wide in mel = 2595 log10(1 + f/700) (O'Shaughnessy 1987), peak 1."""
    edges_hz = _mel_edges_hz()
    bins_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, FFT_SAMPLES // 2 + 1)
    left, centre, right = (edges_hz[start : start + MEL_BANDS, None] for start in range(3))
    return np.maximum(0, np.minimum((bins_hz - left) / (centre - left), (right - bins_hz) / (right - centre)))


def _mel_edges_hz() -> np.ndarray:
    """(bands + 2,): a band reaches from its own edge to the next but one, and is centred between them."""
    low_mel, high_mel = (2595 * np.log10(1 + hz / 700) for hz in (MEL_LOW_HZ, MEL_HIGH_HZ))
    return 700 * (10 ** (np.linspace(low_mel, high_mel, MEL_BANDS + 2) / 2595) - 1)


def mel_db(clip: np.ndarray) -> np.ndarray:
    """Power in each mel band, in dB: (N,) int16 -> (bands, T) float64."""
    return _decibels(mel_filters() @ 10 ** (power_db(clip) / 10))


def mfcc(clip: np.ndarray) -> np.ndarray:
    """Mel-frequency cepstrum, the orthonormal DCT-II of `mel_db`: (N,) int16 -> (coefficients, T) float64.

    Coefficient 0, the loudness, is left out: it is so much larger that nothing else would show.
    """
    return dct(mel_db(clip), axis=0, norm="ortho")[1 : COEFFICIENTS + 1]


def _decibels(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))  # digital silence has no logarithm


class _Shown(NamedTuple):
    clips: Clips  # a class each
    own: Clips
    caption: str

    def all(self) -> list[np.ndarray]:
        return [*self.clips.values(), *self.own.values()]


@contextmanager
def _panels(path: Path, title: str, shown: _Shown) -> Iterator[tuple[Figure, list[Axes]]]:
    """A picture with one titled panel a clip, two in a row while there are few; own recordings begin a new row."""
    columns = min(len(shown.clips), 2 if len(shown.clips) <= 4 else 4)
    rows_of_classes = -(-len(shown.clips) // columns)
    rows = rows_of_classes + -(-len(shown.own) // columns)
    title = f"{title}, one clip of each class" + (" and your own" if shown.own else "")
    size_in = (4.2 * columns + 0.6, 2.3 * rows + 0.8)
    with picture(path, title, shown.caption, size_in, (rows, columns), sharey=True) as (figure, axes):
        own = columns * rows_of_classes
        used = [*axes[: len(shown.clips)], *axes[own : own + len(shown.own)]]
        for panel, name in zip(used, [*shown.clips, *shown.own], strict=True):
            panel.set_title(name)
        for panel in set(axes) - set(used):
            panel.set_visible(False)
        yield figure, used
        for panel in used:
            if not panel.get_subplotspec().is_first_col():
                panel.set_ylabel("")


def _lines(path: Path, title: str, shown: _Shown, draw: Callable) -> None:
    with _panels(path, title, shown) as (_, axes):
        for panel, clip in zip(axes, shown.all(), strict=True):
            draw(panel, clip / FULL_SCALE)


def _waveform(panel: Axes, clip: np.ndarray) -> None:
    panel.plot(np.arange(clip.size) / SAMPLE_RATE_HZ, clip, color=BLUE, linewidth=0.5)
    panel.set(xlabel="time (s)", ylabel="amplitude (of full scale)", xlim=(0, clip.size / SAMPLE_RATE_HZ))


def _spectrum(panel: Axes, clip: np.ndarray) -> None:
    frequency_hz, power = periodogram(clip, SAMPLE_RATE_HZ, "hann", scaling="spectrum")
    panel.plot(frequency_hz, _decibels(power), color=BLUE, linewidth=0.5)
    panel.set(xlabel="frequency (Hz)", ylabel="power (dB of full scale)", xlim=(0, SAMPLE_RATE_HZ / 2))
    panel.set_xticks(range(0, SAMPLE_RATE_HZ // 2 + 1, 2000))


class _Image(NamedTuple):
    transform: Callable[[np.ndarray], np.ndarray]  # (N,) int16 -> (rows, T)
    y_label: str
    y_range: tuple[float, float]
    colour_label: str
    y_ticks: Mapping[float, str] | None = None  # place -> label; None leaves them to matplotlib


_SPECTROGRAM = _Image(power_db, "frequency (Hz)", (0, SAMPLE_RATE_HZ / 2), "power (dB of full scale)")
_BAND_TICKS = {band: f"{_mel_edges_hz()[band + 1]:.0f}" for band in (0, 10, 20, 30, 39)}
_MEL_SPECTROGRAM = _Image(
    mel_db, "centre of mel band (Hz)", (-0.5, MEL_BANDS - 0.5), "power (dB of full scale)", _BAND_TICKS
)
_MFCC = _Image(mfcc, "coefficient", (0.5, COEFFICIENTS + 0.5), "value (dB)")


def _images(path: Path, title: str, shown: _Shown, kind: _Image) -> None:
    clips = shown.all()
    images = [kind.transform(clip) for clip in clips]
    low, high = np.percentile(np.concatenate([image.ravel() for image in images]), _COLOURED_PERCENTILES)
    with _panels(path, title, shown) as (figure, axes):
        for panel, image, clip in zip(axes, images, clips, strict=True):
            extent = (0, clip.size / SAMPLE_RATE_HZ, *kind.y_range)
            drawn = panel.imshow(
                image, cmap="cividis", vmin=low, vmax=high, origin="lower", aspect="auto", extent=extent
            )
            panel.set(xlabel="time (s)", ylabel=kind.y_label)
            if kind.y_ticks is not None:
                panel.set_yticks(list(kind.y_ticks), list(kind.y_ticks.values()))
            panel.grid(False)
        figure.colorbar(drawn, ax=axes, label=kind.colour_label, aspect=40, extend="both")
