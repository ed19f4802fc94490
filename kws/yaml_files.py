"""YAML as DVC reads and writes it: version 1.2, in which yes, no, on and off are words and not booleans.

DVC rewrites params.yaml for every `dvc exp run -S`, and drops quotes that version 1.2 does not need.
"""

import io

from ruamel.yaml import YAML, YAMLError

__all__ = ["YAMLError", "dump", "load"]


def load(text: str) -> object:
    """The content; nothing but plain values. Raises YAMLError."""
    return YAML(typ="safe", pure=True).load(text)


def dump(value: object) -> str:
    """Text that `load` reads back, in block style, keys in the order given."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue()
