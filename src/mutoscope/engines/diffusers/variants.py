"""The same weights in another pipeline: image to image, inpainting, image to video. Nothing is loaded twice."""

from typing import Any

from mutoscope.engines.diffusers.libraries import import_diffusers
from mutoscope.errors import SettingError
from mutoscope.init_image import InitImage
from mutoscope.prompt.request import Request

IMAGE_TO_VIDEO = {"LTXPipeline": "LTXImageToVideoPipeline"}  # on the weights of the pipeline for words alone


def find_variant_class(pipeline: str, kind: str) -> type | None:
    """Return the class for "image", "mask" or "first_frame" that has the weights of a pipeline's class; None without one."""
    diffusers = import_diffusers()
    if kind == "first_frame":
        name = IMAGE_TO_VIDEO.get(pipeline)
        return None if name is None else getattr(diffusers, name)
    from diffusers.pipelines import auto_pipeline

    tables = {
        "image": auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
        "mask": auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING,
    }
    family = next(
        (key for key, cls in auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.items() if cls.__name__ == pipeline), None
    )
    return tables[kind].get(family)


def kind_of(init_image: InitImage, is_clip: bool) -> str:
    """Return what a picture to start from asks of a model."""
    return "first_frame" if is_clip else "image" if init_image.mask is None else "mask"


def as_variant(pipeline: Any, cls: type) -> Any:
    """Return a pipeline of another class that holds the same components."""
    if isinstance(pipeline, cls):
        return pipeline
    made: Any = cls
    variant = made.from_pipe(pipeline) if hasattr(made, "from_pipe") else made(**pipeline.components)
    variant.set_progress_bar_config(disable=True)
    return variant


def image_arguments(init_image: InitImage, request: Request, parameters: frozenset[str]) -> dict[str, Any]:
    """Return the arguments for a picture to start from, as PIL images of the request's size."""
    from PIL import Image

    fitted = init_image.fit(request.width, request.height)
    found: dict[str, Any] = {"image": Image.fromarray(fitted.pixels)}
    if fitted.mask is not None:
        found["mask_image"] = Image.fromarray(fitted.mask.astype("uint8") * 255)
    if "strength" in parameters:
        found["strength"] = request.strength
    return found


def check_strength(request: Request) -> None:
    """Refuse a strength so low that not one step is left; SettingError says from which one on."""
    if request.strength * request.num_inference_steps < 1:
        raise SettingError(
            f"strength {request.strength:g} leaves none of {request.num_inference_steps} steps; ask for "
            f"{1 / request.num_inference_steps:.2g} or more, or for more steps"
        )
