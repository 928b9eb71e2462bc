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

import torch
from torch import Tensor, nn

from mutoscope.config import GUIDANCE_TAUGHT, PATCH, TransformerConfig
from mutoscope.layers import EncoderBlock, Norm, SwiGLU, attention, join_heads, rotate, split_heads
from mutoscope.shapes import rotary_table


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
        self.norm_attention = Norm(width, affine=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.text_kv = nn.Linear(width, 2 * width, bias=False)
        self.norm_q = Norm(width // config.heads)
        self.norm_k = Norm(width // config.heads)
        self.out = nn.Linear(width, width, bias=False)
        self.norm_mlp = Norm(width, affine=False)
        self.mlp = SwiGLU(width, config.hidden)
        self.table = nn.Parameter(torch.zeros(6, width))

    def forward(self, tokens, condition, text, rotary, mask, past):
        """Return tokens (B, N, D) and the keys (not yet rotated) and values (B, A, N, K) of these frames.

        `condition` (B, t, 6, D) scale, shift, gate twice; `mask` (B, 1, N or 1, S); `past` (keys, values, their rotary
        table) of finished frames, or None.
        """
        scale1, shift1, gate1, scale2, shift2, gate2 = (condition + self.table).unbind(2)

        q, k, v = self.qkv(modulate(self.norm_attention(tokens), scale1, shift1)).chunk(3, -1)
        text_k, text_v = self.text_kv(text).chunk(2, -1)
        q_BASK = rotate(self.norm_q(split_heads(q, self.heads)), rotary)
        k_BASK = self.norm_k(split_heads(k, self.heads))
        v_BASK = split_heads(v, self.heads)
        all_k = [self.norm_k(split_heads(text_k, self.heads)), rotate(k_BASK, rotary)]
        all_v = [split_heads(text_v, self.heads), v_BASK]
        if past is not None:
            all_k.insert(1, rotate(past[0], past[2]))
            all_v.insert(1, past[1])
        seen = self.out(join_heads(attention(q_BASK, torch.cat(all_k, 2), torch.cat(all_v, 2), mask)))
        tokens = gated_add(tokens, gate1, seen)
        tokens = gated_add(tokens, gate2, self.mlp(modulate(self.norm_mlp(tokens), scale2, shift2)))
        return tokens, (k_BASK, v_BASK)


def modulate(tokens: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """tokens (B, N, D) times 1 + scale plus shift, both (B, t, D), frame by frame."""
    B, N, D = tokens.shape
    frames = scale.shape[1]
    x = tokens.reshape(B, frames, -1, D) * (1 + scale[:, :, None]) + shift[:, :, None]
    return x.reshape(B, N, D)


def gated_add(tokens: Tensor, gate: Tensor, update: Tensor) -> Tensor:
    """tokens + gate (B, t, D) * update, frame by frame."""
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
        self.norm = Norm(width, affine=False)
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

    def forward_tokens(self, patches, time, text, text_mask, rotary, mask=None, past=None, delta=None, guidance=None):
        """Velocity patches (B, N, P), keys and values (layers, B, A, N, K) of these frames.

        patches (B, N, P); time (B, t); text (B, L, D) and text_mask (B, L) bool; rotary (2, N, K/2); mask (N, N) bool over
        these frames or None; past = (keys, values, rotary), keys and values (layers, B, A, S, K), rotary (2, S, K/2), or None; delta and
        guidance as for `forward`.
        """
        tokens = self.embed(patches)  # B N D
        weight = text_mask.to(text.dtype)[..., None]
        mean = (text * weight).sum(1) / weight.sum(1).clamp(min=1.0)  # B D
        context = nn.functional.silu(self.moment(time, delta, guidance) + self.pool(mean)[:, None])  # B t D
        condition = self.condition(context).unflatten(-1, (6, -1))  # B t 6 D
        full = join_masks(text_mask, mask, tokens.shape[1], past[0].shape[3] if past is not None else 0)
        keys, values = [], []
        for i, block in enumerate(self.blocks):
            layer_past = (past[0][i], past[1][i], past[2]) if past is not None else None
            tokens, (k, v) = block(tokens, condition, text, rotary, full, layer_past)  # B N D
            keys.append(k)
            values.append(v)
        scale, shift = self.last(context).chunk(2, -1)
        patches = self.head(modulate(self.norm(tokens), scale, shift))  # B N P
        return patches, torch.stack(keys), torch.stack(values)

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
        patches, _, _ = self.forward_tokens(
            patchify(latents), time, text, text_mask, rotary, mask, None, delta, guidance
        )
        return unpatchify(patches, t, rows, columns)


def join_masks(text_mask: Tensor, mask: Tensor | None, tokens: int, past: int) -> Tensor:
    """Return (B, 1, N or 1, L + past + N): the text's own mask, everything past, and `mask` or everything in these frames."""
    B = text_mask.shape[0]
    if mask is None:
        seen = torch.ones((B, past + tokens), dtype=torch.bool, device=text_mask.device)
        return torch.cat([text_mask, seen], 1)[:, None, None]
    over_text = text_mask[:, None, :].expand(B, tokens, text_mask.shape[1])
    over_past = torch.ones((B, tokens, past), dtype=torch.bool, device=text_mask.device)
    return torch.cat([over_text, over_past, mask.expand(B, tokens, tokens)], 2)[:, None]
