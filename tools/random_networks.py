"""Random networks of all operators, compiled, run on the host and on the emulated board, and compared with TFLite's.

    python tools/random_networks.py --count 2000 --seed 0

Prints how many bytes differ from TFLite's reference kernels and writes results/random_networks.json; exits with 1 where
any does, and then prints the smallest network of those. Takes a second or two a network.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kws.files import write_json  # noqa: E402
from kws.params import load_params  # noqa: E402
from kws.tflite.reader import read_graph  # noqa: E402
from tests.support_differences import INPUTS, board_outputs, differing, host_outputs, reference  # noqa: E402
from tests.support_networks import Network, drawn  # noqa: E402

_TOGETHER = 50  # networks an image


def main() -> int:
    """Draw, compile, run and compare; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="networks (2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the networks (0)")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "random_networks.json")
    options = parser.parse_args()
    front_end = load_params(ROOT / "params.yaml").front_end
    networks = drawn(options.count, options.seed)
    totals, kinds, failed = Counter(), Counter(), []
    for start in range(0, len(networks), _TOGETHER):
        batch = networks[start : start + _TOGETHER]
        wanted = [reference(network) for network in batch]
        on_host = differing(wanted, host_outputs(batch))
        on_board = differing(wanted, board_outputs(batch, front_end))
        totals.update(compared=sum(outputs.size for outputs in wanted), host=sum(on_host), board=sum(on_board))
        totals.update(varied=sum(len(np.unique(outputs, axis=0)) >= len(outputs) / 2 for outputs in wanted))
        kinds.update(operator.kind for network in batch for operator in read_graph(network.tflite).operators)
        failed += [network for network, *bytes_of in zip(batch, on_host, on_board, strict=True) if any(bytes_of)]
        print(
            f"{start + len(batch)} networks: {totals['host']} bytes differ on the host, {totals['board']} on the board"
        )
        sys.stdout.flush()
        write_json(options.out, _report(options, start + len(batch), totals, kinds))
    if failed:
        print(f"the smallest of {len(failed)}: {min(failed, key=_size)}")
    return 1 if failed else 0


def _report(options: argparse.Namespace, count: int, totals: Counter, kinds: Counter) -> dict:
    """What is written after each image, of the networks so far: outputs are int8, so a value is a byte."""
    return {
        "command": f"python tools/random_networks.py --count {options.count} --seed {options.seed}",
        "networks": count,
        "inputs_per_network": INPUTS,
        "networks_with_varied_outputs": totals["varied"],
        "operators": dict(sorted(kinds.items())),
        "bytes_compared": totals["compared"],
        "differing_bytes_host": totals["host"],
        "differing_bytes_emulated_board": totals["board"],
    }


def _size(network: Network) -> tuple[int, str]:
    return len(network.layers), repr(network)


if __name__ == "__main__":
    sys.exit(main())
