"""What training the transformer of a preset will cost, worked out before anything runs: memory, FLOPs, samples a second.

Torch-free arithmetic over the sizes in `config.py`; the tests count the same things in the module itself. What is assumed rather
than known (the share of the device's peak that is reached) is an argument and is said in the output.
"""

from dataclasses import dataclass

from mutoscope.config import PATCH, PRESETS, SPACE_FACTOR, TIME_FACTOR, ModelConfig, TransformerConfig
from mutoscope.errors import SettingError

TOKENS_PER_CAPTION = 24  # of a usual one
ACTIVATION_BYTES = (
    70  # bytes kept for the backward pass by block, token and channel (bf16 autocast; measured on nano and mini)
)
BLOCK_INPUT_BYTES = 4  # the same, for the input of a block whose inside is computed again
LATENT_BYTES = 0.70  # bytes on the disk that a number of latents takes (dev/log.md; photographs, the embedded codec)
MIRROR_BYTES = 0.44  # the same for a mirror image, kept as what tells it from the picture
STATE_BYTES = 1 + 2 / 64  # bytes of a number of text states: one, and a scale for every 64
AVERAGES = 2  # of the weights, kept side by side
DEVICES: dict[str, tuple[float, float]] = {
    #        bf16 peak   memory
    #        TFLOP/s     GB        dense, as the maker states them
    "h200": (989.0, 141.0),
    "h100": (989.0, 80.0),
    "a100": (312.0, 80.0),
    "rtx4090": (165.0, 24.0),
}


@dataclass(frozen=True)
class Work:
    """One way to train: how many devices of what kind, on what, in what batches."""

    gpus: int = 8
    device: str = "h100"
    batch: int = 64  # samples a step and device
    width: int = 128
    height: int = 128
    frames: int = 1
    shard: bool = False
    checkpointing: bool = False
    utilisation: float = 0.3  # of the peak; what MODEL FLOPs of a well-fed GPU reach

    def __post_init__(self):
        for name, low in (("gpus", 1), ("batch", 1), ("frames", 1), ("width", 16), ("height", 16)):
            if getattr(self, name) < low:
                raise SettingError(f"{name} must be {low} or more, got {getattr(self, name)}")
        side = SPACE_FACTOR * PATCH
        if self.width % side or self.height % side or self.frames % TIME_FACTOR != 1:
            raise SettingError(
                f"got {self.width}x{self.height}, {self.frames} frames; sides are multiples of {side}, frames 1, 5, 9, ..."
            )
        if not 0 < self.utilisation <= 1:
            raise SettingError(f"the share of the peak lies between 0 and 1, got {self.utilisation}")

    @property
    def tokens(self) -> tuple[int, int]:
        """(latent frames, tokens of one frame)."""
        side = SPACE_FACTOR * PATCH
        return 1 + self.frames // TIME_FACTOR, (self.width // side) * (self.height // side)


@dataclass(frozen=True)
class Plan:
    """What `plan` worked out; bytes are per device."""

    parameters: int
    weights: float
    gradients: float
    optimiser: float
    averages: float
    casts: float  # bf16 copies of the weights in use
    activations: float
    flops: float  # of training on one sample
    samples_per_second: float  # of all devices together

    @property
    def total(self) -> float:
        """Bytes on one device."""
        return self.weights + self.gradients + self.optimiser + self.averages + self.casts + self.activations


def count_matrix_parameters(c: TransformerConfig) -> int:
    """Return how many parameters go to Muon: the matrices of blocks and adapter blocks."""
    D, F = c.width, c.hidden
    return c.depth * (6 * D * D + 3 * D * F) + c.adapter_depth * (4 * D * D + 3 * D * F)


def count_parameters(c: TransformerConfig) -> int:
    """Return how many parameters the transformer has."""
    D, P = c.width, c.latent_channels * PATCH**2
    head = D // c.heads
    adapter = c.text_width * D + D + c.adapter_depth * 2 * D + D
    pooling = c.text_width * (1 + c.questions + D) + c.questions + D + D * D + D if c.questions else 0
    ends = (
        (P * D + D)
        + (128 * D + D)
        + (D * D + D)
        + (D * D + D)
        + (6 * D * D + 6 * D)
        + (2 * D * D + 2 * D)
        + (P * D + P)
    )
    return count_matrix_parameters(c) + adapter + pooling + ends + c.depth * (6 * D + 2 * head)


def forward_flops(c: TransformerConfig, frames: int, tokens: int, pieces: int = TOKENS_PER_CAPTION) -> float:
    """Floating-point operations of the matrix products of one forward pass on one sample; two for each multiplication."""
    D, F, P = c.width, c.hidden, c.latent_channels * PATCH**2
    N, L, t = frames * tokens, pieces, frames
    block = N * (4 * D * D + 3 * D * F) + L * 2 * D * D + 2 * N * (N + L) * D
    adapter = L * (4 * D * D + 3 * D * F) + 2 * L * L * D
    pooling = L * c.text_width * (D + c.questions) + D * D if c.questions else 0
    ends = pooling + 2 * N * P * D + L * c.text_width * D + t * (128 + 9 * D) * D + D * D
    return 2.0 * (c.depth * block + c.adapter_depth * adapter + ends)


