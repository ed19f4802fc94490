"""Cycles of Cortex-M4 code, from the manual's tables: the bytes of a basic block go in, its cycles come out.

Everything here is modelled, not measured. The tables are those of ARM DDI 0439D (Cortex-M4 Technical Reference Manual,
r0p1): 3-1 (core), 3-2 (DSP), 7-1 (floating point), and section 3.3.2 (how loads and stores pair). Where the manual
gives a range, `CycleModel` holds what is charged. What memory adds is known only while the code runs: see
kws/board/memory_waits.py. Not modelled: interrupts, divides that end early, and integer code that runs while VDIV or
VSQRT finish (7-1, notes).
"""

from dataclasses import dataclass, field

import capstone
from capstone import arm

from kws.board import cycle_table as table
from kws.board.cycle_models import CycleModel
from kws.errors import BoardError

ALWAYS = (arm.ARM_CC_AL, arm.ARM_CC_INVALID)


@dataclass(frozen=True)
class Step:
    """One instruction as the table sees it. Register numbers are capstone's."""

    name: str
    address: int
    end: int
    condition: int  # capstone's ARM_CC_*, ALWAYS where it is not predicated
    jumps: bool  # may write the pc
    reads: frozenset[int]
    writes: frozenset[int]
    address_registers: frozenset[int]
    registers: int = 0  # words that a load or store multiple moves
    offset_in_register: bool = False
    double: bool = False
    core_registers: int = 0  # among the operands
    sets_flags: bool = False


@dataclass(frozen=True)
class Predicated:
    """A predicated instruction that takes `extra_cycles` over one, if the flags pass `condition` at `it_address`."""

    it_address: int
    condition: int
    extra_cycles: int


@dataclass
class Block:
    """A basic block and its cycles, the refill after its last branch apart.

    `before[a]` are the cycles from the block's start to the instruction at address a. Predicated instructions of
    several cycles count one here and the rest in `predicated`. Where the block ends in a branch, `taken_cycles` are
    due, beside the refill, if it is taken: always, or, for a `conditional` one, when execution goes on elsewhere than
    at `end`. Where it does not (the block was cut), the next one goes on with it. `predicated_access`: a predicated
    instruction reads or writes memory.
    """

    address: int
    end: int
    code: bytes
    cycles: int = 0
    before: dict[int, int] = field(default_factory=dict)
    predicated: list[Predicated] = field(default_factory=list)
    jumps: bool = False
    conditional: bool = False
    taken_cycles: int = 0
    predicated_access: bool = False

    def takes_branch(self, successor: int) -> bool:
        """Whether the last instruction jumps, given the address at which execution goes on."""
        return self.jumps and not (self.conditional and successor == self.end)


_decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
_decoder.detail = True


def decode(code: bytes, address: int) -> list[Step]:
    """Thumb code -> its instructions; raises BoardError where some bytes are no instruction."""
    steps = [_step(instruction) for instruction in _decoder.disasm(code, address)]
    done = steps[-1].end if steps else address
    if done != address + len(code):
        raise BoardError(f"no Thumb instruction at 0x{done:08x}: {code[done - address :][:4].hex()}")
    return steps


def _step(instruction: capstone.CsInsn) -> Step:
    operands = instruction.operands
    memory = [o.mem for o in operands if o.type == arm.ARM_OP_MEM]
    registers = [o.reg for o in operands if o.type == arm.ARM_OP_REG]
    reads, writes = instruction.regs_access()
    name = _decoder.insn_name(instruction.id)
    listed = registers if name in ("push", "pop", "vpush", "vpop") else registers[1:]
    bases = registers[:1] if name in table.MULTIPLE and listed is not registers else []
    double = any(arm.ARM_REG_D0 <= r <= arm.ARM_REG_D31 for r in registers)
    return Step(
        name=name,
        address=instruction.address,
        end=instruction.address + instruction.size,
        condition=instruction.cc,
        jumps=name in table.BRANCHES | table.TABLE_BRANCHES or arm.ARM_REG_PC in writes,
        reads=frozenset(reads),
        writes=frozenset(writes),
        address_registers=frozenset([r for m in memory for r in (m.base, m.index) if r] + bases),
        registers=len(listed) * (1 + double),
        offset_in_register=any(m.index for m in memory),
        double=double,
        sets_flags=instruction.update_flags or arm.ARM_REG_CPSR in writes,
        core_registers=sum(arm.ARM_REG_R0 <= r <= arm.ARM_REG_R12 or r in _NAMED_CORE for r in registers),
    )


_NAMED_CORE = (arm.ARM_REG_SP, arm.ARM_REG_LR, arm.ARM_REG_PC)


