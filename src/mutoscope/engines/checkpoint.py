"""The engine of this package's own checkpoints: text tower, diffusion transformer, decoder, on ONNX Runtime or PyTorch."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mutoscope.adapter import Adapter, check_base, find_adapter
from mutoscope.capabilities import USUAL_PRECISION, Capabilities
from mutoscope.checkpoint import Checkpoint, open_checkpoint, verify_files
from mutoscope.config import GUIDANCE_TAUGHT
from mutoscope.engines.base import Drawn
from mutoscope.engines.unknown import KnownWords
from mutoscope.errors import CheckpointError
from mutoscope.events import Event, Phase
from mutoscope.init_image import InitImage
from mutoscope.pipeline import Networks, draw
from mutoscope.prompt.conditioning import understand
from mutoscope.prompt.request import Request, UsedAdapter
from mutoscope.runtime import PRECISIONS, Runtime, check_runtime, find_obstacle, open_runtime
from mutoscope.tokenizer import Tokenizer

FEW_STEP_DEFAULTS: dict[str, Any] = {
    "image_steps": 4, "clip_steps": 2, "sampler": "meanflow", "guidance_range": GUIDANCE_TAUGHT, "negative_prompt": False,
}  # fmt: skip


def _verify_in_background(checkpoint: Checkpoint) -> Future[None]:
    thread = ThreadPoolExecutor(1)
    done = thread.submit(verify_files, checkpoint.folder, checkpoint.card["sha256"])
    thread.shutdown(wait=False)
    return done


class CheckpointEngine:
    """A checkpoint folder, None for the embedded one; weights are loaded with the first drawing."""

    def __init__(
        self,
        checkpoint: str | Path | Checkpoint | None = None,
        runtime: str = "auto",
        threads: int | None = None,
        precision: str | None = None,
    ):
        check_runtime(runtime, threads)
        # The embedded one is compared with its hashes while the prompt is read; the first drawing waits for that.
        self.checkpoint = (
            checkpoint
            if isinstance(checkpoint, Checkpoint)
            else open_checkpoint(checkpoint, verify=checkpoint is not None)
        )
        self._verified = _verify_in_background(self.checkpoint) if checkpoint is None else None
        self._runtime_name, self._threads = runtime, threads
        self._adapters: dict[str, Adapter] = {}  # by hash
        self._other: tuple[tuple[tuple[UsedAdapter, ...], str], Runtime] | None = (
            None  # the last mix or precision; it holds weights of its own
        )
        usual = self._read_capabilities()
        self.capabilities = usual if precision is None else replace(usual, precision=usual.check_precision(precision))

    def _read_capabilities(self) -> Capabilities:
        """Return what the checkpoint takes; a few-step model takes less."""
        usual = Capabilities(
            name=self.checkpoint.name,
            hash=self.checkpoint.hash,
            native_side=self.checkpoint.native_side,
            known_words=self.checkpoint.known_words,
            trained_styles=self.known.trained_styles,
            may_be_typo=self.known.may_be_typo,
            find_adapters=self.find_adapters,
            find_adapter_words=self.find_adapter_words,
            objects=self.checkpoint.learned_world,
            own_words=self.checkpoint.own_words,
            reads_facts=self.checkpoint.learned_world,
            style_postprocess=self.checkpoint.learned_world,
            precisions={name: find_obstacle(self.checkpoint, self._runtime_name, name) for name in PRECISIONS},
            postprocess_precision=USUAL_PRECISION,
        )
        return replace(usual, **FEW_STEP_DEFAULTS) if self.checkpoint.config.transformer.few_step else usual

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Load the weights if need be, and draw; see base.Engine."""
        loading = Phase("load", 1)
        yield loading.start()
        if self._verified is not None:
            self._verified.result()
        networks = Networks(
            self.runtime_with(request.adapters, request.precision),
            self.tokenizer,
            self.checkpoint.config,
            self.checkpoint.tile_side,
        )
        yield loading.advance()
        conditioning = understand(request, self.warnings(request))
        fitted = None if init_image is None else init_image.fit(*(request.draft or (request.width, request.height)))
        for event in draw(request, conditioning, networks, fitted, preview):
            yield replace(event, result=Drawn(event.result, conditioning.warnings)) if event.phase == "done" else event
        networks.runtime.finish_drawing()

    def warnings(self, request: Request) -> tuple[str, ...]:
        """Return what the user should know of a request: words and styles that the model was never shown, another precision."""
        unknown = self.known.warn(request, self.find_adapter_words(request.adapters))
        return (*unknown, *warn_of_precision(request, self.capabilities))

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of the text tower."""
        return Tokenizer.load(self.checkpoint.tokenizer_path)

    @cached_property
    def known(self) -> KnownWords:
        """The words that the checkpoint was trained on."""
        return KnownWords(self.checkpoint, lambda: self.tokenizer)

    @cached_property
    def runtime(self) -> Runtime:
        """The networks without adapters, in the usual precision."""
        return open_runtime(self.checkpoint, self._runtime_name, self._threads)

    def runtime_with(self, used: tuple[UsedAdapter, ...], precision: str = USUAL_PRECISION) -> Runtime:
        """Return the networks with adapters added to their weights, in a precision."""
        if not used and precision == USUAL_PRECISION:
            return self.runtime
        if self._other is None or self._other[0] != (used, precision):
            self._other = None  # before the next one is made: they are large
            scaled = tuple((self._adapter(one), one.scale) for one in used)
            runtime = open_runtime(self.checkpoint, self._runtime_name, self._threads, scaled, precision)
            self._other = (used, precision), runtime
        return self._other[1]

    def find_adapters(self, names: tuple[tuple[str, float], ...]) -> tuple[UsedAdapter, ...]:
        """Return what a request says of adapters, names or paths with their scales; SettingError, CheckpointError."""
        used = []
        for name, scale in names:
            adapter = find_adapter(name)
            check_base(adapter, self.checkpoint)
            self._adapters[adapter.hash] = adapter
            used.append(UsedAdapter(adapter.facts.name, scale, adapter.hash))
        return tuple(used)

    def find_adapter_words(self, adapters: tuple[UsedAdapter, ...]) -> frozenset[str]:
        """Return the words that adapters were taught: their own, and those of their captions."""
        taught = (self._adapter(used).facts for used in adapters)
        return frozenset(word for facts in taught for word in (facts.word, *facts.words))

    def _adapter(self, used: UsedAdapter) -> Adapter:
        """Return the adapter of a request; CheckpointError when the user's adapter of this name is another one."""
        if used.hash not in self._adapters:
            adapter = find_adapter(used.name)
            if adapter.hash != used.hash:
                raise CheckpointError(
                    f"the request was made with adapter {used.name!r} {used.hash}, {adapter.path} is {adapter.hash}; "
                    "give the right file with --adapter"
                )
            check_base(adapter, self.checkpoint)
            self._adapters[adapter.hash] = adapter
        return self._adapters[used.hash]


def warn_of_precision(request: Request, capabilities: Capabilities) -> list[str]:
    """Return a warning where post-processing takes a picture out of the precision that the model was opened with."""
    if not request.postprocess or request.precision == capabilities.precision:
        return []
    reason = f"{request.postprocess} makes large differences of small ones"
    return [f"drawn in {request.precision}, not {capabilities.precision}: {reason}"]
