"""A checkpoint of Mutoscope as a pipeline of diffusers. This file lies in an exported folder as pipeline.py and is run from there.

    pipe = DiffusionPipeline.from_pretrained(FOLDER, trust_remote_code=True)
    image = pipe("a lake at sunset", generator=torch.Generator().manual_seed(7)).images[0]

Needs the package mutoscope. The pictures are those of `TextToImageModel(FOLDER / "checkpoint").generate(..., seed=7)`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from diffusers.pipelines.pipeline_utils import DiffusionPipeline, ImagePipelineOutput

from mutoscope.models import TextToImageModel


class MutoscopePipeline(DiffusionPipeline):
    """Draws pictures from words."""

    def __init__(self) -> None:
        super().__init__()
        self._model: Any = None

    @property
    def model(self) -> TextToImageModel:
        """The model, opened with the first call."""
        if self._model is None:
            self._model = TextToImageModel(Path(str(self.config["_name_or_path"])) / "checkpoint")
        return self._model

    def __call__(
        self,
        prompt: str,
        height: int | None = None,
        width: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        negative_prompt: str | None = None,
        num_images_per_prompt: int = 1,
        generator: Any = None,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: Callable[..., Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return an ImagePipelineOutput, or a tuple; `options` are those of `mutoscope.options.ImageOptions`, style for example.

        `callback_on_step_end(pipe, step, 0, {})` is called after every step. The seed is that of `generator`.
        """

        def tell(event: Any) -> None:
            if callback_on_step_end is not None and event.phase == "draw" and event.step:
                callback_on_step_end(self, event.step - 1, 0, {})

        drawn = self.model.generate(
            prompt, callback=tell, height=height, width=width, num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale, negative_prompt=negative_prompt, num_images_per_prompt=num_images_per_prompt,
            seed=None if generator is None else generator.initial_seed() % 2**32, **options,
        )  # fmt: skip
        pictures = drawn if isinstance(drawn, list) else [drawn]
        images: Any = [picture.pil for picture in pictures]
        if output_type != "pil":
            images = np.stack([picture.pixels for picture in pictures]).astype(np.float32) / 255.0
        return ImagePipelineOutput(images=images) if return_dict else (images,)
