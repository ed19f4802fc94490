"""The cycle table, by instruction sequence."""

import pytest
from elftools.elf.elffile import ELFFile

from kws.board.cycle_models import CycleModel
from kws.board.cycles import cost_block
from kws.errors import BoardError
from tests.support_emulator import (
    ASSEMBLY_HEAD,
    build,
    flash_content,
)

# Code -> cycles without the refill after its last branch. The examples of DDI 0439D section 3.3.2 are among them.
SEQUENCES = {
    "ldr r0, [r1]": 2,
    "ldr r0, [r1]; ldr r1, [r2]": 3,
    "ldr r0, [r1]; ldr r2, [r0]": 4,  # the address waits for the load
    "ldr r0, [r1, r2]; str r0, [r3, #20]": 3,
    "ldr r0, [r1, r2]; str r1, [r3, r2]": 3,
    "ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]": 4,
    "ldr r0, [r1]; add r4, r4, r5; ldr r1, [r2]": 5,
    "add r1, r4, r5; ldr r0, [r1]": 3,
    "vmul.f32 s0, s1, s2; vmla.f32 s0, s3, s4": 4,
    "ldrb r0, [r1], #1; ldrsh r2, [r3, #2]": 3,
    "str r0, [r1]": 1,
    "strb r0, [r1], #1": 1,
    "str r0, [r1, r2]": 2,
    "str r0, [r1, r2]; str r0, [r1, r3]": 4,  # nothing pairs behind a store
    "ldrd r0, r1, [r2]": 3,
    "strd r0, r1, [r2]": 3,
    "ldr r0, [r1]; ldrd r2, r3, [r4]": 5,
    "ldm r0!, {r1, r2, r3}": 4,
    "stm r0!, {r1-r4}": 5,
    "push {r4-r7, lr}": 6,
    "pop {r4-r7}": 5,
    "pop {r4-r7, pc}": 6,
    "push.w {r4, r8}": 3,
    "ldr pc, [r0]": 2,
    "mul r0, r1, r2": 1,
    "mla r0, r1, r2, r3": 1,
    "smlal r0, r1, r2, r3": 1,
    "umull r0, r1, r2, r3": 1,
    "smlad r0, r1, r2, r3": 1,
    "smmlar r0, r1, r2, r3": 1,
    "ssat r0, #8, r1, asr #3": 1,
    "sxtab16 r0, r1, r2, ror #8": 1,
    "uqadd8 r0, r1, r2": 1,
    "udiv r0, r1, r2": 7,
    "sdiv r0, r1, r2": 7,
    "vldr s0, [r0]": 2,
    "vldr s0, [r0]; vldr s1, [r0, #4]": 3,
    "vldr d0, [r0]": 3,
    "vstr s0, [r0]": 2,
    "vadd.f32 s0, s1, s2": 1,
    "vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s0": 2,
    "vmla.f32 s0, s1, s2": 3,
    "vfma.f32 s0, s1, s2": 3,
    "vdiv.f32 s0, s1, s2": 14,
    "vsqrt.f32 s0, s1": 14,
    "vmov s0, r0": 2,
    "vmov.32 d0[0], r0": 1,
    "vmov.32 d0[1], r0": 1,
    "vmov.32 r0, d0[0]": 1,
    "vmov d0, r0, r1": 2,
    "vmov r0, r1, d0": 2,
    "vmov r0, r1, s0, s1": 2,
    "vmov.f32 s0, s1": 1,
    "vmov.f32 s0, #1.0": 1,
    "vcvt.s32.f32 s0, s1": 1,
    "vcmp.f32 s0, s1; vmrs apsr_nzcv, fpscr": 2,
    "vpush {d8, d9}": 5,
    "vpop {s0, s1, s2}": 4,
    "vldmia r0!, {s0-s3}": 5,
    "vstmia r0!, {d0-d1}": 5,
    "dsb": 1,
    "isb": 3,
    "mrs r0, primask": 2,
    "cpsid i": 2,
    "tbb [pc, r0]": 2,
    "bl reset": 1,
    "bx lr": 1,
    ".inst.n 0xb108": 1,  # cbz r0, .+4
    ".inst.n 0xd000": 1,  # beq .+4
    "movs r0, #1; adds r0, #1; lsls r0, r0, #2; cmp r0, #3": 4,
    "it eq; addeq r0, #1": 2,
    "ite eq; moveq r0, #1; movne r0, #2": 3,
    "bfi r0, r1, #2, #3; bfc r0, #1, #4; ubfx r0, r1, #2, #3; sbfx r0, r1, #2, #3": 4,
    "usat r0, #8, r1; ssat16 r0, #8, r1; usat16 r0, #8, r1; qadd r0, r1, r2; qdsub r0, r1, r2": 5,
    "smull r0, r1, r2, r3; umlal r0, r1, r2, r3; umaal r0, r1, r2, r3; smlald r0, r1, r2, r3": 4,
    "smlalbt r0, r1, r2, r3; smlsldx r0, r1, r2, r3; smmls r0, r1, r2, r3; mls r0, r1, r2, r3": 4,
    "clz r0, r1; rbit r0, r1; rev16 r0, r1; pkhbt r0, r1, r2, lsl #4; uxtb16 r0, r1": 5,
    "ldrd r0, r1, [r2], #8; ldr r3, [r4]": 5,  # 3.3.2: LDRD pairs with nothing
    "ldr r0, [r1]; ldm r2, {r3, r4}": 5,  # 3.3.2: nor does LDM
    "ldm r2, {r3, r4}; ldr r0, [r1]": 5,
    "stmdb r0!, {r1, r2}": 3,
    "ldrb r0, [r1], #1; ldrb r2, [r1], #1": 4,  # the base that was just written back is an address
    "ldrex r0, [r1]; strex r2, r0, [r3]": 3,  # 3.3.2: LDREX and STREX as LDR
    "tbh [pc, r0, lsl #1]": 2,
    "ldr r0, [pc, #4]": 2,
    "adds r0, #1; it eq; addeq r0, #1": 3,
    "add.w r0, r0, #1; it eq; addeq r0, #1": 3,
    "vfms.f32 s0, s1, s2; vnmla.f32 s0, s1, s2; vnmul.f32 s0, s1, s2": 7,
    "vcvt.f32.s32 s0, s0, #8; vabs.f32 s0, s0; vneg.f32 s0, s0; vmsr fpscr, r0": 4,
    "vldmia r0, {d0-d3}": 9,
}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, bytes]]:
    """Every sequence, assembled: its address and bytes."""
    lines = [f"  .p2align 2\nstart_{i}: {text}\nend_{i}:" for i, text in enumerate(SEQUENCES)]
    elf = build(tmp_path_factory.mktemp("sequences"), ASSEMBLY_HEAD + "\n".join(lines) + "\n nop\n nop\n")
    with elf.open("rb") as stream:
        symbols = {s.name: s["st_value"] for s in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()}
    image = flash_content(elf)
    places = [(symbols[f"start_{i}"], symbols[f"end_{i}"]) for i in range(len(SEQUENCES))]
    return {text: (a, image[a:b]) for text, (a, b) in zip(SEQUENCES, places, strict=True)}


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_cycles_of_a_sequence(code: dict[str, tuple[int, bytes]], sequence: str) -> None:
    address, data = code[sequence]
    assert cost_block(data, address, CycleModel()).cycles == SEQUENCES[sequence]


