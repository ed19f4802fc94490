"""`preprocess`: a corpus in the official layout -> the dataset that training sees, and WAV files for the board."""

import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from kws.audio import write_wav
from kws.augmentation import augmented_features
from kws.clip_audio import ClipAudio
from kws.cores import cores
from kws.corpus import Clip, Corpus, load_corpus
from kws.dataset import Dataset
from kws.features import features
from kws.figures.audio import audio_figures
from kws.files import replaced_folder
from kws.params import FrontEnd, Params
from kws.recordings import own_clips

BOARD_CLIPS = 480  # most of the test split that is written for the board

_CHUNK_CLIPS = 256  # a unit of work; the result does not depend on it


def preprocess(params: Params, folder: Path | None = None) -> tuple[Corpus, Dataset, dict]:
    """Load the corpus, compute features on all cores, and count.

    Args:
        params: of which `data`, `front_end` and `augmentation` are used.
        folder: on the disk where the training features are to lie; memory holds none of the training split.

    Returns:
        The corpus, the dataset, and the metrics.
    """
    corpus = load_corpus(params.data)
    for note in corpus.notes:
        print(f"note: {note}", file=sys.stderr)
    clips = corpus.of("training")
    training = augmented_features(
        ClipAudio.of(corpus, clips),
        corpus.noises("training"),
        params.augmentation,
        params.front_end,
        cores(),
        folder,
    )
    dataset = Dataset(
        classes=corpus.classes,
        source=corpus.source,
        training_features=training,
        training_labels=np.array([clip.label for clip in clips], np.int64),
        **_evaluated(corpus, "validation", params),
        **_evaluated(corpus, "testing", params),
    )
    return corpus, dataset, _metrics(corpus)


def write_test_clips(folder: Path, corpus: Corpus) -> None:
    """Write test clips as <class>/<place>_<name>.wav, as many of each class, at most BOARD_CLIPS together."""
    with replaced_folder(folder) as temporary:
        for label, name in enumerate(corpus.classes):
            (temporary / name).mkdir()
            clips = [clip for clip in corpus.of("testing") if clip.label == label]
            for place, clip in enumerate(clips[: BOARD_CLIPS // len(corpus.classes)]):
                write_wav(temporary / name / f"{place:03d}_{_flat(clip)}.wav", corpus.read(clip))


def write_pictures(folder: Path, corpus: Corpus, recordings: Path) -> None:
    """Pictures of the first test clip of each class, and of a few of the user's own recordings, <word>/*.wav."""
    firsts = {corpus.classes[clip.label]: clip for clip in reversed(corpus.of("testing"))}
    clips = {name: corpus.read(firsts[name]) for name in corpus.classes}
    audio_figures(folder, clips, corpus.source, *own_clips(recordings))


def _evaluated(corpus: Corpus, split: str, params: Params) -> dict[str, np.ndarray]:
    clips = corpus.of(split)
    audio, starts = ClipAudio.of(corpus, clips), range(0, len(clips), _CHUNK_CLIPS)
    parts = (delayed(_features)(audio[start : start + _CHUNK_CLIPS], params.front_end) for start in starts)
    labels = np.array([clip.label for clip in clips], np.int64)
    found = np.concatenate(Parallel(n_jobs=min(cores(), len(starts)))(parts))
    return {f"{split}_features": found, f"{split}_labels": labels}


def _features(audio: ClipAudio, front_end: FrontEnd) -> np.ndarray:
    return features(np.asarray(audio), front_end)


def _metrics(corpus: Corpus) -> dict:
    counts = corpus.counts()
    return {
        "source": corpus.source,
        "clips": {split: sum(by_class.values()) for split, by_class in counts.items()},
        "speakers": corpus.speakers(),
        "classes": list(corpus.classes),
        "clips_by_class": counts,
        "clips_left_out": len(corpus.left_out),
        "notes": list(corpus.notes),
    }


def _flat(clip: Clip) -> str:
    """A clip's name as one file name."""
    return clip.name.removesuffix(".wav").replace("/", "_").replace(" ", "_")
