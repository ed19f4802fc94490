"""The cycle counter of an emulated core: a hook that unicorn calls a basic block adds up the blocks' modelled cycles.

Goes in: a unicorn core and a `CycleModel`. Comes out: `cycles_at(pc)`, the cycles from `attach` to just before the
instruction at pc, exact also in the middle of a block. What one block after another costs is worked out once
(`cost_block`) and kept with the first of the two, so the hook is one look-up and one sum.

Deterministic: the same image on the same input gives the same cycles, whatever the host does. Waiting for the serial
link takes no cycles and a fixed number of polls while counting: see kws/board/uarte.py.
"""

import ctypes
from collections.abc import Callable

from unicorn import UC_HOOK_BLOCK, UC_HOOK_CODE, UC_HOOK_MEM_READ, UC_HOOK_MEM_WRITE, Uc
from unicorn.arm_const import UC_ARM_REG_XPSR
from unicorn.unicorn_py3.unicorn import uclib

from kws.board.cycle_models import CycleModel
from kws.board.cycles import ALWAYS, Block, Predicated, cost_block
from kws.board.memory import FLASH_END, RAM_END, RAM_START
from kws.board.memory_waits import MemoryWaits
from kws.board.tracing import Tracer

DWT_START, DWT_END = 0xE0001000, 0xE0001FFF
_IT_STATE = 0x0600FC00  # of XPSR: ARM DDI0403E, B1.4.2
_HOOK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_void_p)

# (cycles of the step into this block, where the next step leads, this block)
Edge = tuple[int, dict[int, "Edge"], Block | None]

# Which flags pass a condition, in the order of its encoding without the lowest bit: ARM DDI0403E, A7.3.
_PASSES: tuple[Callable[[bool, bool, bool, bool], bool], ...] = (
    lambda n, z, c, v: z,
    lambda n, z, c, v: c,
    lambda n, z, c, v: n,
    lambda n, z, c, v: v,
    lambda n, z, c, v: c and not z,
    lambda n, z, c, v: n == v,
    lambda n, z, c, v: not z and n == v,
)