def test_the_manuals_stalls_can_be_asked_for(code: dict[str, tuple[int, bytes]]) -> None:
    stalls = CycleModel(float_stall_cycles=1, address_stall_cycles=1)

    def cycles(sequence: str) -> int:
        address, data = code[sequence]
        return cost_block(data, address, stalls).cycles

    assert cycles("vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s0") == 3
    assert cycles("ldr r0, [r1]; add r4, r4, r5; ldr r1, [r2]") == 5  # r4 is no address
    assert cycles("add r1, r4, r5; ldr r0, [r1]") == 4
    assert cycles("vmul.f32 s0, s1, s2; vmla.f32 s0, s3, s4") == 4  # an addend is needed one cycle later


def test_what_section_3_3_2_and_note_d_leave_open(code: dict[str, tuple[int, bytes]]) -> None:
    """Each switch moves its own sequence and no other."""
    open_to = {
        "adds r0, #1; it eq; addeq r0, #1": (CycleModel(it_cycles=0), -1),  # 3-1, note d: behind 16 bits
        "add.w r0, r0, #1; it eq; addeq r0, #1": (CycleModel(it_cycles=0), 0),
        "ldr r0, [pc, #4]": (CycleModel(literal_load_cycles=1), 1),
        "ldr r0, [r1]": (CycleModel(literal_load_cycles=1), 0),
        "tbb [pc, r0]": (CycleModel(table_branch_cycles=3), 1),
        "bl reset": (CycleModel(table_branch_cycles=3), 0),
    }
    for sequence, (model, more) in open_to.items():
        address, data = code[sequence]
        assert cost_block(data, address, model).cycles - SEQUENCES[sequence] == more, sequence


def test_branches_tell_when_they_are_taken(code: dict[str, tuple[int, bytes]]) -> None:
    blocks = {text: cost_block(data, address, CycleModel()) for text, (address, data) in code.items()}
    always, maybe, none = blocks["bl reset"], blocks[".inst.n 0xd000"], blocks["dsb"]
    assert always.takes_branch(always.end) and always.takes_branch(0)
    assert maybe.takes_branch(0) and not maybe.takes_branch(maybe.end)
    assert not none.takes_branch(none.end)


@pytest.mark.parametrize(("refill", "expected"), [(1, (1, 1, 2)), (2, (2, 2, 3)), (3, (3, 3, 3))])
def test_refill_by_width_and_alignment_of_the_target(refill: int, expected: tuple[int, int, int]) -> None:
    model, narrow, wide = CycleModel(branch_refill_cycles=refill), b"\x00\xbf", b"\x00\xf0"
    assert (model.refill(0x102, narrow), model.refill(0x100, wide), model.refill(0x102, wide)) == expected


def test_a_cut_block_goes_on_where_it_was_cut(code: dict[str, tuple[int, bytes]]) -> None:
    address, data = code["ldr r0, [r1]; ldr r1, [r2]"]
    assert cost_block(data[2:], address + 2, CycleModel()).cycles == 2
    assert cost_block(data[2:], address + 2, CycleModel(), lead=data[:2]).cycles == 1


def test_bad_models_and_unknown_code_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 3"):
        CycleModel(branch_refill_cycles=4)
    with pytest.raises(BoardError, match="no Thumb instruction at 0x00010002: ffff"):
        cost_block(bytes.fromhex("00bfffff"), 0x10000, CycleModel())
    with pytest.raises(BoardError, match="no row for `pld` at 0x00010000"):
        cost_block(bytes.fromhex("90f800f0"), 0x10000, CycleModel())
