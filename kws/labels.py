"""The order of the classes: its only copy. Everything else, C included, is told by it."""

SILENCE = "_silence_"
UNKNOWN = "_unknown_"


def class_names(words: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the K classes in the order of the model's outputs: silence, unknown, then the words as given."""
    return (SILENCE, UNKNOWN, *words)
