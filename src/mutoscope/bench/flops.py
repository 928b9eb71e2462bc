"""How much a call of a network multiplies, counted from the config: two FLOPs for a product and its sum.

As is usual only matrix products, attention and convolutions count; norms and activations are a percent or two of the work.
The letters are those of shapes.py: L text tokens, N visual tokens, S keys that a visual token sees, h w latent rows and columns.
"""

from mutoscope.config import PATCH, SPACE_FACTOR, TIME_FACTOR, CodecConfig, ModelConfig, TransformerConfig

TIME_WAVES = 128  # sines and cosines of a time, see transformer.TimeEmbedding
PIXEL_NUMBERS = 3 * SPACE_FACTOR**2  # of one frame under one latent row and column


def count_text(config: ModelConfig, tokens: int) -> int:
    """Return the FLOPs of reading L token ids: the text tower, then the adapter of the transformer."""
    tower, width = config.text, config.transformer.width
    blocks = tower.depth * _encoder_block(tokens, tower.width, 2 * tower.width * tower.hidden)
    adapter = config.transformer
    blocks += adapter.adapter_depth * _encoder_block(tokens, width, 3 * width * adapter.hidden)
    project = _product(tokens, tower.width, width)
    return blocks + project + _pooling(adapter, tokens)


def count_read_text(config: ModelConfig, tokens: int) -> int:
    """Return the FLOPs of a context of L text states: keys and values of every block, and the pooled text."""
    width = config.transformer.width
    return config.transformer.depth * _product(tokens, width, 2 * width) + _product(1, width, width)


def count_velocity(config: ModelConfig, tokens: int, context: int) -> int:
    """Return the FLOPs of one velocity of N tokens that see a context of S - N keys, and themselves."""
    sizes = config.transformer
    width, patch = sizes.width, sizes.latent_channels * PATCH**2
    weights = 4 * width * width + 3 * width * sizes.hidden
    block = _product(tokens, weights, 1) + _attention(tokens, context + tokens, width)
    embeddings = 3 if sizes.few_step else 1  # of time, and of delta and guidance
    moment = embeddings * (_product(1, TIME_WAVES, width) + _product(1, width, width)) + _product(1, width, 8 * width)
    return sizes.depth * block + 2 * _product(tokens, patch, width) + moment


def count_decode(config: ModelConfig, rows: int, columns: int, first: bool) -> int:
    """Return the FLOPs of decoding one latent frame (h, w): one frame at first, then four."""
    codec, cells = config.codec, rows * columns
    deep, middle, shallow = codec.decoding
    frames, top = (1 if first else TIME_FACTOR), 2 * shallow
    trunk = _conv(cells, codec.latent_channels, deep, 3) + 2 * _time_mix(cells, deep)
    trunk += codec.blocks * _res_block(cells, deep) + _conv(cells, deep, 4 * middle, 1)
    quarter = _time_mix(4 * cells, middle) + 2 * _res_block(4 * cells, middle)
    part = _conv(4 * cells, middle, frames * top, 3)
    frame = _res_block(4 * cells, top) + _conv(4 * cells, top, 4 * shallow, 1)
    frame += _res_block(16 * cells, shallow) + _conv(16 * cells, shallow, 12, 3)
    straight = _conv(cells, codec.latent_channels, frames * PIXEL_NUMBERS, 1)
    return trunk + quarter + part + frames * frame + straight


def count_encode(config: ModelConfig, rows: int, columns: int) -> int:
    """Return the FLOPs of encoding one picture of h x w latent cells."""
    codec, cells = config.codec, rows * columns
    deep, middle, shallow = codec.widths
    half = _conv(16 * cells, 12, shallow, 3)
    quarter = _conv(4 * cells, 4 * shallow, middle, 3) + 2 * _res_block(4 * cells, middle)
    quarter += _conv(4 * cells, middle, middle, 1)
    eighth = _conv(cells, 4 * middle, deep, 3) + codec.blocks * _res_block(cells, deep) + _time_mix(cells, deep)
    return half + quarter + eighth + _ends(codec, cells)


def _ends(codec: CodecConfig, cells: int) -> int:
    """Count what leads to the latents: from the last features, and straight from the pixels."""
    return _conv(cells, codec.widths[0] + PIXEL_NUMBERS, codec.latent_channels, 1)


def _pooling(sizes: TransformerConfig, tokens: int) -> int:
    """Count the pooled text embedding, where there is one."""
    if not sizes.questions:
        return 0
    read = _product(tokens, sizes.text_width, sizes.questions + sizes.width)
    return read + _product(1, sizes.width, sizes.width)


def _encoder_block(tokens: int, width: int, mlp_weights: int) -> int:
    return _product(tokens, 4 * width * width + mlp_weights, 1) + _attention(tokens, tokens, width)


def _product(rows: int, inputs: int, outputs: int) -> int:
    return 2 * rows * inputs * outputs


def _attention(queries: int, keys: int, width: int) -> int:
    return 4 * queries * keys * width


def _conv(cells: int, inputs: int, outputs: int, side: int) -> int:
    return 2 * cells * inputs * outputs * side**2


def _res_block(cells: int, width: int) -> int:
    return 2 * _conv(cells, width, width, 3)


def _time_mix(cells: int, width: int) -> int:
    return _conv(cells, 2 * width, width, 1) + _conv(cells, width, width, 3)
