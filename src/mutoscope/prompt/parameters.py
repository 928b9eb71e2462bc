"""The request as the text that AUTOMATIC1111 writes into pictures and that its readers understand."""

from mutoscope.prompt.request import Request


def write_parameters(request: Request) -> str:
    """Return prompt, negative prompt and settings, one line each."""
    lines = [spell_prompt(request)]
    if request.negative_prompt:
        lines.append(f"Negative prompt: {request.negative_prompt}")
    settings = {**_settings(request), **_extras(request)}
    return "\n".join([*lines, ", ".join(f"{key}: {value}" for key, value in settings.items())])


def spell_prompt(request: Request) -> str:
    """Return the prompt with the words of its styles, as one text with bracket weights."""
    asked = [style for style in request.styles if not style.typed and style.strength > 0]
    words = [style.words if style.strength == 1 else f"({style.words}:{style.strength:g})" for style in asked]
    return ", ".join([request.prompt, *words])


def _settings(request: Request) -> dict[str, object]:
    return {
        "Steps": request.num_inference_steps, "Sampler": request.sampler, "CFG scale": f"{request.guidance_scale:g}",
        "Seed": request.seed, "Size": f"{request.width}x{request.height}", "Model hash": request.model_hash[:10],
        "Model": request.model, "Version": f"mutoscope sampler {request.sampler_version}",
    }  # fmt: skip


def _extras(request: Request) -> dict[str, object]:
    """Return what only some pictures have."""
    extras: dict[str, object] = {}
    if request.index:
        extras["Image index"] = request.index
    if any(style.strength != 1 for style in request.styles):
        extras["Styles"] = f'"{request.style}"'
    if request.draft:
        extras |= {"Draft": f"{request.draft[0]}x{request.draft[1]}", "Refine strength": f"{request.refine_strength:g}"}
    if request.image_hash:
        extras["Denoising strength"] = f"{request.strength:g}"
    if request.facts:
        extras["Facts"] = f'"{", ".join(fact.name for fact in request.facts)}"'
    if request.objects:
        extras["Objects"] = f'"{", ".join(f"{each.count} {each.noun}" for each in request.objects.objects)}"'
    if request.postprocess:
        extras["Postprocess"] = request.postprocess
    if request.variation:
        extras |= {"Variation seed": request.variation_seed, "Variation seed strength": f"{request.variation:g}"}
    if request.adapters:
        extras["Adapters"] = '"' + ", ".join(f"{used.name}:{used.scale:g}" for used in request.adapters) + '"'
    return extras
