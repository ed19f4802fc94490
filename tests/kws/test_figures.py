"""Pictures: all are written, in the same bytes each time, say what data they are of, and show what the rows hold."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from kws import figures
from kws.captions import model_caption
from kws.errors import ArtifactError, DataError
from kws.figures import audio, style
from kws.figures.pareto import front, pareto
from kws.figures.training import confusion_counts
from kws.timing import Latency

CLASSES = ("_silence_", "_unknown_", "yes", "no")
AMOUNTS = (0.0, 0.5, 0.875)


def clips():
    noise = np.random.default_rng(0).normal(0, 500, 16_000).astype(np.int16)
    return {"_silence_": np.zeros(16_000, np.int16), "_unknown_": noise, "yes": noise // 2, "no": noise // 4}


def sweep(method, loss):
    return [
        {"method": method, "weight_bits": k, "activation_bits": a, "seed": seed, "test_accuracy": 0.9 - loss / k}
        for k in (2, 4, 8)
        for a in sorted({k, 8})
        for seed in (0, 1)
    ]


def minifloats(method):
    formats = {"e2m0": 3, "e2m1": 4, "e2m3": 6, "e3m2": 6}
    return [
        {
            "method": method,
            "weight_format": name,
            "weight_bits": k,
            "activation_bits": 8,
            "seed": seed,
            "test_accuracy": 0.8,
        }
        for name, k in formats.items()
        for seed in (0, 1)
    ]


def pruning(method):
    return [
        {
            "method": method, "amount": amount, "fine_tuned": tuned, "seed": seed,
            "parameters": int(1000 * (1 - amount)),
            "flops": int(9000 * (1 - amount)), "cpu_latency_us": 150 - 50 * amount + seed,
            "test_accuracy": 0.9 - amount * (0.1 if tuned else 0.5) + seed / 100,
        }
        for amount in AMOUNTS
        for tuned in (False, True)
        for seed in (0, 1)
    ]  # fmt: skip


def board_rows():
    return [
        {
            "amount": amount, "fine_tuned": amount > 0, "tflite_sha256": "ab", "test_accuracy": 0.9 - amount / 10,
            "flops": 9000 * (1 - amount), "cpu_latency_us": 150, "cpu_int8_latency_us": None,
            "mcu_inference_ms": 2 + 40 * (1 - amount),
        }
        for amount in AMOUNTS
    ]  # fmt: skip


def phase_rows():
    names = ("preprocess", "preprocess_stride", "preprocess_window", "inference", "postprocess")
    times = dict(zip(names, (45.0, 1.1, 0.7, 38.0, 0.05), strict=True))
    return [
        {"model": model, "phase": phase, "min_ms": ms * 0.9, "mean_ms": ms, "max_ms": ms * 1.1}
        for model in ("deployed", "structured_0.5")
        for phase, ms in times.items()
    ]


def bounded_rows():
    factors = {"lower_ms": 0.8, "wait_states_ms": 1.2, "upper_ms": 1.5}
    return [row | {key: row["mean_ms"] * factor for key, factor in factors.items()} for row in phase_rows()]


def candidate_rows():
    costs = [("ptq", 50, 38.0, 0.95), ("qat", 40, 38.0, 0.94), ("structured", 45, 20.0, 0.92), ("ptq", 52, 38.0, 0.93)]
    return [
        {
            "method": method, "fine_tuned": method != "ptq", "flash_bytes_estimate": 1000 * flash,
            "mcu_inference_ms": ms, "test_accuracy": accuracy, "deployed": accuracy == 0.94,
        }
        for method, flash, ms, accuracy in costs
    ]  # fmt: skip


EPOCHS = [
    {"epoch": epoch, "split": split, "loss": 1 / epoch, "accuracy": 1 - 0.5 / epoch}
    for epoch in (1, 2, 3)
    for split in ("training", "validation")
]
CONFUSED = [{"actual": "yes", "predicted": "no"}, *({"actual": name, "predicted": name} for name in CLASSES * 3)]
BOARD = figures.Device("emulator, int8", Latency(38_000.0, 37_000.0, 39_000.0))
OTHERS = [
    figures.Device("host CPU, float", Latency(177.0, 150.0, 300.0)),
    figures.Device("a GPU of another machine", Latency(38.0, 30.0, 40.0), reference=True),
    figures.Device("GPU", None),
]

DRAWN = {
    "training": lambda path: figures.training_figure(path, EPOCHS, "synthetic"),
    "accuracy_vs_bits": lambda path: figures.accuracy_vs_bits(
        path, {"PTQ": [*sweep("ptq", 1), *minifloats("ptq")], "QAT": sweep("qat", 0.2)}, [0.91, 0.92], "synthetic"
    ),
    "unstructured_pruning": lambda path: figures.unstructured_pruning(path, pruning("unstructured"), "synthetic"),
    **{
        f"structured_pruning_{x}": lambda path, x=x: figures.structured_pruning(
            path, pruning("structured"), x, "synthetic"
        )
        for x in ("parameters", "flops", "cpu_latency_us")
    },
    "structured_pruning_mcu": lambda path: figures.structured_pruning_mcu(path, board_rows(), "synthetic", "modelled"),
    "pareto": lambda path: pareto(path, candidate_rows(), "synthetic", "modelled"),
    "mcu_phases": lambda path: figures.mcu_phases(path, phase_rows(), "synthetic", "measured"),
    "mcu_phases_bounded": lambda path: figures.mcu_phases(path, bounded_rows(), "synthetic", "modelled"),
    "devices": lambda path: figures.devices(path, BOARD, OTHERS, "synthetic", "modelled"),
    "confusion": lambda path: figures.confusion(path, CONFUSED, CLASSES, "synthetic"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_written_twice_in_the_same_bytes(tmp_path, name):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    DRAWN[name](first)
    DRAWN[name](second)
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as image:
        assert image.width > 400 and image.height > 150
        assert "Software" not in image.info and len(image.convert("RGB").getcolors(1 << 20)) > 20


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_a_paper_gets_the_same_bytes_each_time_without_a_date(tmp_path, suffix):
    written = []
    for name in ("a", "b"):
        DRAWN["confusion"](tmp_path / f"{name}{suffix}")
        written.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert written[0] == written[1] and len(written[0]) > 5_000
    assert not re.search(rb"CreationDate|<dc:date>|Matplotlib v", written[0])


def test_an_svg_draws_what_the_png_does(tmp_path):
    DRAWN["training"](tmp_path / "training.svg")
    root = ElementTree.parse(tmp_path / "training.svg").getroot()
    strokes = " ".join(one.get("style", "") for one in root.iter("{http://www.w3.org/2000/svg}path")).lower()
    assert style.BLUE.lower() in strokes and style.ORANGE.lower() in strokes
    assert not list(root.iter("{http://www.w3.org/2000/svg}text"))  # letters are outlines: no font is needed


def test_the_front_is_what_nothing_beats():
    rows = candidate_rows()
    assert [row["test_accuracy"] for row in front(rows, "flash_bytes_estimate")] == [0.94, 0.95]
    assert [row["test_accuracy"] for row in front(rows, "mcu_inference_ms")] == [0.92, 0.95]


def test_audio_figures(tmp_path):
    audio.audio_figures(tmp_path, clips(), "synthetic")
    names = {path.name for path in tmp_path.iterdir()}
    kinds = ("waveform", "spectrum", "spectrogram", "mel_spectrogram", "mfcc")
    assert names == {f"audio_{kind}.png" for kind in kinds}


def test_audio_of_one_class_and_of_seven(tmp_path):
    noise = clips()["_unknown_"]
    written = []
    for number in (1, 7):
        audio.audio_figures(tmp_path, {f"word {index}": noise for index in range(number)}, "folder")
        written.append({path.name: path.read_bytes() for path in tmp_path.glob("*.png")})
    assert written[0].keys() == written[1].keys() and len(written[0]) == 5
    assert all(written[0][name] != written[1][name] for name in written[0])


def test_own_recordings_have_rows_of_their_own(tmp_path, monkeypatch):
    seen = []
    set_title = audio.Axes.set_title
    monkeypatch.setattr(audio.Axes, "set_title", lambda self, text: seen.append((self, text)) or set_title(self, text))
    own = {f"yours: lamp, {number}": clips()["_unknown_"] for number in range(3)}
    audio.audio_figures(tmp_path, {**clips(), "up": clips()["yes"]}, "folder", own, "3 of your 9 recordings")
    rows = {name: axes.get_subplotspec().rowspan.start for axes, name in seen}
    assert [rows[name] for name in (*clips(), "up", *own)] == [0, 0, 0, 0, 1, 2, 2, 2]
    assert len(seen) == 5 * 8 and all(axes.get_xlabel() and axes.get_visible() for axes, _ in seen)


def test_a_tone_shows_at_its_frequency():
    tone = (8192 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)).astype(np.int16)
    power_db = audio.power_db(tone)  # (257, T)
    assert power_db.shape == (257, 49)
    assert power_db.mean(axis=1).argmax() == 1000 * audio.FFT_SAMPLES // 16_000
    centres_hz = (np.linspace(0, 8000, 257) * audio.mel_filters()).sum(axis=1) / audio.mel_filters().sum(axis=1)
    assert abs(centres_hz[audio.mel_db(tone).mean(axis=1).argmax()] - 1000) < 60
    assert audio.mfcc(tone).shape == (12, 49)


def test_bad_clips_are_refused(tmp_path):
    for bad in (
        {},
        {"yes": np.zeros(16_000)},
        {"yes": np.zeros((2, 16_000), np.int16)},
        {"yes": np.zeros(9, np.int16)},
    ):
        with pytest.raises(DataError):
            audio.audio_figures(tmp_path, bad, "synthetic")
    assert list(tmp_path.iterdir()) == []


def test_counts_of_the_confusion_matrix():
    counts = confusion_counts(CONFUSED, CLASSES)
    assert counts.tolist() == [[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 1], [0, 0, 0, 3]]
    with pytest.raises(ArtifactError, match="'maybe'"):
        confusion_counts([{"actual": "maybe", "predicted": "yes"}], CLASSES)


def test_lines_hold_the_mean_and_the_deviation_over_seeds(tmp_path, monkeypatch):
    seen = {}

    def keep(axes, xs, ys, yerr, xerr, *_, label, **__):
        seen.setdefault(label, (xs.tolist(), ys.tolist(), yerr.tolist()))

    monkeypatch.setattr("matplotlib.axes.Axes.errorbar", keep)
    monkeypatch.setattr("matplotlib.axes.Axes.legend", lambda *_: None)
    figures.structured_pruning(tmp_path / "a.png", pruning("structured"), "parameters", "synthetic")
    xs, ys, std = seen["pruned"]
    assert xs == [1000, 500, 125]  # in the order of what is removed
    assert np.allclose(ys, [0.905, 0.905 - 0.25, 0.905 - 0.875 / 2])
    assert np.allclose(std, 0.005 * 2**0.5)


def test_every_picture_names_its_data_and_cycles(tmp_path, monkeypatch):
    captions = []
    supxlabel = style.Figure.supxlabel
    monkeypatch.setattr(
        style.Figure, "supxlabel", lambda self, text, **kw: captions.append(text) or supxlabel(self, text)
    )
    for name, draw in DRAWN.items():
        draw(tmp_path / f"{name}.png")
    audio.audio_figures(tmp_path, clips(), "synthetic")
    assert len(captions) == len(DRAWN) + 5
    assert all("synthetic speech" in caption for caption in captions)
    assert sum("modelled cycles" in caption for caption in captions) == 4


def test_nothing_to_draw_is_refused(tmp_path):
    path = tmp_path / "a.png"
    refused = (
        lambda: figures.training_figure(path, [], "synthetic"),
        lambda: figures.training_figure(path, EPOCHS, "youtube"),
        lambda: figures.structured_pruning(path, pruning("unstructured"), "flops", "synthetic"),
        lambda: figures.mcu_phases(path, phase_rows(), "synthetic", "guessed"),
        lambda: figures.devices(path, OTHERS[-1], OTHERS, "synthetic", "modelled"),
        lambda: figures.devices(path, figures.Device("a", Latency(0.0, 0.0, 0.0)), OTHERS, "synthetic", "modelled"),
        lambda: figures.confusion(path, [], CLASSES, "synthetic"),
    )
    for draw in refused:
        with pytest.raises(ArtifactError, match="dvc repro"):
            draw()
    assert list(tmp_path.iterdir()) == []


def test_devices_name_the_slowdown_and_what_was_not_measured(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(Axes, "annotate", lambda axes, text, *_, **__: seen.append(text))
    monkeypatch.setattr(Axes, "text", lambda axes, x, y, text, **__: seen.append(text))
    hatched = []
    really = Axes.barh
    monkeypatch.setattr(Axes, "barh", lambda *a, **k: hatched.append("hatch" in k) or really(*a, **k))
    figures.devices(tmp_path / "devices.png", BOARD, OTHERS, "synthetic", "modelled")
    assert seen[0] == "38 ms" and seen[1] == "177 µs; the microcontroller takes 215 times as long"
    assert seen[2] == "38 µs; the microcontroller takes 1,000 times as long"
    assert seen[3] == "not measured" and hatched == [False, False, True]


@pytest.mark.parametrize(
    "name, caption",
    [
        ("deployed", "deployed"),
        ("structured_125", "12.5% of filters removed"),
        ("structured_500_fine_tuned", "50% of filters removed, fine-tuned"),
    ],
)
def test_models_on_the_board_in_words(name, caption):
    assert model_caption(name) == caption