def plan(config: ModelConfig, work: Work) -> Plan:
    """Work out what training this preset's transformer takes."""
    if work.device not in DEVICES:
        raise SettingError(f"unknown device {work.device!r}; known: {', '.join(DEVICES)}")
    c = config.transformer
    frames, tokens = work.tokens
    every, matrices = count_parameters(c), count_matrix_parameters(c)
    share = work.gpus if work.shard else 1
    per_sample = frames * tokens * c.width * ACTIVATION_BYTES
    kept = (c.depth * BLOCK_INPUT_BYTES / ACTIVATION_BYTES + 1) if work.checkpointing else c.depth
    forward = forward_flops(c, frames, tokens)
    flops = forward * (4 if work.checkpointing else 3)  # backward is two forwards; recomputing is one more
    peak = DEVICES[work.device][0] * 1e12
    return Plan(
        parameters=every,
        weights=4 * every / share,
        gradients=4 * every / share,
        optimiser=(4 * matrices + 8 * (every - matrices)) / share,
        averages=4 * AVERAGES * every / share,
        casts=2 * every / (c.depth if work.shard else 1),  # sharded: one block at a time
        activations=work.batch * per_sample * kept,
        flops=flops,
        samples_per_second=work.gpus * peak * work.utilisation / flops,
    )


@dataclass(frozen=True)
class Caches:
    """Bytes that `RUN/cache` holds of one item; `texts` where no other item has its caption."""

    pixels: int
    latents: int
    texts: int


def cache_bytes(config: ModelConfig, work: Work) -> Caches:
    """Work out what is kept of an item: pixels, latents (of pictures mirrored too) and text states."""
    c, (frames, tokens) = config.transformer, work.tokens
    each = LATENT_BYTES + (MIRROR_BYTES if work.frames == 1 else 0.0)
    latents = round(each * c.latent_channels * frames * tokens * PATCH**2)
    texts = round(STATE_BYTES * TOKENS_PER_CAPTION * c.text_width)
    return Caches(3 * work.width * work.height * work.frames, latents, texts)


def describe(config: ModelConfig, work: Work, seconds: float = 0.0) -> list[tuple[str, str]]:
    """Return the plan as (name, what) rows; with `seconds` also what a run of that length sees."""
    made, (frames, tokens) = plan(config, work), work.tokens
    room = DEVICES[work.device][1]
    rows = [
        ("transformer", f"{made.parameters:,} parameters"),
        (
            "a sample",
            f"{work.width}x{work.height}, {work.frames} frames: {frames * tokens} tokens, {TOKENS_PER_CAPTION} word pieces",
        ),
        ("weights", f"{format_bytes(made.weights)}  float32{', shared out' if work.shard else ''}"),
        ("gradients", format_bytes(made.gradients)),
        ("optimiser", f"{format_bytes(made.optimiser)}  Muon one number a weight, AdamW two"),
        ("averages", f"{format_bytes(made.averages)}  {AVERAGES} widths"),
        ("bf16 copies", format_bytes(made.casts)),
        (
            "activations",
            f"{format_bytes(made.activations)}  batch {work.batch} a device, {ACTIVATION_BYTES} bytes a block, token, channel",
        ),
        (
            "in all",
            f"{format_bytes(made.total)}  of {room:.0f} GB on {work.device}{'' if made.total < 0.9e9 * room else ': too much'}",
        ),
        ("FLOPs", f"{made.flops / 1e9:,.1f} G a sample, forward, backward{', recomputed' * work.checkpointing}"),
        (
            "samples/s",
            f"{made.samples_per_second:,.0f} = {work.gpus} x {DEVICES[work.device][0]:.0f} TFLOP/s x {work.utilisation:g} "
            "(assumed share of the peak) / FLOPs; not measured",
        ),
    ]
    caches = cache_bytes(config, work)
    rows.append(
        (
            "RUN/cache",
            f"for 1,000 items: pixels {format_bytes(1e3 * caches.pixels)}, latents {format_bytes(1e3 * caches.latents)}, "
            f"captions {format_bytes(1e3 * caches.texts)} where all differ",
        )
    )
    if seconds:
        seen = made.samples_per_second * seconds
        rows.append(("the budget", f"{seen:,.0f} samples, {seen / (work.batch * work.gpus):,.0f} steps"))
    return rows


def make_table() -> str:
    """Return one Markdown line per preset, for docs/training.md."""
    rows = [
        "| preset | parameters | state on a device | activations, batch 64 | FLOPs a sample | samples/s, one H100 |",
        "|---|---|---|---|---|---|",
    ]
    for name, config in PRESETS.items():
        made = plan(config, Work(gpus=1))
        state = format_bytes(made.total - made.activations)
        rows.append(
            f"| {name} | {made.parameters / 1e6:,.2f} M | {state} | {format_bytes(made.activations)} | "
            f"{made.flops / 1e9:,.2f} G | {made.samples_per_second:,.0f} |"
        )
    return "\n".join(rows)


def format_bytes(bytes_: float) -> str:
    """Bytes in words."""
    return f"{bytes_ / 1e9:,.2f} GB" if bytes_ >= 1e8 else f"{bytes_ / 1e6:,.1f} MB"


if __name__ == "__main__":
    print(make_table())
