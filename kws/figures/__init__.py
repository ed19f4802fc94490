"""Tables -> pictures. Measures nothing.

In: rows as `kws.tables.read_table` gives them, and clips as int16. Out: PNG files, the same bytes for the same input.
Every picture carries the data's name, and those of the board say whether the cycles were modelled or measured.
"""

from kws.figures.audio import audio_figures
from kws.figures.board import mcu_phases, structured_pruning_mcu
from kws.figures.devices import Device, devices
from kws.figures.sweeps import accuracy_vs_bits, structured_pruning, unstructured_pruning
from kws.figures.training import confusion, training_figure

__all__ = [
    "Device",
    "accuracy_vs_bits",
    "audio_figures",
    "confusion",
    "devices",
    "mcu_phases",
    "structured_pruning",
    "structured_pruning_mcu",
    "training_figure",
    "unstructured_pruning",
]
