"""The text that AUTOMATIC1111 writes into pictures: a request in that spelling, and what other programs wrote."""

import re
from dataclasses import dataclass, field

from mutoscope.capabilities import USUAL_PRECISION
from mutoscope.prompt.request import Request

MULTIPLE, MIN_SIDE, MAX_SIDE = 16, 32, 2048  # pixels of what is drawn here


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
    if request.precision != USUAL_PRECISION:
        extras["Precision"] = request.precision
    if request.variation:
        extras |= {"Variation seed": request.variation_seed, "Variation seed strength": f"{request.variation:g}"}
    if request.adapters:
        extras["Adapters"] = '"' + ", ".join(f"{used.name}:{used.scale:g}" for used in request.adapters) + '"'
    return extras


_NEGATIVE = "Negative prompt:"
_FIELD = re.compile(r'\s*([A-Za-z][\w .\-/]*):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)')


@dataclass(frozen=True)
class Parameters:
    """What AUTOMATIC1111 or a program after it wrote into a picture: prompts as they were typed, settings by their names."""

    prompt: str
    negative_prompt: str = ""
    settings: dict[str, str] = field(default_factory=dict)


def read_parameters(text: str) -> Parameters:
    """Read the text that such programs write: prompt, negative prompt, and a last line of settings. Never fails.

    >>> read_parameters("a lake\\nNegative prompt: fog\\nSteps: 20, Size: 512x768, Seed: 7").settings["Seed"]
    '7'
    """
    lines = text.strip().split("\n")
    settings = _read_settings(lines[-1])
    if settings:
        lines.pop()
    words = "\n".join(lines)
    prompt, mark, negative = words.partition("\n" + _NEGATIVE)
    if words.startswith(_NEGATIVE):
        prompt, mark, negative = "", _NEGATIVE, words.removeprefix(_NEGATIVE)
    return Parameters(prompt.strip(), negative.strip() if mark else "", settings)


def _read_settings(line: str) -> dict[str, str]:
    """Return the settings of a last line, {} for a line that is part of a prompt: one has Steps first and nothing between."""
    found: dict[str, str] = {}
    at = 0
    while at < len(line):
        pair = _FIELD.match(line, at)
        if not pair or pair.end() == at:
            return {}
        found[pair[1].strip()] = pair[2].strip().strip('"')
        at = pair.end()
    return found if "Steps" in found else {}


def spell_command(parameters: Parameters) -> str:
    """Return the command that draws the prompt of another program, with those of its settings that can be taken over."""
    prompt, negative = (" ".join(text.split()) for text in (parameters.prompt, parameters.negative_prompt))
    words = ["mutoscope", "image", prompt or "PROMPT", *(["--not", negative] if negative else [])]
    size = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", parameters.settings.get("Size", ""))
    if size:
        words += ["--size", "x".join(str(_nearest_side(int(side))) for side in size.groups())]
    for option, (name, pattern) in _TAKEN_OVER.items():
        value = parameters.settings.get(name, "")
        words += [option, value] if re.fullmatch(pattern, value) else []
    import shlex  # for files of other programs alone

    return shlex.join(words)


_TAKEN_OVER = {
    "--steps": ("Steps", "[1-9][0-9]{0,2}"),
    "--guidance": ("CFG scale", r"[0-9]{1,2}(\.[0-9]+)?"),
    "--seed": ("Seed", "[0-9]{1,10}"),
}


def _nearest_side(pixels: int) -> int:
    return min(MAX_SIDE, max(MIN_SIDE, MULTIPLE * round(pixels / MULTIPLE)))
