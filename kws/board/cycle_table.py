"""The instructions of a Cortex-M4 in groups that cost alike, from ARM DDI 0439D (Technical Reference Manual, r0p1).

Names are the manual's, in lower case, without condition and size suffix. kws/board/cycles.py turns a group into cycles.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Table 3-1, core instructions of one cycle. IT can take none behind a 16-bit instruction (note d): charged as one.
# WFE and WFI take 1 + W: waiting is not charged. The decoder calls NOP, SEV, WFE and WFI `hint`.
CORE_ONE = _names(
    """mov movw movt mvn add addw adc adr sub subw sbc rsb mul mla mls smull umull smlal umlal ssat usat cmp cmn and eor
    orr orn bic tst teq lsl lsr asr ror rrx clz clrex it sxth sxtb uxth uxtb ubfx sbfx bfc bfi rev rev16 revsh rbit
    hint"""
)

# Table 3-2, DSP instructions: all of them take one cycle.
DSP_ONE = _names(
    """smmla smmls smmul smmlar smmlsr smmulr smlabb smlabt smlatb smlatt smlalbb smlalbt smlaltb smlaltt smlald smlaldx
    smulbb smulbt smultb smultt smulwb smulwt smlawb smlawt smusd smusdx smlad smladx smlsd smlsdx smlsld smlsldx smuad
    smuadx umaal ssat16 usat16 pkhtb pkhbt sxtb16 uxtb16 sxtab sxtab16 sxtah uxtab uxtab16 uxtah sel usad8 usada8 qadd
    qdadd qsub qdsub sadd8 sadd16 ssub8 ssub16 sasx ssax qadd8 qadd16 qsub8 qsub16 qasx qsax shadd8 shadd16 shsub8
    shsub16 shasx shsax uadd8 uadd16 usub8 usub16 uasx usax uqadd8 uqadd16 uqsub8 uqsub16 uqasx uqsax uhadd8 uhadd16
    uhsub8 uhsub16 uhasx uhsax"""
)

# Table 7-1, floating point. The decoder calls VMOV of a constant `fconsts`, VMRS to the flags `fmstat`, and VMOV from a
# core register to the top or bottom half of a double `fmdhr` and `fmdlr`.
FLOAT_ONE = _names(
    "vabs vadd vcmp vcmpe vcvt vcvtb vcvtt vcvtr vmrs vmsr vmul vneg vnmul vsub fconsts fmstat fmdhr fmdlr"
)
FLOAT_ACCUMULATE = _names("vmla vmls vnmla vnmls vfma vfms vfnma vfnms")  # 3
FLOAT_DIVIDE = _names("vdiv vsqrt")  # 14

# Table 3-1 and section 3.3.2, memory. Single loads and stores take 2, less where they pair; see cycles.py.
LOADS = _names("ldr ldrb ldrh ldrsb ldrsh ldrt ldrbt ldrht ldrsbt ldrsht ldrex ldrexb ldrexh vldr")
STORES = _names("str strb strh strt strbt strht vstr")
STORES_EXCLUSIVE = _names("strex strexb strexh")  # 3.3.2: treated like a load
PAIRS = _names("ldrd strd")  # 1 + N, N is 2
MULTIPLE = _names("ldm ldmdb stm stmdb push pop vldmia vldmdb vstmia vstmdb vpush vpop")  # 1 + N, doubles 1 + 2 N
MEMORY = LOADS | STORES | STORES_EXCLUSIVE | PAIRS | MULTIPLE

# Table 3-1, the rest.
BRANCHES = _names("b bl blx bx cbz cbnz")  # 1 + P, not taken 1
TABLE_BRANCHES = _names("tbb tbh")  # 2 + P
BARRIERS = _names("dmb dsb")  # 1 + B, and B is at least 0
DIVIDES = _names("sdiv udiv")  # 2 to 12
TRAPS = _names("udf svc bkpt")  # the emulated board ends there
SPECIAL = _names("cps mrs msr")  # 1 or 2: charged as 2

ONE = CORE_ONE | DSP_ONE | FLOAT_ONE | BRANCHES | BARRIERS | TRAPS