def step_cycles(step: Step, previous: Step | None, model: CycleModel) -> int:
    """Cycles of one executed instruction after `previous` (None: nothing to pair with), without a branch's refill."""
    if step.name == "it" and previous is not None and previous.end - previous.address == 2:
        return model.it_cycles
    cycles = _table_cycles(step, model) - _paired(step, previous) + _stalls(step, previous, model)
    literal = step.name in table.LOADS and arm.ARM_REG_PC in step.address_registers
    return max(1, cycles + literal * model.literal_load_cycles)


def _table_cycles(step: Step, model: CycleModel) -> int:
    name = step.name
    if name in table.ONE:
        return 1
    if name in table.FLOAT_ACCUMULATE:
        return 3
    if name in table.FLOAT_DIVIDE:
        return 14
    if name in table.MULTIPLE:
        return 1 + step.registers
    if name in table.DIVIDES:
        return model.divide_cycles
    if name == "vmov":
        # 7-1: half of a double from or to a core register takes 1; a float, two floats or a whole double take 2.
        return 2 if step.core_registers > step.double else 1
    if name == "isb":
        return 1 + model.branch_refill_cycles  # 3-1: B is at least a refill
    if name in table.STORES and name != "vstr" and not step.offset_in_register:
        return 1  # 3.3.2: always
    if name in table.TABLE_BRANCHES:
        return model.table_branch_cycles
    if name in table.PAIRS or step.double:
        return 3
    if name in table.LOADS | table.STORES | table.STORES_EXCLUSIVE | table.SPECIAL:
        return 2
    raise BoardError(
        f"The cycle table has no row for `{name}` at 0x{step.address:08x}: add it to kws/board/cycle_table.py with its "
        f"source, or compile the code without it."
    )


def _paired(step: Step, previous: Step | None) -> int:
    """One cycle less for a load or store right behind a load whose result is not in its address (3.3.2).

    VLDR and VSTR are taken to pair as LDR and STR do (3-1, note b, speaks of single loads and stores).
    """
    if previous is None or previous.name not in table.LOADS or previous.double or step.double:
        return 0
    pairs = step.name in table.LOADS | table.STORES | table.STORES_EXCLUSIVE
    return int(pairs and not previous.writes & step.address_registers)


def _stalls(step: Step, previous: Step | None, model: CycleModel) -> int:
    if previous is None:
        return 0
    if previous.name in _FLOAT_RESULTS:
        # 7-1, notes: an addend is needed one cycle later than the other operands.
        used = step.reads - step.writes if step.name in table.FLOAT_ACCUMULATE else step.reads
        return model.float_stall_cycles if previous.writes & used else 0
    computed = previous.name in table.CORE_ONE | table.DSP_ONE | table.DIVIDES
    return model.address_stall_cycles if computed and previous.writes & step.address_registers else 0


_FLOAT_RESULTS = (
    table.FLOAT_ONE - {"vcmp", "vcmpe", "vmrs", "vmsr", "fconsts", "fmstat"}
    | table.FLOAT_ACCUMULATE
    | table.FLOAT_DIVIDE
)


def cost_block(code: bytes, address: int, model: CycleModel, lead: bytes = b"") -> Block:
    """The block of Thumb `code` at `address`.

    `lead` is the code just before it when the block is the rest of one that was cut: its first instruction can pair
    with the last one there, and an IT there can reach into the block. Raises BoardError for an instruction without a
    row in the tables, or for bytes that are no instruction.
    """
    block = Block(address, address + len(code), code)
    previous = it = None
    flags_set = False  # by a predicated instruction since the IT: the flags there no longer decide
    for step in decode(lead + code, address - len(lead)):
        if step.name == "it":
            it, flags_set = step.address, False
        if step.address >= address:
            block.before[step.address] = block.cycles
            known = it is not None and it >= address and not flags_set
            _charge(block, step, step_cycles(step, previous, model), it if known else None)
        flags_set |= step.sets_flags and step.condition not in ALWAYS
        previous = step
    return block


def _charge(block: Block, step: Step, cycles: int, it_address: int | None) -> None:
    conditional = step.condition not in ALWAYS or step.name in ("cbz", "cbnz")
    if step.jumps:
        block.jumps, block.conditional = True, conditional
    if not conditional:
        block.cycles += cycles
        return
    block.predicated_access |= step.name in table.MEMORY
    block.cycles += 1  # 3-1, note c, and what an instruction takes whose condition fails
    if step.jumps:
        block.taken_cycles = cycles - 1
    elif cycles > 1 and it_address is not None:
        block.predicated.append(Predicated(it_address, step.condition, cycles - 1))
    else:
        block.cycles += cycles - 1  # its condition is not known where its IT stands: charged as executed
