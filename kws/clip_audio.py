"""Audio of many clips that stays on disk: an array (B, N) int16 that is read when NumPy makes one of it.

In: a corpus and a choice of its clips. Out: what can be measured by `len`, cut by a slice or a list of places, sent to
another process, and read there: `np.asarray(audio[:256])`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kws.corpus import Clip, Corpus


@dataclass(frozen=True, eq=False)
class ClipAudio:
    """Clips in their order; no sample is held."""

    corpus: Corpus  # of these clips alone

    @classmethod
    def of(cls, corpus: Corpus, clips: Sequence[Clip]) -> "ClipAudio":
        """The audio of some of a corpus' clips."""
        return cls(replace(corpus, clips=tuple(clips), left_out={}, notes=()))

    def __len__(self) -> int:
        return len(self.corpus.clips)

    def __getitem__(self, places: slice | Sequence[int]) -> "ClipAudio":
        clips = self.corpus.clips
        return self.of(self.corpus, clips[places] if isinstance(places, slice) else [clips[i] for i in places])

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """(B, N) int16, read now."""
        return self.corpus.audio(self.corpus.clips).astype(dtype or np.int16, copy=False)
