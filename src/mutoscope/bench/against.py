"""Networks of diffusers beside ours, for a comparison of time alone: all weights are random, so there is no picture to compare.

ours        the transformer and decoder of the checkpoint, on the runtime that draws
equal       a PixArt transformer of the same width, depth, heads and tokens with Euler flow steps, and AutoencoderTiny
sd15        the architecture of Stable Diffusion 1.5 with LCM steps; its decoder is AutoencoderTiny too, which is quicker than its own

Each takes four steps at 256 px without guidance, and decodes; reading the text is left out everywhere. AutoencoderTiny decodes in
ONNX Runtime too, where the packages that export it are installed.
"""

import importlib.util
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import diffusers as untyped_diffusers
import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mutoscope.bench.cases import LARGE_PIXELS, Bench, Case, Run, quietly
from mutoscope.bench.results import Ratio
from mutoscope.config import SPACE_FACTOR, ModelConfig
from mutoscope.telemetry import import_onnxruntime

diffusers: Any = untyped_diffusers  # its classes are loaded when asked for, which no type checker sees

STEPS = 4
TEXT_TOKENS = 11  # of an ordinary prompt
SD_TEXT_TOKENS, SD_TEXT_WIDTH, SD_LATENT_CHANNELS, LCM_GUIDANCE_WIDTH = 77, 768, 4, 256
CELLS = LARGE_PIXELS // SPACE_FACTOR
OURS, OUR_STEPS, OUR_DECODER = "mutoscope", "mutoscope, 4 steps alone", "mutoscope, decoding alone"
EQUAL, EQUAL_STEPS = (
    "PixArt transformer of equal size, AutoencoderTiny",
    "PixArt transformer of equal size, 4 steps alone",
)
TINY_DECODER = "AutoencoderTiny, decoding alone"
ONNX_DECODER = "AutoencoderTiny, decoding alone, in ONNX Runtime"
SD15 = "Stable Diffusion 1.5 architecture, LCM, AutoencoderTiny"
COMPARED = (
    (EQUAL, OURS),
    (EQUAL_STEPS, OUR_STEPS),
    (TINY_DECODER, OUR_DECODER),
    (ONNX_DECODER, OUR_DECODER),
    (SD15, OURS),
)
Denoise = Callable[[], torch.Tensor]  # -> latents (1, c, h, w)


def cases(benches: list[Bench]) -> list[Case]:
    """Return ours and theirs for each number of threads; their networks are made once."""
    return [case for bench in benches for case in (*_ours(bench), *_theirs(bench))]


def ratios(benches: list[Bench]) -> list[Ratio]:
    """Return how many times as long theirs take."""
    compared = [(a, b) for a, b in COMPARED if a != ONNX_DECODER or _can_export()]
    return [Ratio(f"{a} / {b}", bench.threads, a, b) for bench in benches for a, b in compared]


def _ours(bench: Bench) -> list[Case]:
    """Return four velocities of 256 px, the decoding, and both."""
    latents, context, runtime = bench.latents(LARGE_PIXELS), bench.context(), bench.runtime

    def denoise() -> np.ndarray:
        now = latents
        for time in np.linspace(1, 0, STEPS, endpoint=False):
            now = now - runtime.velocity(now, float(time), context, 0.0) / STEPS
        return now

    calls: dict[str, Callable[[], Any]] = {
        OURS: lambda: runtime.decode(denoise(), None),
        OUR_STEPS: denoise,
        OUR_DECODER: lambda: runtime.decode(latents, None),
    }
    return [
        Case(name, "against", bench.threads, lambda call=call: quietly(call), runtime.counted)
        for name, call in calls.items()
    ]


def _theirs(bench: Bench) -> list[Case]:
    """Return the networks of diffusers; they are made when a case is prepared."""
    config, channels = bench.config, bench.config.codec.latent_channels
    makers: dict[str, Callable[[], Callable[[], Any]]] = {
        EQUAL: lambda: _then_decode(_equal(config), channels),
        EQUAL_STEPS: lambda: _equal(config),
        TINY_DECODER: lambda: _then_decode(lambda: torch.zeros(1, channels, CELLS, CELLS), channels),
        SD15: lambda: _then_decode(_sd15(), SD_LATENT_CHANNELS),
    }
    cases = [_torch_case(name, bench.threads, make) for name, make in makers.items()]
    return [*cases, _onnx_case(bench.threads)] if _can_export() else cases