def passes(condition: int, xpsr: int) -> bool:
    """Whether an instruction under capstone's `condition` (1 = EQ, 2 = NE ... 14 = LE) executes with these flags."""
    if condition in ALWAYS:
        return True
    n, z, c, v = (bool(xpsr >> bit & 1) for bit in (31, 30, 29, 28))
    return _PASSES[(condition - 1) // 2](n, z, c, v) == (condition % 2 == 1)


class CycleCounter:
    """Counts while attached. `attach`, `detach` and `prepare` are for a core that is stopped.

    A `tracer` is told of every block and every cycle; it takes several times as long.
    """

    def __init__(
        self,
        core: Uc,
        model: CycleModel,
        cache_enabled: Callable[[], bool] = lambda: False,
        tracer: Tracer | None = None,
    ) -> None:
        self.attached = False
        self.failure: Exception | None = None  # raised in the hook, which then stopped the core
        self._core, self._model = core, model
        self._hooks: list[int] = []  # the first one is _block_hook's
        self._it_hooks: set[int] = set()  # addresses of the IT instructions that are watched
        self._blocks: dict[tuple[int, bytes], Edge] = {}
        self._predicated: dict[int, set[Predicated]] = {}
        self._waits = MemoryWaits(model, cache_enabled)
        enter = self._waits.enter if model.charges_memory else None
        self._tracer = tracer
        hook, self._state, self._add, self._restart = _hot_path(self._step_into, enter, tracer)
        self._function = _HOOK(hook)  # unicorn holds no reference to it

    def attach(self) -> None:
        """Count from 0 on."""
        ram = (block for _, _, block in self._blocks.values() if block and block.address >= RAM_START)
        if any(block.code != self._core.mem_read(block.address, len(block.code)) for block in ram):
            self._blocks, self._predicated = {}, {}  # other code was loaded; what lies in flash does not change
        self._restart()
        self._waits.restart()
        if self._tracer:
            self._tracer.start()
        self.attached, self._it_hooks = True, set()
        # A memory hook on the counter's registers makes unicorn keep the pc exact where they are read or written.
        dwt = UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE
        self._hooks = [self._block_hook(), self._core.hook_add(dwt, lambda *_: None, None, DWT_START, DWT_END)]
        self._watch_data()
        self.prepare()
        self._core.ctl_flush_tb()  # a block that was translated without hooks never calls them

    def detach(self) -> None:
        """Run at full speed again."""
        uclib.uc_hook_del(self._core._uch, self._hooks[0])
        for hook in self._hooks[1:]:
            self._core.hook_del(hook)
        self._core.ctl_flush_tb()
        self.attached, self._hooks = False, []
        if self._tracer:
            self._tracer.stop()

    def prepare(self) -> None:
        """Watch the IT instructions that decide over cycles; to be called before the core goes on, while attached."""
        new = self._predicated.keys() - self._it_hooks
        for address in sorted(new):
            self._hooks.append(self._core.hook_add(UC_HOOK_CODE, self._at_it, None, address, address))
        self._it_hooks |= new
        if new:
            self._core.ctl_flush_tb()

    def cycles_at(self, pc: int) -> int:
        """Cycles up to just before the instruction at `pc`, which lies in the block that is being executed."""
        cycles, block = self._state()
        if self._tracer:
            self._tracer.look(pc)
        return cycles - (block.cycles - block.before[pc]) if block else cycles

    def cycles(self) -> int:
        """Cycles up to the end of the block that is being executed."""
        return self._state()[0]

    def _block_hook(self) -> int:
        """Register the hook through unicorn's C library: its Python wrapper takes longer than the hook itself."""
        handle = ctypes.c_size_t()
        everywhere = (ctypes.c_uint64(1), ctypes.c_uint64(0))
        pointer = ctypes.cast(self._function, ctypes.c_void_p)
        error = uclib.uc_hook_add(self._core._uch, ctypes.byref(handle), UC_HOOK_BLOCK, pointer, None, *everywhere)
        if error:
            raise RuntimeError(f"unicorn refuses the block hook: error {error}")
        return handle.value

    def _watch_data(self) -> None:
        """Follow the accesses that the model charges for, and no others: each one watched takes time."""
        if self._model.flash_data_wait_cycles:
            self._hooks.append(self._core.hook_add(UC_HOOK_MEM_READ, self._at_access, None, 0, FLASH_END - 1))
        if self._model.ram_code_conflict_cycles or self._model.unaligned_data_cycles:
            both = UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE
            self._hooks.append(self._core.hook_add(both, self._at_access, None, RAM_START, RAM_END - 1))

    def _at_access(self, _core: Uc, _kind: int, address: int, size: int, _value: int, _data: object) -> None:
        self._add(self._waits.access(address, size))
        _, block = self._state()
        if block and block.predicated_access:
            self._leave_it_block()

    def _leave_it_block(self) -> None:
        """Undo what unicorn (2.1.4) does for a memory hook in an IT block.

        It writes the IT state of that instruction to XPSR and never takes it back, so that instructions of the next
        block would be predicated too: https://github.com/unicorn-engine/unicorn/issues/2309.
        """
        xpsr = self._core.reg_read(UC_ARM_REG_XPSR)
        if xpsr & _IT_STATE:
            self._core.reg_write(UC_ARM_REG_XPSR, xpsr & ~_IT_STATE)

    def _at_it(self, core: Uc, address: int, _size: int, _data: object) -> None:
        xpsr = core.reg_read(UC_ARM_REG_XPSR)
        self._add(sum(p.extra_cycles for p in self._predicated[address] if passes(p.condition, xpsr)))

    def _step_into(self, edge: Edge, address: int, size: int) -> Edge | None:
        """A step that was not made before. None: the core stops before the block and comes here again."""
        try:
            return self._new_edge(edge, address, size)
        except Exception as failure:  # must not pass through C
            self.failure = failure
            self._core.emu_stop()
            return None

    def _new_edge(self, edge: Edge, address: int, size: int) -> Edge | None:
        _, successors, before = edge
        code = bytes(self._core.mem_read(address, size))
        _, following, block = self._block(code, address, before)
        if {p.it_address for p in block.predicated} - self._it_hooks:
            self._core.emu_stop()  # `prepare` hooks them
            return None
        cycles = block.cycles
        if before and before.takes_branch(address):
            cycles += before.taken_cycles + self._model.refill(address, code)
        successors[address] = (cycles, following, block)
        return successors[address]

    def _block(self, code: bytes, address: int, before: Block | None) -> Edge:
        cut = before is not None and not before.jumps and before.end == address
        key = (address, before.code if cut else b"")
        if key not in self._blocks:
            block = cost_block(code, address, self._model, lead=key[1])
            for p in block.predicated:
                self._predicated.setdefault(p.it_address, set()).add(p)
            self._blocks[key] = (0, {}, block)
        return self._blocks[key]


def _hot_path(
    step_into: Callable[[Edge, int, int], Edge | None],
    enter: Callable[[int, int], int] | None,
    tracer: Tracer | None,
) -> tuple[Callable, ...]:
    """The hook and its state, in a closure: the fastest there is in Python. `enter` gives what a block waits for."""
    cycles = 0
    edge: Edge = (0, {}, None)

    def hook(_core: int, address: int, size: int, _data: int) -> bool | None:
        nonlocal cycles, edge
        try:
            edge = edge[1][address]
        except KeyError:
            found = step_into(edge, address, size)
            if found is None:
                return False  # the block is entered again
            edge = found
        cycles += edge[0]

    def waiting_hook(core: int, address: int, size: int, data: int) -> None:
        nonlocal cycles
        if hook(core, address, size, data) is None:
            cycles += enter(address, size)

    def tracing_hook(core: int, address: int, size: int, data: int) -> None:
        if hook(core, address, size, data) is None:
            tracer.enter(edge[2], edge[0])
            if enter:
                add_traced(enter(address, size))

    def add_traced(more: int) -> None:
        add(more)
        tracer.add(more)

    def state() -> tuple[int, Block | None]:
        return cycles, edge[2]

    def add(more: int) -> None:
        nonlocal cycles
        cycles += more

    def restart() -> None:
        nonlocal cycles, edge
        cycles, edge = 0, (0, {}, None)

    if tracer:
        return tracing_hook, state, add_traced, restart
    return waiting_hook if enter else hook, state, add, restart
