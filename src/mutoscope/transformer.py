"""The diffusion transformer of pictures and clips: (latents, time, text) -> velocity.

Block-causal: tokens of latent frame k see the text, frame 0 and the last `window` frames up to k, so one set of weights draws
pictures (one frame) and clips of any length, and a clip streams with a key/value cache of constant size. Text states pass two
adapter blocks once and then enter every block as keys and values of their own; time and the mean text state modulate the
blocks (adaLN-single, PixArt-alpha, Chen et al. 2023). A pooled text embedding (`AttentionPool`) is added to every text state, so that
one noun of many words is not lost in their mean. See dev/adr/0002.

Legend: latents B c t h w, tokens B N D, text B L D, heads B A S K, time (B, t). n = tokens of one frame, N = t n. delta (B, t): the
length t - r of the interval [r, t] of MeanFlow (train/distil.py), of few-step networks alone.
"""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from mutoscope.config import GUIDANCE_TAUGHT, PATCH, TransformerConfig
from mutoscope.layers import (
    NORM_EPSILON,
    EncoderBlock,
    Norm,
    SwiGLU,
    attention,
    join_heads,
    linear_parts,
    rotate,
    split_heads,
)
from mutoscope.shapes import rotary_table

KeysValues = tuple[Tensor, Tensor]


def frame_mask(frames: int, tokens: int, window: int, device=None) -> Tensor:
    """Return (N, N), True where a token of frame q may see one of frame k: k <= q and (q - k < window or k = 0)."""
    index = torch.arange(frames, device=device).repeat_interleave(tokens)
    back = index[:, None] - index[None, :]
    return (back >= 0) & ((back < window) | (index[None, :] == 0))


