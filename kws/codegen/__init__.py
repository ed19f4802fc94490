"""From .tflite to C for the board: `generate` is the front door."""

from kws.codegen.generate import Generated, LayerCost, generate

__all__ = ["Generated", "LayerCost", "generate"]
