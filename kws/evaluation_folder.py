"""Any model on any folder of clips: what `python -m kws evaluate` counts and prints.

In: a checkpoint or .tflite, and a folder in Speech Commands' layout. Out: accuracy and the recall of each class, with
95 % intervals, and the confusion matrix.

Of a split (training, validation, testing) the clips are those that preprocess takes: unknown words and silence in the
shares that params.yaml gives them, so that the figures are the stages' own. `all` is every recording. Words that
data.words does not name are unknown. Silence is what lies in `_silence_`; only where nothing does is it cut out of the
recordings in `_background_noise_`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kws.audio_noise import SPLITS
from kws.confusion import confusion_matrix, share_interval
from kws.corpus import Corpus, clips_of_split, read_noises
from kws.corpus_index import LIST_FILES, find_layout, scan
from kws.errors import DataError, ModelError
from kws.features import features
from kws.files import sha256
from kws.labels import SILENCE, class_names
from kws.params import Data, Params
from kws.sources import official_folder
from kws.sources_archive import ARCHIVE_SUFFIXES

_CHUNK_CLIPS = 512
_NAMED = 10  # of the clips that are left out


def evaluate_folder(model: Path, folder: Path, params: Params, split: str | None = None) -> dict:
    """Run a model over the clips of a folder.

    Args:
        model: .pt or .tflite with as many classes as data.words gives.
        folder: <word>/*.wav, or a .tar.gz of it.
        params: its words, ratios, seed and front end count.
        split: training, validation, testing or all; None is testing where the official lists are there, else all.

    Returns:
        JSON-ready figures; shares from 0 to 1, null where a class has no clip.

    Raises:
        DataError: no clip is there.
        ModelError, ArtifactError: the model cannot be read, or has another number of classes.
    """
    logits = _logits_of(model)
    corpus, split = clips_of_folder(folder, params.data, split)
    predicted = []
    for start in tqdm(range(0, len(corpus.clips), _CHUNK_CLIPS), desc="clips", unit_scale=_CHUNK_CLIPS, disable=None):
        values = logits(features(corpus.audio(corpus.clips[start : start + _CHUNK_CLIPS]), params.front_end))
        _check_classes(model, values.shape[1], corpus.classes)
        predicted.append(values.argmax(1))
    actual = np.array([clip.label for clip in corpus.clips])
    counts = confusion_matrix(actual, np.concatenate(predicted), len(corpus.classes))
    return {
        "model": str(model),
        "model_sha256": sha256(model.read_bytes()),
        "folder": str(folder),
        "split": split,
        "words": list(params.data.words),
        "front_end": params.front_end.kind,
        "left_out": dict(sorted(corpus.left_out.items())),
        **figures(counts, corpus.classes),
    }


def figures(counts: np.ndarray, classes: tuple[str, ...]) -> dict:
    """Confusion (K, K) -> clips, accuracy, recall of each class, with their 95 % intervals."""
    hits, clips = np.diag(counts), counts.sum(axis=1)
    return {
        "clips": int(clips.sum()),
        "accuracy": float(hits.sum() / clips.sum()),
        "accuracy_interval": share_interval(int(hits.sum()), int(clips.sum())),
        "classes": {
            name: {
                "clips": int(of_class),
                "recall": float(right / of_class) if of_class else None,
                "recall_interval": share_interval(int(right), int(of_class)),
            }
            for name, right, of_class in zip(classes, hits, clips, strict=True)
        },
        "confusion": counts.tolist(),
    }


def report_text(result: dict) -> str:
    """The figures as people read them."""
    classes = result["classes"]
    wide = max(map(len, [*classes, "class"]))
    low, high = result["accuracy_interval"]
    lines = [
        f"{result['model']} on {result['folder']}, split {result['split']}: {result['clips']:,} clips",
        f"taken to be trained for {', '.join(result['words'])} with front_end.kind {result['front_end']}, as the "
        "parameters say",
        f"accuracy {result['accuracy']:.2%}, 95% interval {low:.2%} to {high:.2%} (Wilson)",
        "",
        f"{'class':{wide}}  clips   recall  95% interval",
        *(_class_line(f"{name:{wide}}", entry) for name, entry in classes.items()),
        "",
        "Confusion: rows are the actual class, columns the predicted one.",
        " ".join([" " * wide, *(f"{name:>{max(5, len(name))}}" for name in classes)]),
        *(
            " ".join([f"{name:{wide}}", *(f"{n:>{max(5, len(of))}}" for of, n in zip(classes, row, strict=True))])
            for name, row in zip(classes, result["confusion"], strict=True)
        ),
    ]
    left_out = result["left_out"]
    if left_out:
        named = [f"  {name}: {reason}" for name, reason in list(left_out.items())[:_NAMED]]
        more = [f"  and {len(left_out) - _NAMED} more (--json names all)"] if len(left_out) > _NAMED else []
        lines += ["", f"Left out, {len(left_out)} unusable files:", *named, *more]
    return "\n".join(lines)


def _class_line(name: str, entry: dict) -> str:
    if entry["recall"] is None:
        return f"{name}  {0:5}  no clip"
    low, high = entry["recall_interval"]
    return f"{name}  {entry['clips']:5}  {entry['recall']:6.1%}  {low:.1%} to {high:.1%}"


def _logits_of(model: Path) -> Callable[[np.ndarray], np.ndarray]:
    """A function from features (B, T, F) int8 to logits (B, K)."""
    if model.suffix not in (".pt", ".tflite") or not model.is_file():
        what = "is neither a .pt nor a .tflite" if model.is_file() else "is not there"
        raise ModelError(f"{model} {what}: name a checkpoint, such as artifacts/train/float_0.pt, or a .tflite.")
    if model.suffix == ".tflite":
        from kws.tflite.interpreter import reference_logits

        content = model.read_bytes()
        return lambda clips: reference_logits(content, clips)
    from kws.checkpoints import read_checkpoint
    from kws.evaluation import logits

    loaded = read_checkpoint(model)
    return lambda clips: logits(loaded, clips)


def _check_classes(model: Path, outputs: int, classes: tuple[str, ...]) -> None:
    if outputs != len(classes):
        raise ModelError(
            f"{model} tells {outputs} classes apart, but data.words in params.yaml makes {len(classes)} "
            f"({', '.join(classes)}): give the parameters it was trained with (--params)."
        )


def clips_of_folder(folder: Path, data: Data, split: str | None) -> tuple[Corpus, str]:
    """The clips to judge by, and the split's name."""
    layout = _layout(folder, data)
    if split is None:
        split = "testing" if all((layout / name).is_file() for name in LIST_FILES.values()) else "all"
    recordings, left_out = scan(layout)
    noises = read_noises(layout, left_out)
    everything = split == "all"
    silence_there = everything and any(recording.word == SILENCE for recording in recordings)
    clips = [
        clip
        for one in (SPLITS if everything else (split,))
        for clip in clips_of_split(
            one,
            [recording for recording in recordings if recording.split == one],
            {} if silence_there else noises,
            data,
            everything,
        )
    ]
    if not clips:
        there = ", ".join(sorted({recording.word for recording in recordings})) or "none"
        unusable = (
            " Unusable files: {}, such as {} ({}).".format(len(left_out), *min(left_out.items())) if left_out else ""
        )
        raise DataError(
            f"{folder} has no clip in split {split} to judge by; words with usable clips: {there}.{unusable} Name "
            "another --split, or data.words that are there (--params)."
        )
    return Corpus(layout, "folder", class_names(data.words), tuple(clips), left_out, (), noises), split


def _layout(folder: Path, data: Data) -> Path:
    if folder.is_file() and folder.name.endswith(ARCHIVE_SUFFIXES):
        return official_folder(data.model_copy(update={"source": "speech_commands", "root": str(folder.resolve())}))
    layout = find_layout(folder) if folder.is_dir() else None
    if layout is None:
        what = "holds no <word>/*.wav, here or two folders down" if folder.is_dir() else "is no folder and no .tar.gz"
        raise DataError(f"{folder} {what}: name a folder in Speech Commands' layout.")
    return layout
