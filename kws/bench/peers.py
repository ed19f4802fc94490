"""What others' kernels take for the same models: references/mcu_peers.json, quoted and never computed with.

A file goes in; checked rows come out.
"""

import datetime
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from kws.errors import ArtifactError
from kws.params import Count, Section, told

Text = Annotated[str, Field(min_length=1)]


class Peer(Section):
    """Cycles of one inference of a model of the bench, in another program."""

    model: Text
    program: Text
    compiler: Text
    cycles: Count
    remark: str


class Peers(Section):
    """Rows that were had under the same conditions."""

    conditions: Text
    rows: list[Peer]


class PeersFile(Section):
    """What the file holds: figures of an emulator of the same kind, and figures of chips."""

    schema_version: Literal[1]
    quoted_on: datetime.date
    source: Text
    emulated: Peers
    silicon: Peers


def read_peers(path: Path) -> PeersFile:
    """The file, checked.

    Raises:
        ArtifactError: it is missing, damaged or of another schema, with the keys that are wrong.
    """
    back = f"`git checkout HEAD {path}` brings it back."
    try:
        return PeersFile.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ArtifactError(f"{path}: {'; '.join(map(told, error.errors()))}. {back}") from None
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing. {back}") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path} is not JSON ({error}). {back}") from None
