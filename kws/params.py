"""params.yaml -> frozen models that refuse a bad value when they are built: key, value and what is accepted."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kws.errors import ParamsError
from kws.yaml_files import YAMLError, load

Real = Annotated[float, Field(strict=True)]  # an int too, but not a boolean or text
Bits = Annotated[int, Field(strict=True, ge=2, le=8)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Amount = Annotated[float, Field(strict=True, ge=0, lt=1)]
Positive = Annotated[float, Field(strict=True, gt=0)]
WORD_PATTERN = r"^[^\W_](?:[\w' -]*\w)?$"  # also the name of a folder
WORD_LETTERS_MAX = 40
Count = Annotated[int, Field(strict=True, ge=1)]
NotNegative = Annotated[float, Field(strict=True, ge=0)]


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError(f"a range is lowest first, [{ends[1]:g}, {ends[0]:g}]")
    return ends


Gains = Annotated[tuple[Real, Real], AfterValidator(_rising)]
Speeds = Annotated[tuple[Positive, Positive], AfterValidator(_rising)]


class Section(BaseModel):
    """A section of params.yaml: an unknown key, a wrong type or a value out of range is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


class Data(Section):
    """Where speech comes from, and which words are told apart."""

    source: Literal["synthetic", "speech_commands", "folder"]
    root: str | None
    words: tuple[Annotated[str, Field(pattern=WORD_PATTERN, max_length=WORD_LETTERS_MAX, strict=True)], ...] = Field(
        min_length=1, max_length=60
    )
    seed: Annotated[int, Field(strict=True, ge=0)]
    synthetic_clips: Annotated[int, Field(strict=True, ge=200)]
    unknown_ratio: Positive
    silence_ratio: Positive

    @model_validator(mode="after")
    def _consistent(self) -> "Data":
        if len(set(self.words)) != len(self.words):
            raise ValueError("words holds the same word twice; name each once")
        if self.source == "folder" and self.root is None:
            raise ValueError("source is folder but root is null; set root to the folder that holds <word>/*.wav")
        return self


class FrontEnd(Section):
    """The front end; window, stride and number of bands are fixed by the architecture's input."""

    kind: Literal["pcen", "log_mel", "mfcc"]
    low_hz: Annotated[float, Field(strict=True, ge=0)]
    high_hz: Annotated[float, Field(strict=True, le=8000)]
    log_floor: Positive
    pcen_alpha: Annotated[float, Field(strict=True, gt=0, le=1)]
    pcen_epsilon: Annotated[float, Field(strict=True, ge=1e-8, le=1)]
    pcen_delta: Annotated[float, Field(strict=True, gt=0, le=1000)]

    @model_validator(mode="after")
    def _consistent(self) -> "FrontEnd":
        if self.high_hz - self.low_hz < 1000:
            raise ValueError(f"high_hz {self.high_hz} must lie at least 1000 Hz above low_hz {self.low_hz}")
        return self


class Augmentation(Section):
    """Random changes of each training clip; `copies` different ones are made of each."""

    copies: Count
    seed: Annotated[int, Field(strict=True, ge=0)]
    shift_ms: Annotated[float, Field(strict=True, ge=0, le=500)]
    gain_db: Gains
    noise_probability: Share
    noise_volume: Share
    speed_probability: Share
    speed: Speeds


class Model(Section):
    """The architecture."""

    name: Literal["tiny_conv", "ds_cnn"]
    filters: Annotated[int, Field(strict=True, ge=1, le=64)] | None  # null: the architecture's own number
    dropout: Amount


class Optimization(Section):
    """What every training loop needs."""

    epochs: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: NotNegative
    average_decay: Amount


class Train(Optimization):
    """Training of the float model from scratch, and what its batches hold; fine-tuning draws the same."""

    seeds: Annotated[int, Field(strict=True, ge=1, le=50)]
    warmup_epochs: NotNegative
    label_smoothing: Amount
    silence_share: Share
    unknown_share: Share
    patience_epochs: Annotated[int, Field(strict=True, ge=1)] | None
    mask_frames: Annotated[int, Field(strict=True, ge=0, le=25)]
    mask_bands: Annotated[int, Field(strict=True, ge=0, le=20)]
    device: Literal["cpu", "cuda", "auto"]

    @model_validator(mode="after")
    def _consistent(self) -> "Train":
        if self.silence_share + self.unknown_share >= 1:
            raise ValueError("silence_share and unknown_share together must leave something for the words (below 1)")
        return self


class FineTuning(Optimization):
    """Further training of a trained model, taught by the float one."""

    dropout: Amount
    distillation: Share
    temperature: Positive


def _minifloat(bits: tuple[int, int]) -> tuple[int, int]:
    if sum(bits) > 7:
        raise ValueError("a minifloat has at most 8 bits: a sign, and exponent and mantissa bits of at most 7 together")
    return bits


# 5 exponent bits reach from 1 to 2^30 of the smallest step; 1 would be an integer grid.
Minifloat = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=2, le=5)], Annotated[int, Field(strict=True, ge=0, le=5)]],
    AfterValidator(_minifloat),
]


