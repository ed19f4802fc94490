"""What a cycle costs where the manuals leave room: `CycleModel` with its switches, and the four models that have names.

`table` is what every figure is counted with. `lower` and `upper` enclose it; `wait_states` is the table with the
memory's waits and conflicts charged. What each switch rests on: docs/cycle_model.md.
"""

from dataclasses import dataclass, fields

_LEAST_AND_MOST = {"branch_refill_cycles": (1, 3), "divide_cycles": (2, 12)}


@dataclass(frozen=True)
class CycleModel:
    """What is charged where the manual leaves room. Each field is a switch; 0 leaves a charge out.

    Attributes:
        branch_refill_cycles: the manual's P, 1 to 3; a 32-bit target that is not word-aligned takes one more, up to 3.
        divide_cycles: stands for 2 to 12.
        float_stall_cycles: where the next instruction uses a floating-point result (7-1, notes; 1 by the manual).
        address_stall_cycles: where an address needs the result just computed (section 3.3.2; 1 by the manual).
        flash_data_wait_cycles: each read of data from flash, which the instruction cache does not serve.
        flash_fetch_wait_cycles: each line fetched from flash that the cache does not hold; without cache, each word.
        instruction_cache: whether there is one, while NVMC's ICACHECNF switches it on; off, each word fetched waits.
        cache_ways: of the cache; 1 is direct mapped.
        cache_line_bytes: what a miss brings in.
        ram_code_conflict_cycles: each access to data in RAM by code that executes from RAM, over the same bus.
        it_cycles: of an IT behind a 16-bit instruction, 0 where it is folded (table 3-1, note d).
        literal_load_cycles: more for a load relative to the pc, which contends with the fetch (3.3.2: might add one).
        table_branch_cycles: of TBB and TBH without the refill; 2 by table 3-1, 3 by section 3.3.2.
        unaligned_data_cycles: for each access that an unaligned one in RAM is split into, but the first (3.3.2: 1).
    """

    branch_refill_cycles: int = 2
    divide_cycles: int = 7
    float_stall_cycles: int = 0
    address_stall_cycles: int = 0
    flash_data_wait_cycles: int = 0
    flash_fetch_wait_cycles: int = 0
    instruction_cache: bool = True
    cache_ways: int = 2
    cache_line_bytes: int = 16
    ram_code_conflict_cycles: int = 0
    it_cycles: int = 1
    literal_load_cycles: int = 0
    table_branch_cycles: int = 2
    unaligned_data_cycles: int = 0

    def __post_init__(self) -> None:
        if any(not low <= getattr(self, name) <= high for name, (low, high) in _LEAST_AND_MOST.items()):
            raise ValueError(f"{self}: the manual has 1 to 3 cycles for a refill and 2 to 12 for a divide")
        negative = [field.name for field in fields(self) if getattr(self, field.name) < 0]
        if negative:
            raise ValueError(f"{negative[0]} is {getattr(self, negative[0])}: cycles that are charged are at least 0")
        if self.cache_ways not in (1, 2, 4) or self.cache_line_bytes not in (4, 8, 16, 32):
            raise ValueError(f"{self}: cache_ways is one of 1, 2, 4 and cache_line_bytes one of 4, 8, 16, 32")

    @property
    def charges_memory(self) -> bool:
        """Whether memory takes longer than the table says; following it takes the emulator longer too."""
        waits = (self.flash_data_wait_cycles, self.flash_fetch_wait_cycles, self.ram_code_conflict_cycles)
        return any(waits) or self.unaligned_data_cycles > 0

    def refill(self, target: int, target_code: bytes) -> int:
        """Cycles to fill the pipeline from `target`, whose first two bytes are `target_code`."""
        wide = target_code[1] >> 3 in (0x1D, 0x1E, 0x1F)
        return min(3, self.branch_refill_cycles + (wide and target % 4 != 0))


TABLE = "table"
LOWER, WAIT_STATES, UPPER = "lower", "wait_states", "upper"
BOUNDS = (LOWER, WAIT_STATES, UPPER)  # beside the table's figure, in this order
CYCLE_MODELS = {
    TABLE: CycleModel(),
    LOWER: CycleModel(branch_refill_cycles=1, divide_cycles=2, it_cycles=0),
    WAIT_STATES: CycleModel(
        flash_data_wait_cycles=2, flash_fetch_wait_cycles=3, ram_code_conflict_cycles=1, unaligned_data_cycles=1
    ),
    UPPER: CycleModel(
        branch_refill_cycles=3,
        divide_cycles=12,
        float_stall_cycles=1,
        address_stall_cycles=1,
        flash_data_wait_cycles=3,
        flash_fetch_wait_cycles=3,
        cache_ways=1,
        cache_line_bytes=4,  # each word of a line waits for itself
        ram_code_conflict_cycles=1,
        literal_load_cycles=1,
        table_branch_cycles=3,
        unaligned_data_cycles=1,
    ),
}
