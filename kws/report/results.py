"""What the report is made of: results of one run, with its tables, and its pictures, drawn as SVG when asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kws.captions import cycles_caption, data_caption
from kws.figures.redraw import Draw, pictures
from kws.report.markup import Markup, Numbered
from kws.summary import Metrics, load_metrics
from kws.tables import Row, read_table

REAL_SPEECH = Path("results/speech_commands")


@dataclass(frozen=True)
class Results:
    """One run."""

    metrics: Metrics
    plots: Path
    drawn: Path  # a folder for its pictures
    draw: Mapping[str, Draw]  # name of a picture that tables give -> what draws it

    @property
    def data(self) -> str:
        """The data's name for a reader."""
        return data_caption(self.metrics["preprocess"]["source"])

    @property
    def synthetic(self) -> bool:
        """Whether nobody spoke."""
        return self.metrics["preprocess"]["source"] == "synthetic"

    @property
    def cycles(self) -> str:
        """`modelled cycles` or `measured cycles`."""
        return cycles_caption(self.metrics["mcu_benchmark"]["cycles_are"])

    @property
    def deployed(self) -> dict:
        """convert's entry of the deployed model."""
        return self.metrics["convert"]["deployed"]

    def table(self, name: str) -> list[Row]:
        """Rows of plots/<name>.csv."""
        return read_table(self.plots / f"{name}.csv")


@dataclass
class Report:
    """All runs in the report, the one to quote last, and the numbers of its tables and figures."""

    root: Path
    runs: Sequence[Results]
    numbered: Numbered = field(default_factory=Numbered)

    @property
    def quoted(self) -> Results:
        """Results on real speech where there are some."""
        return self.runs[-1]

    def table(
        self, caption: object, head: Sequence[str], rows: Callable[[Results], Iterable[Sequence[object]]]
    ) -> Markup:
        """A table with the rows of every run, under its data's name."""
        return self.numbered.table(caption, head, {run.data: found for run in self.runs if (found := list(rows(run)))})

    def figure(self, run: Results, name: str, caption: object) -> Markup:
        """A picture of a run: SVG where a table gives it, otherwise the PNG of its stage; the data's name is added."""
        path = run.plots / f"{name}.png"
        if name in run.draw:
            path = run.drawn / f"{name}.svg"
            run.draw[name](path)
        return self.numbered.figure(path, f"{caption} Data: {run.data}.", f"{name.replace('_', ' ')}, {run.data}")


def load(root: Path, drawn: Path) -> list[Results]:
    """The workspace's results and, where it holds others than on real speech, those kept in results/.

    Args:
        root: the repository.
        drawn: an empty folder for the pictures.

    Raises:
        ArtifactError: metrics or tables are missing; the message says what writes them.
    """
    found = [_load(root, root, drawn / "here")]
    if (root / REAL_SPEECH / "metrics").is_dir() and found[0].metrics["preprocess"]["source"] != "speech_commands":
        found.append(_load(root, root / REAL_SPEECH, drawn / "real"))
    return found


def _load(root: Path, folder: Path, drawn: Path) -> Results:
    metrics = load_metrics(folder / "metrics")
    return Results(metrics, folder / "plots", drawn, pictures(metrics, folder / "plots", root / "references"))
