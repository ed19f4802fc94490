"""A recording for listeners: noise bursts whose colour and level change each quarter of a second."""

import numpy as np

SECONDS = 6


def recording_samples() -> np.ndarray:
    """(SECONDS * 16000,) int16, the same each time."""
    rng = np.random.default_rng(4)
    samples = rng.standard_normal(SECONDS * 16_000)
    for start in range(0, len(samples), 4000):
        tone = np.sin(np.arange(4000) * rng.uniform(0.02, 1.5)) * rng.uniform(0, 5)
        samples[start : start + 4000] = (samples[start : start + 4000] + tone) * rng.uniform(0.05, 1)
    return (samples * 2000).clip(-32768, 32767).astype(np.int16)
