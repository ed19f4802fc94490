"""What the board's post-processing must give, computed on the host: int8 logits -> probabilities and a label.

The same integers as firmware/src/postprocess.c, so that the two can be compared for equality.
"""

import numpy as np

from kws.fixed_point import softmax_table

ONE = 32768  # a probability of 1, unsigned Q15


def postprocess(logits: np.ndarray, output_scale: float) -> tuple[np.ndarray, int]:
    """Softmax in integers and the label of one clip.

    Args:
        logits: (K,) int8.
        output_scale: the model's scale of its logits, real per unit.

    Returns:
        probabilities (K,) uint16 in 1/32768, rounded to the nearest, and the first index of the largest logit.

    Raises:
        ValueError: logits of another shape or type.
    """
    if logits.ndim != 1 or logits.size == 0 or logits.dtype != np.int8:
        raise ValueError(f"logits must be (K,) int8, not {logits.shape} {logits.dtype}")
    wide = logits.astype(np.int64)
    weights = np.array(softmax_table(output_scale), dtype=np.int64)[wide.max() - wide]
    total = weights.sum()
    return ((weights * ONE + total // 2) // total).astype(np.uint16), int(np.argmax(wide))