class Quantizers(Section):
    """What both sweeps quantize to, and how they first choose scales; see kws.quantized.Scheme."""

    weight_bits: tuple[Bits, ...] = Field(min_length=1)
    minifloat: tuple[Minifloat, ...]
    granularity: Literal["channel", "tensor"]
    activation_symmetry: Literal["asymmetric", "symmetric"]
    calibration: Literal["min_max", "percentile", "mse"]
    percentile: Annotated[float, Field(strict=True, gt=50, le=100)]
    calibration_clips: Count


class PtqSweep(Quantizers):
    """Quantization after training."""

    weight_symmetry: Literal["symmetric", "asymmetric"]
    rounding: Literal["nearest", "gptq"]
    bias_correction: bool


class QatSweep(Quantizers, FineTuning):
    """Quantization-aware training."""


class PruneSweep(FineTuning):
    """Amounts are fractions removed: of all weights (unstructured), of the filters (structured)."""

    unstructured_amounts: tuple[Amount, ...] = Field(min_length=1)
    ranking: Literal["lamp", "global", "layer"]
    schedule: Literal["gradual", "one_shot"]
    structured_amounts: tuple[Amount, ...] = Field(min_length=1)
    importance: Literal["variance", "l1", "l2", "linf", "taylor"]


class Convert(Section):
    """Which model is deployed, which others go to the board beside it, and PyTorch to TFLite."""

    candidate: Annotated[str, Field(strict=True, min_length=1)]
    max_flash_bytes: Count | None
    max_ram_bytes: Count | None
    max_inference_ms: Positive | None
    sparse_from: Share
    calibration_clips: Count


class Flash(Section):
    """The board, and how it is reached."""

    board: Literal["emulator", "nano33ble", "nrf52840", "any"]
    port: Annotated[str, Field(strict=True, min_length=1)] | None
    baud: Literal[9600, 57600, 115200, 230400, 460800, 921600, 1000000]
    timeout_s: Positive

    @model_validator(mode="after")
    def _consistent(self) -> "Flash":
        if self.board in ("nrf52840", "any") and self.port is None:
            raise ValueError(
                f"board is {self.board} but port is null: set port to the serial port that is wired to P1.03 (TX) and "
                "P1.10 (RX), such as /dev/ttyUSB0 or socket://HOST:PORT; without a board, set board to emulator"
            )
        return self


class McuBenchmark(Section):
    """What is sent to the board and how often it is timed."""

    clips: Count
    timed_clips: Annotated[int, Field(strict=True, ge=2)]
    timed_clips_pruned: Count

    @model_validator(mode="after")
    def _consistent(self) -> "McuBenchmark":
        if max(self.timed_clips, self.timed_clips_pruned) > self.clips:
            raise ValueError(f"timed_clips and timed_clips_pruned must be at most clips ({self.clips})")
        return self


class Listen(Section):
    """How a board listens: firmware/src/listen.h."""

    strides: Annotated[int, Field(strict=True, ge=1, le=50)]
    smoothing: Annotated[int, Field(strict=True, ge=1, le=8)]
    threshold: Annotated[float, Field(strict=True, gt=0, le=1)]
    suppression_ms: Annotated[int, Field(strict=True, ge=0, le=60_000)]


class Params(Section):
    """The whole of params.yaml."""

    bits: Bits
    data: Data
    front_end: FrontEnd
    augmentation: Augmentation
    model: Model
    train: Train
    ptq_sweep: PtqSweep
    qat_sweep: QatSweep
    prune_sweep: PruneSweep
    convert: Convert
    flash: Flash
    mcu_benchmark: McuBenchmark
    listen: Listen


HOW_BACK = (
    "Correct it in params.yaml (`git diff params.yaml` shows what changed, `git checkout HEAD params.yaml` undoes it) "
    "and run `dvc repro`: where DVC has already removed a stage's outputs, it restores them from its cache or, in a "
    "fresh clone, makes them anew (`git checkout HEAD metrics plots` brings the committed ones back)."
)


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check the whole file, whichever part the caller needs.

    Raises:
        ParamsError: naming each key, its value and what is accepted.
    """
    try:
        content = load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            f"{path} is missing: run in the repository's root, or `git checkout HEAD params.yaml`."
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} is not YAML: {' '.join(str(error).split())}. {HOW_BACK}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise ParamsError(f"{path}: {'; '.join(map(told, _causes(error.errors())))}. {HOW_BACK}") from None


def _causes(problems: list[dict]) -> list[dict]:
    """The findings without those about a list as a whole that only follow from one of its entries."""
    places = [problem["loc"] for problem in problems]
    return [one for one in problems if not any(place[:-1] == one["loc"] for place in places if place)]


def told(problem: dict) -> str:
    """One of pydantic's findings on a Section in words: key, value, what is accepted."""
    key = ".".join(str(part) for part in problem["loc"]) or "the file"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return (
            f"`{key}` is not a key that anything reads (its value is {problem['input']!r}); look for a spelling mistake"
        )
    if problem["type"] == "missing":
        return f"`{key}` is missing"
    shown = "" if isinstance(problem["input"], dict) else f" is {problem['input']!r}"
    return f"`{key}`{shown}: {message[0].lower() + message[1:]}"
