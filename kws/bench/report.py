"""What the bench prints and keeps: rows go in; results/bench.json and its text come out."""

from collections.abc import Sequence

from kws.bench.history import SLOWER_BY, Commit, counter_version
from kws.bench.measure import CLOCK_HZ, INFERENCE, MACS_PER_CYCLE_MOST, PORTABLE, UNPACKING, Bench, PhaseRow
from kws.bench.networks import bench_models
from kws.bench.peers import Peer, PeersFile
from kws.board import zig
from kws.board.cycle_models import BOUNDS, LOWER, TABLE, UPPER, WAIT_STATES

FLOOR = (
    "The floor is the cycles that an inference needs where every cycle does two multiply-accumulates of int8 (SMLAD), "
    "the most that a Cortex-M4 can: MACs / 2. Its share is floor / cycles."
)
PHASE_TITLES = {
    INFERENCE: "inference",
    UNPACKING: "weights unpacked, once at start",
    PORTABLE: "inference, portable C",
    "preprocess": "features of a clip, 49 frames",
    "preprocess_stride": "features of one stride",
    "preprocess_window": "normalization of a window",
    "postprocess": "softmax and label",
}
OPTIMIZATION = next(flag for flag in zig.COMMON_FLAGS if flag.startswith("-O"))
_SIGNIFICANT = 4


def titles() -> dict[str, str]:
    """A model's name in the table -> in words."""
    return {model.name: model.title for model in bench_models()}


def as_json(commit: Commit, changed: Sequence[str], bench: Bench) -> dict:
    """results/bench.json: same commit, same bytes."""
    return {
        "schema_version": 1,
        "commit": commit.name,
        "date": commit.date,
        "uncommitted": list(changed),
        "cycles_are": "modelled",
        "counter": counter_version(),
        "clock_hz": CLOCK_HZ,
        "floor_macs_per_cycle": MACS_PER_CYCLE_MOST,
        "phases": [_phase_json(row) for row in bench.phases],
        "layers": [
            {
                "model": row.model,
                "layer": row.layer,
                "macs": row.macs,
                "cycles": row.cycles,
                "macs_per_cycle": _rounded(row.macs / row.cycles) if row.macs else None,
            }
            for row in bench.layers
        ],
        "notes": bench.notes,
    }


def _phase_json(row: PhaseRow) -> dict:
    return {
        "model": row.model,
        "title": titles().get(row.model, row.model.replace("_", " ")),
        "phase": row.phase,
        "cycles": row.cycles[TABLE],
        **{f"{bound}_cycles": row.cycles.get(bound) for bound in BOUNDS},
        "ms": _rounded(row.ms),
        "macs": row.macs,
        "macs_per_cycle": _rounded(row.macs_per_cycle),
        "floor_share": _rounded(row.floor_share),
        "flash_bytes": row.flash_bytes,
        "ram_bytes": row.ram_bytes,
    }


def text(bench: Bench, peers: PeersFile, differences: Sequence[str]) -> str:
    """Everything as tables for a terminal."""
    parts = [_phases_text(bench.phases), FLOOR, _layers_text(bench), _peers_text(bench, peers)]
    parts += ["\n".join(f"note: {note}" for note in bench.notes)] if bench.notes else []
    nothing = f"No phase differs by more than {SLOWER_BY:.1%} from the last commit before that was counted."
    return "\n\n".join([*parts, "\n".join(differences) or nothing])


def _phases_text(rows: Sequence[PhaseRow]) -> str:
    head = ["model", "phase", "cycles", "lower", "wait states", "upper", "ms", "MAC/cycle", "of floor", "flash", "RAM"]
    cells = [
        [
            row.model,
            PHASE_TITLES[row.phase],
            f"{row.cycles[TABLE]:,}",
            *(f"{row.cycles[bound]:,}" if bound in row.cycles else "" for bound in (LOWER, WAIT_STATES, UPPER)),
            f"{row.ms:.3f}",
            "" if row.macs is None else f"{row.macs_per_cycle:.3f}",
            "" if row.macs is None else f"{row.floor_share:.1%}",
            f"{row.flash_bytes:,}",
            f"{row.ram_bytes:,}",
        ]
        for row in rows
    ]
    title = "Modelled cycles of the Cortex-M4, ms at 64 MHz; flash and RAM in bytes, of the image with this model alone"
    return f"{title}\n{_table(head, cells, left=2)}"


def _layers_text(bench: Bench) -> str:
    cells = [
        [row.model, row.layer, f"{row.cycles:,}", f"{row.macs:,}", f"{row.macs / row.cycles:.3f}" if row.macs else ""]
        for row in bench.layers
    ]
    return f"By layer\n{_table(['model', 'layer', 'cycles', 'MACs', 'MAC/cycle'], cells, left=2)}"


def _peers_text(bench: Bench, peers: PeersFile) -> str:
    head = ["model", "program", "compiler", "cycles", "ms", "MAC/cycle", "had by"]
    macs = {row.model: row.macs for row in bench.phases if row.macs}
    counted = [row for row in bench.phases if row.phase in (INFERENCE, PORTABLE)]
    compared = {peer.model for peer in (*peers.emulated.rows, *peers.silicon.rows)}
    cells = [_own(row) for row in counted if row.model in compared]
    cells += [_peer(peer, macs, CLOCK_HZ, "quoted, emulated") for peer in peers.emulated.rows]
    cells += [_peer(peer, macs, None, "quoted, silicon") for peer in peers.silicon.rows]
    cells.sort(key=lambda row: row[0], reverse=True)
    conditions = f"Quoted on {peers.quoted_on}, not run here. Emulated: {peers.emulated.conditions}. Silicon: "
    return f"Peers\n{_table(head, cells, left=3)}\n{conditions}{peers.silicon.conditions}."


def _own(row: PhaseRow) -> list[str]:
    program = "this project" + (", portable C" if row.phase == PORTABLE else "")
    figures = [f"{row.cycles[TABLE]:,}", f"{row.ms:.2f}", f"{row.macs_per_cycle:.3f}"]
    return [row.model, program, f"clang {OPTIMIZATION}", *figures, "this run"]


def _peer(peer: Peer, macs: dict[str, int], clock_hz: int | None, had_by: str) -> list[str]:
    each = f"{macs[peer.model] / peer.cycles:.3f}" if peer.model in macs else ""
    ms = f"{peer.cycles * 1e3 / clock_hz:.2f}" if clock_hz else ""
    remark = f" ({peer.remark})" if peer.remark else ""
    return [peer.model, peer.program + remark, peer.compiler, f"{peer.cycles:,}", ms, each, had_by]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Columns in line; the first `left` of them begin at the left, numbers end at the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_SIGNIFICANT}g}")