def patchify(latents: Tensor) -> Tensor:
    """(B, c, t, h, w) -> (B, N, c * PATCH^2)."""
    B, c, t, h, w = latents.shape
    x = latents.reshape(B, c, t, h // PATCH, PATCH, w // PATCH, PATCH)
    return x.permute(0, 2, 3, 5, 1, 4, 6).reshape(B, -1, c * PATCH * PATCH)


def unpatchify(tokens: Tensor, frames: int, rows: int, columns: int) -> Tensor:
    """(B, N, c * PATCH^2) -> (B, c, t, h, w) for a grid of `rows` x `columns` tokens."""
    B, _, width = tokens.shape
    x = tokens.reshape(B, frames, rows, columns, width // PATCH**2, PATCH, PATCH)
    return x.permute(0, 4, 1, 2, 5, 3, 6).reshape(B, -1, frames, rows * PATCH, columns * PATCH)


class TimeEmbedding(nn.Module):
    """Sines of the time at many rates up to `fastest` (radians), then a two-layer MLP."""

    rates: Tensor

    def __init__(self, width: int, rates: int = 64, fastest: float = 1000.0):
        super().__init__()
        self.register_buffer("rates", torch.exp(torch.linspace(0, math.log(fastest), rates)), persistent=False)
        self.up = nn.Linear(2 * rates, width)
        self.down = nn.Linear(width, width)

    def forward(self, time: Tensor) -> Tensor:
        """(...) in [0, 1] -> (..., D)."""
        angle = time.float()[..., None] * self.rates
        waves = torch.cat([angle.cos(), angle.sin()], dim=-1).to(self.up.weight.dtype)
        return self.down(nn.functional.silu(self.up(waves)))


class FewStepEmbedding(nn.Module):
    """MeanFlow's delta and the scale of guidance, embedded like the time; zero at first (`Transformer.init_weights`).

    Their sines are slow: the average velocity changes smoothly with both.
    """

    def __init__(self, width: int):
        super().__init__()
        self.span = TimeEmbedding(width, fastest=30.0)  # of delta; its name in the files of weights
        self.guidance = TimeEmbedding(width, fastest=30.0)

    def forward(self, delta: Tensor, guidance: Tensor) -> Tensor:
        """(...) in [0, 1] and (...) in GUIDANCE_TAUGHT -> (..., D)."""
        return self.span(delta) + self.guidance(guidance / GUIDANCE_TAUGHT[1])


class AttentionPool(nn.Module):
    """Pooled text embedding: learned queries attend to the states of the text tower, and their answers make one vector.

    Zero at first (`Transformer.init_weights`).
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.queries = config.questions
        self.norm = Norm(config.text_width)
        self.key = nn.Linear(config.text_width, config.questions)
        self.value = nn.Linear(config.text_width, config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, L, text width), (B, L) bool -> (B, 1, D)."""
        states = self.norm(states)
        weight = self.key(states).masked_fill(~mask[..., None], -1e4).softmax(1)  # B L Q
        pooled = self.value(states).unflatten(-1, (self.queries, -1))  # B L Q D/Q
        return self.out((weight[..., None] * pooled).sum(1, keepdim=True).flatten(2))


class TextAdapter(nn.Module):
    """Text tower states -> the states that the transformer attends to, cleaned of padding by the mask."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.project = nn.Linear(config.text_width, config.width)
        self.blocks = nn.ModuleList(
            EncoderBlock(config.width, config.heads, config.hidden) for _ in range(config.adapter_depth)
        )
        self.norm = Norm(config.width)
        self.gist = AttentionPool(config) if config.questions else None  # its name in the files of weights

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """(B, L, text width), (B, L) bool -> (B, L, D)."""
        text = self.project(states)
        for block in self.blocks:
            text = block(text, mask[:, None, None, :])
        text = self.norm(text)
        return text if self.gist is None else text + self.gist(states, mask)


class Block(nn.Module):
    """Attention over text and frames, then SwiGLU, both scaled, shifted and gated by the condition of their frame."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.text_kv = nn.Linear(width, 2 * width, bias=False)
        self.norm_q = Norm(width // config.heads)
        self.norm_k = Norm(width // config.heads)
        self.out = nn.Linear(width, width, bias=False)
        self.mlp = SwiGLU(width, config.hidden)
        self.table = nn.Parameter(torch.zeros(6, width))

    def read_text(self, text: Tensor) -> KeysValues:
        """Text (B, L, D) -> its keys and values for this block, (B, A, L, K) each."""
        keys, values = self.text_kv(text).chunk(2, -1)
        return self.norm_k(split_heads(keys, self.heads)), split_heads(values, self.heads)

    def forward(
        self, tokens: Tensor, condition: Tensor, context: KeysValues, rotary: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, KeysValues]:
        """Return tokens (B, N, D), and the keys (not yet rotated) and values (B, A, N, K) of these frames.

        `condition` (B, t, 6, D): scale, shift, gate twice; `context`: keys and values (B, A, S, K) of text and finished frames,
        keys rotated; `rotary` (2, N, K/2); `mask` (B, 1, N or 1, S + N), or None where everything is seen.
        """
        scale1, shift1, gate1, scale2, shift2, gate2 = (condition + self.table).unbind(2)

        x = modulated_norm(tokens, scale1, shift1)
        q, k, v = (split_heads(part, self.heads) for part in linear_parts(self.qkv, x, 3))
        q_BASK, k_BASK = self.norm_q(q), self.norm_k(k)
        all_k = torch.cat([context[0], rotate(k_BASK, rotary)], 2)
        all_v = torch.cat([context[1], v], 2)
        seen = self.out(join_heads(attention(rotate(q_BASK, rotary), all_k, all_v, mask)))
        tokens = gated_add(tokens, gate1, seen)
        tokens = gated_add(tokens, gate2, self.mlp(modulated_norm(tokens, scale2, shift2)))
        return tokens, (k_BASK, v)


def modulated_norm(tokens: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Layer norm of tokens (B, N, D), times 1 + scale plus shift, both (B, t, D), frame by frame.

    With one condition for all tokens these are the weight and bias of the norm: one kernel instead of three.
    """
    B, N, _ = tokens.shape
    D = int(tokens.shape[2])  # else the tracing of a graph takes it for a variable
    if scale.shape[:2] == (1, 1):
        weight, bias = (1 + scale[0, 0]).to(tokens.dtype), shift[0, 0].to(tokens.dtype)  # autocast makes them shorter
        return nn.functional.layer_norm(tokens, (D,), weight, bias, NORM_EPSILON)
    x = nn.functional.layer_norm(tokens, (D,), None, None, NORM_EPSILON).reshape(B, scale.shape[1], -1, D)
    return (x * (1 + scale[:, :, None]) + shift[:, :, None]).reshape(B, N, D)


def gated_add(tokens: Tensor, gate: Tensor, update: Tensor) -> Tensor:
    """tokens + gate (B, t, D) * update, frame by frame."""
    if gate.shape[:2] == (1, 1):
        return tokens + update * gate
    B, N, D = tokens.shape
    return tokens + (update.reshape(B, gate.shape[1], -1, D) * gate[:, :, None]).reshape(B, N, D)


class Transformer(nn.Module):
    """The velocity network; of a few-step config, the network of average velocities."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        width, patch = config.width, config.latent_channels * PATCH**2
        self.adapter = TextAdapter(config)
        self.embed = nn.Linear(patch, width)
        self.time = TimeEmbedding(width)
        self.few_step = FewStepEmbedding(width) if config.few_step else None
        self.pool = nn.Linear(width, width)
        self.condition = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.last = nn.Linear(width, 2 * width)
        self.head = nn.Linear(width, patch)
        self.init_weights()

    def init_weights(self) -> None:
        """Initialise everything.

        Linear weights: normal, deviation 1/sqrt(fan in). condition, last, out (of blocks and pooling), mlp.down, head: zero. Biases:
        zero.
        Second layers of the embeddings of delta and guidance: zero, so that a student starts as its teacher.
        condition's bias: zero scale and shift, gate 1. Norm weights: one.
        """
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                zero = name in ("condition", "last", "head") or name.endswith(
                    ("out", "mlp.down", "span.down", "guidance.down")
                )
                nn.init.normal_(module.weight, std=0.0 if zero else module.in_features**-0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        gates = self.condition.bias.data.view(6, -1)
        gates[2] = gates[5] = 1.0

    def adapt(self, states: Tensor, mask: Tensor) -> Tensor:
        """Text tower states (B, L, text width) and mask (B, L) -> text (B, L, D), done once per prompt."""
        return self.adapter(states, mask)

    def moment(self, time: Tensor, delta: Tensor | None, guidance: Tensor | None) -> Tensor:
        """Time (B, t), and for a few-step network delta and guidance (B, t), 0 and 1 when None -> (B, t, D)."""
        if self.few_step is None:
            return self.time(time)
        delta = torch.zeros_like(time) if delta is None else delta
        guidance = torch.ones_like(time) if guidance is None else guidance
        return self.time(time) + self.few_step(delta, guidance)

    def all_blocks(self) -> Iterator[Block]:
        """Give the blocks in their order."""
        for block in self.blocks:
            assert isinstance(block, Block)
            yield block

    def pool_text(self, text: Tensor, mask: Tensor | None = None) -> Tensor:
        """Text (B, L, D), adapted, and its mask (B, L), None where all of it stands -> what modulates the blocks, (B, D)."""
        if mask is None:
            return self.pool(text.mean(1))
        weight = mask.to(text.dtype)[..., None]
        return self.pool((text * weight).sum(1) / weight.sum(1).clamp(min=1.0))

    def forward_tokens(
        self,
        patches: Tensor,  # (B, N, P)
        moment: Tensor,  # (B, t, D), see `moment`
        pooled: Tensor,  # (B, D), see `pool_text`
        contexts: Iterable[KeysValues],  # of each block, see Block.forward
        rotary: Tensor,  # (2, N, K/2)
        mask: Tensor | None = None,  # (B, 1, N or 1, S + N)
    ) -> tuple[Tensor, list[KeysValues]]:
        """Velocity patches (B, N, P), and of each block the keys and values (B, A, N, K) of these frames."""
        tokens = self.embed(patches)  # B N D
        signal = nn.functional.silu(moment + pooled[:, None])  # B t D
        condition = self.condition(signal).unflatten(-1, (6, -1))  # B t 6 D
        remembered = []
        for block, context in zip(self.all_blocks(), contexts, strict=True):
            tokens, own = block(tokens, condition, context, rotary, mask)  # B N D
            remembered.append(own)
        scale, shift = self.last(signal).chunk(2, -1)
        return self.head(modulated_norm(tokens, scale, shift)), remembered

    def read_text(self, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Text (B, L, D), adapted, all of it standing -> pooled (B, D), keys and values of every block (layers, B, A, L, K)."""
        keys, values = zip(*(block.read_text(text) for block in self.all_blocks()), strict=True)
        return self.pool_text(text), torch.stack(keys), torch.stack(values)

    def step(
        self,
        patches: Tensor,  # (B, N, P), of one latent frame
        time: Tensor,  # (B, 1)
        pooled: Tensor,  # (B, D)
        keys: Tensor,  # (layers, B, A, S, K), of text and finished frames, rotated
        values: Tensor,  # (layers, B, A, S, K)
        rotary: Tensor,  # (2, N, K/2)
        delta: Tensor | None = None,  # (B, 1)
        guidance: Tensor | None = None,  # (B, 1)
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One latent frame that sees a context: velocity patches (B, N, P), its own keys and values (layers, B, A, N, K)."""
        contexts = ((keys[i], values[i]) for i in range(len(self.blocks)))
        moment = self.moment(time, delta, guidance)
        velocity, remembered = self.forward_tokens(patches, moment, pooled, contexts, rotary)
        own_keys, own_values = zip(*remembered, strict=True)
        return velocity, torch.stack(own_keys), torch.stack(own_values)

    def predict_velocity(
        self,
        patches: Tensor,  # (B, N, P)
        time: Tensor,  # (B, t)
        text: Tensor,  # (B, L, D), adapted
        text_mask: Tensor,  # (B, L) bool
        rotary: Tensor,  # (2, N, K/2)
        mask: Tensor | None = None,  # (N, N) bool over these frames; None: they see each other
        delta: Tensor | None = None,
        guidance: Tensor | None = None,
    ) -> Tensor:
        """Velocity patches (B, N, P) of whole clips: the text is read anew, and there are no finished frames."""
        contexts = (block.read_text(text) for block in self.all_blocks())
        full = join_masks(text_mask, mask, patches.shape[1])
        pooled = self.pool_text(text, text_mask)
        return self.forward_tokens(patches, self.moment(time, delta, guidance), pooled, contexts, rotary, full)[0]

    def forward(
        self,
        latents: Tensor,  # (B, c, t, h, w)
        time: Tensor,  # (B, t)
        text: Tensor,  # (B, L, D), adapted
        text_mask: Tensor,  # (B, L) bool
        delta: Tensor | None = None,  # (B, t), few-step only: the velocity is the average over [time - delta, time]
        guidance: Tensor | None = None,  # (B, t), few-step only: the scale that the velocity is guided by
    ) -> Tensor:
        """Velocity (B, c, t, h, w) of whole clips at once, for training."""
        _, _, t, h, w = latents.shape
        rows, columns = h // PATCH, w // PATCH
        table = rotary_table(range(t), rows, columns, self.config.width // self.config.heads)
        rotary = torch.from_numpy(table).to(latents.device)
        mask = frame_mask(t, rows * columns, self.config.window, latents.device) if t > 1 else None
        patches = self.predict_velocity(patchify(latents), time, text, text_mask, rotary, mask, delta, guidance)
        return unpatchify(patches, t, rows, columns)


def join_masks(text_mask: Tensor, mask: Tensor | None, tokens: int) -> Tensor:
    """Return (B, 1, N or 1, L + N): the text's own mask, then `mask` (N, N), or everything in these frames."""
    B = text_mask.shape[0]
    if mask is None:
        seen = torch.ones((B, tokens), dtype=torch.bool, device=text_mask.device)
        return torch.cat([text_mask, seen], 1)[:, None, None]
    over_text = text_mask[:, None, :].expand(B, tokens, text_mask.shape[1])
    return torch.cat([over_text, mask.expand(B, tokens, tokens)], 2)[:, None]
