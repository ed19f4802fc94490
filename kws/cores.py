"""Work on the CPU alone, such as reading and preprocessing speech, on all cores.

In: a list, and a function of a part of it. Out: what it gives for the parts, joined in order, the same for any number
of processes. Run: `reasons = spread(problems_of_files, paths)`.
"""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from kws.errors import ParamsError

Item, Result = TypeVar("Item"), TypeVar("Result")

_PART = 1024  # items a process is given at a time; fewer start no process


def cores() -> int:
    """Processes for work on the CPU: KWS_JOBS, or one a core.

    Raises:
        ParamsError: KWS_JOBS is no number from 1 up.
    """
    wanted = os.environ.get("KWS_JOBS", "")
    if not wanted:
        return os.cpu_count() or 1
    if not wanted.isdecimal() or int(wanted) == 0:
        raise ParamsError(f"KWS_JOBS is {wanted!r} in the environment: set it to a number from 1 up, or unset it.")
    return int(wanted)


def spread(work: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]) -> list[Result]:
    """`work` of parts of the items, a result an item; a function at module level, for it goes to other processes."""
    parts = [items[start : start + _PART] for start in range(0, len(items), _PART)]
    if len(parts) < 2 or cores() == 1:
        return [result for part in parts for result in work(part)]
    done = Parallel(n_jobs=min(cores(), len(parts)), return_as="generator")(delayed(work)(part) for part in parts)
    results = [result for part in done for result in part]
    get_reusable_executor().shutdown()  # other work in these processes would look to joblib as if they leaked memory
    return results