def _can_export() -> bool:
    return importlib.util.find_spec("onnx") is not None


def _onnx_case(threads: int) -> Case:
    """Return AutoencoderTiny's decoder in the runtime of ours, with the same session options."""
    counted: list[int] = []

    def prepare() -> Run:
        latents = np.zeros((1, SD_LATENT_CHANNELS, CELLS, CELLS), np.float32)
        flops = _count(lambda: _decoder(SD_LATENT_CHANNELS).decode(torch.from_numpy(latents), return_dict=False))
        session = _open_decoder(threads)

        def run() -> None:
            session.run(None, {session.get_inputs()[0].name: latents})
            if not counted:
                counted.append(flops)

        return run

    return Case(ONNX_DECODER, "against", threads, prepare, counted)


def _open_decoder(threads: int) -> Any:
    """Return a session of AutoencoderTiny's decoder."""
    ort = import_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    latents = torch.zeros(1, SD_LATENT_CHANNELS, CELLS, CELLS)
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = f"{folder}/decoder.onnx"
        torch.onnx.export(_decoder(SD_LATENT_CHANNELS).decoder, (latents,), path, dynamo=False)
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _torch_case(name: str, threads: int, make: Callable[[], Callable[[], Any]]) -> Case:
    """Return a case of PyTorch; what it multiplies is counted in its first run, which is not measured."""
    counted: list[int] = []

    def prepare() -> Run:
        call = make()

        def run() -> None:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                if counted:
                    call()
                else:
                    counted.append(_count(call))

        return run

    return Case(name, "against", threads, prepare, counted)


def _count(call: Callable[[], Any]) -> int:
    """Run a call and return its FLOPs; attention is spelled out meanwhile, for its fused kernel on CPUs is not counted."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


@cache
def _equal(config: ModelConfig) -> Denoise:
    """Return four flow steps of a transformer of the sizes of ours."""
    sizes = config.transformer
    model = diffusers.PixArtTransformer2DModel(
        num_attention_heads=sizes.heads,
        attention_head_dim=sizes.width // sizes.heads,
        in_channels=sizes.latent_channels,
        out_channels=sizes.latent_channels,
        num_layers=sizes.depth,
        cross_attention_dim=sizes.width,
        caption_channels=sizes.width,
        sample_size=CELLS,
        use_additional_conditions=False,
    ).eval()
    text = torch.randn(1, TEXT_TOKENS, sizes.width)

    def velocity(latents: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return model(latents, text, timestep=time.expand(1), return_dict=False)[0]

    return _denoise(velocity, diffusers.FlowMatchEulerDiscreteScheduler(), sizes.latent_channels)


@cache
def _sd15() -> Denoise:
    """Return four LCM steps of the UNet of Stable Diffusion 1.5: the defaults of the class, but for the width of its text."""
    model = diffusers.UNet2DConditionModel(
        sample_size=64, cross_attention_dim=SD_TEXT_WIDTH, time_cond_proj_dim=LCM_GUIDANCE_WIDTH
    ).eval()
    text, guidance = torch.randn(1, SD_TEXT_TOKENS, SD_TEXT_WIDTH), torch.randn(1, LCM_GUIDANCE_WIDTH)

    def noise(latents: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return model(latents, time, text, timestep_cond=guidance, return_dict=False)[0]

    scheduler = diffusers.LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    return _denoise(noise, scheduler, SD_LATENT_CHANNELS)


def _denoise(network: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], scheduler: Any, channels: int) -> Denoise:
    """Return the loop of diffusers' pipelines around a network, from noise (1, c, h, w)."""
    start = torch.randn(1, channels, CELLS, CELLS)

    def denoise() -> torch.Tensor:
        scheduler.set_timesteps(STEPS)
        latents = start
        for time in scheduler.timesteps:
            latents = scheduler.step(network(latents, time), time, latents, return_dict=False)[0]
        return latents

    return denoise


def _then_decode(denoise: Denoise, channels: int) -> Callable[[], Any]:
    decoder = _decoder(channels)
    return lambda: decoder.decode(denoise(), return_dict=False)[0]


@cache
def _decoder(channels: int) -> Any:
    return diffusers.AutoencoderTiny(latent_channels=channels).eval()
