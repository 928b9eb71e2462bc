"""The figures of a model card and of a README: the sizes of the parts, the training, and what the evaluation measured.

A number that no record holds is "not recorded" or "not measured".
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutoscope.checkpoint import Checkpoint
from mutoscope.export.pages import table

BYTES_OF_FORMAT = {"I8": 1, "F16": 2, "F32": 4}
FORMAT_NAMES = {"I8": "int8", "F16": "float16"}
PART_NAMES = {
    "text": "text tower",
    "codec.decoder": "decoder",
    "codec.mean": "decoder",
    "codec.deviation": "decoder",
    "codec.encoder": "encoder (for pictures that come in)",
    "image_tower": "image tower (for training only)",
}
STYLE_WAYS = {"prompt": "style (in the prompt)", "argument": "style (style=)"}
Row = tuple[str, ...]


def training_table(card: dict[str, Any]) -> str:
    """Return samples, epochs, batch size, learning rate and hours of every stage, as the run wrote them down."""
    stages = card.get("stages", {})
    if not stages:
        return "Not trained: the weights are random."
    head = ("stage", "samples seen", "epochs", "batch size", "learning rate", "CPU hours", "GPU hours")
    return (
        table(head, [_stage_row(*item) for item in stages.items()])
        + "\n\nA sample is a picture, a clip or a pair of picture and caption, counted each time it is seen; an epoch is as many"
        + "\nsamples as there are items. The learning rate is the highest."
    )


def _stage_row(name: str, stage: dict[str, Any]) -> Row:
    items = sum(folder["items"] for folder in stage["data"])
    settings, hours = stage.get("settings", ()), f"{stage['seconds'] / 3600:.2f}"
    known = [
        " and ".join(dict.fromkeys(f"{each[key]:g}" for each in settings)) or "not recorded"
        for key in ("batch", "rate")
    ]
    hours_by_device = {"cpu": (hours, "0"), "cuda": ("0", hours)}
    spent = hours_by_device.get(_device(stage), ("not recorded", "not recorded"))
    epochs = f"{stage['samples'] / items:.1f}" if items else "not recorded"
    return (name, f"{stage['samples']:,}", epochs, *known, *spent)


def _device(stage: dict[str, Any]) -> str:
    """Return "cpu" or "cuda"; a stage that did not write it down says it by its build of PyTorch, or not at all."""
    if devices := stage.get("devices"):
        return "cuda" if "cuda" in devices else "cpu"
    return "cpu" if stage.get("hardware") and all("+cpu" in text for text in stage["hardware"]) else ""


def part_sizes(checkpoint: Checkpoint) -> list[Row]:
    """Return (part, parameters, number format and megabytes) of every part, read from the heads of the files."""
    parts: dict[str, _PartSize] = {}
    for file in ("weights.safetensors", "encoder.safetensors"):
        for name, shape, number_format in _tensor_heads(checkpoint.folder / file):
            part = ".".join(name.split(".")[: 2 if name.startswith("codec.") else 1])
            parts.setdefault(PART_NAMES.get(part, part), _PartSize()).add(name, shape, number_format)
    return [
        (part, f"{size.parameters:,}", f"{' and '.join(sorted(size.formats))}, {size.bytes / 1e6:.2f} MB")
        for part, size in parts.items()
    ]


@dataclass
class _PartSize:
    parameters: int = 0
    bytes: int = 0
    formats: set[str] = field(default_factory=set)

    def add(self, name: str, shape: Sequence[int], number_format: str) -> None:
        """Count a tensor; the scales of int8 weights take room and are no parameters."""
        count = math.prod(shape)
        self.parameters += 0 if name.endswith("::scale") else count
        self.bytes += count * BYTES_OF_FORMAT.get(number_format, 4)
        self.formats.add(FORMAT_NAMES.get(number_format, number_format))


def _tensor_heads(path: Path) -> Iterator[tuple[str, list[int], str]]:
    """Yield name, shape and number format of every tensor of a file; of none when there is no file."""
    from safetensors import safe_open

    if path.is_file():
        with safe_open(path, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (it is no dict)
                view = tensors.get_slice(name)
                yield name, view.get_shape(), view.get_dtype()


def metrics_table(report: dict[str, Any] | None) -> str:
    """Return what a reader asks first, out of a report of `mutoscope evaluate`; "not measured" where it holds nothing."""
    report = report or {}
    rows = [
        *_fact_rows(report.get("pictures", {})),
        *_style_rows(report.get("styles", {})),
        _blind_row(report.get("blind")),
        *_share_rows(report.get("things", {}), "things", ("object", "thing", "count", "side")),
        *_share_rows(report.get("camera", {}), "clips", ("camera",)),
        *_distance_rows(report.get("fidelity", {}), report.get("text", {})),
        _copies_row(report.get("memorisation", {})),
        *_network_rows(report),
        _preference_row(report.get("preference")),
    ]
    page = table(("measure", "this model", "renders of the same scenes", "control"), rows)
    if not report:
        return page
    return (
        f"{page}\n\n{report['pictures']['n']} held-out prompts, {report['fidelity'].get('reference', 0)} other renders as "
        f"reference, judge `{report['judge']['sha256'][:16]}`; 95 % intervals. "
        "[docs/evaluation.md](docs/evaluation.md) says what each measure is."
    )


def _fact_rows(pictures: dict[str, Any]) -> list[Row]:
    """Facts as asked by held-out prompts; the style has rows of its own."""
    shares = pictures.get("generated", {}).get("all", {})
    renders, floor = pictures.get("renders", {}).get("all", {}), pictures.get("floor", {})
    return [
        (f"{name} as asked, held-out prompts", _share(shares.get(name)), _share(renders.get(name)), _floor(floor, name))
        for name in (shares or ("scene", "light"))
        if name != "style"
    ]


def _style_rows(styles: dict[str, Any]) -> list[Row]:
    """The style as asked, said in the prompt and given as `style=`, on the same scenes and seeds."""
    return [
        (
            f"{title} as asked, held-out prompts",
            *(_share(styles.get(side, {}).get("all", {}).get("style")) for side in (way, "renders")),
            _floor(styles.get("floor", {}).get(way, {}), "style"),
        )
        for way, title in STYLE_WAYS.items()
    ]


def _blind_row(blind: dict[str, Any] | None) -> Row:
    """Free wording, from prompts that are not in the repository; a development set never stands here."""
    name = "scene and light as asked, free wording (blind set)"
    if blind is None:
        return (name, "not measured", "-", "-")
    control = f"{_floor(blind['floor'], 'scene and light')}; {blind['n']} prompts, SHA-256 `{blind['sha256']}`, {blind['date']}"
    return (name, _share(blind["generated"]["scene and light"]), "-", control)


def _share_rows(part: dict[str, Any], what: str, names: Row) -> list[Row]:
    """Return the rows of things or cameras; "not measured" where the report holds none."""
    shares, renders, floor = part.get("generated", {}), part.get("renders", {}), part.get("floor", {})
    return [
        (f"{name} as asked, {what}", _share(shares.get(name)), _share(renders.get(name)), _floor(floor, name))
        for name in (tuple(shares) or names)
    ]


def _distance_rows(fidelity: dict[str, Any], text: dict[str, Any]) -> list[Row]:
    rows = [
        (
            f"{name} (own): {key}-own",
            *(_value(fidelity.get(side), f"{key}-own") for side in ("generated", "renders")),
            _control(fidelity.get("softened renders"), f"{key}-own", "softened"),
        )
        for name, key in (("FID", "FD"), ("KID", "KID"))
    ]
    similarity = (
        _value(text, "generated"),
        _value(text, "renders"),
        _control(text, "wrong captions", "with wrong captions"),
    )
    return [*rows, ("CLIP score (own): TextSim-own", *similarity)]


def _preference_row(preference: dict[str, Any] | None) -> Row:
    """Return what votes over blind pairs say: the chance in percent to win against a model of average strength, and how many votes."""
    name = "user preference, blind votes"
    if preference is None:
        return (name, "no votes yet", "-", "-")
    return (name, _value(preference, "strength"), "-", f"{preference['strength']['n']} votes; 50 is an average model")


def _copies_row(copies: dict[str, Any]) -> Row:
    found = f"{_percent(copies['planted copies'])} of planted copies found" if copies else "-"
    return (
        "copies of training pictures",
        _percent(copies.get("generated")),
        _percent(copies.get("held-out renders")),
        found,
    )


def _network_rows(report: dict[str, Any]) -> list[Row]:
    """What the codec gives back, and the metrics of the public networks."""
    rows = [(f"codec {name}", _value(report.get("codec"), name), "-", "-") for name in ("PSNR", "SSIM")]
    for name in ("FID", "CLIPScore", "FVD"):
        part = report.get("standard", {}).get(name)
        rows.append((f"{name}, on the public network", _value(part, "generated"), _value(part, "renders"), "-"))
    return rows


def _floor(floor: dict[str, float], name: str) -> str:
    return f"{100 * floor[name]:.1f} % with wrong captions" if name in floor else "-"


def _control(part: dict[str, Any] | None, key: str, what: str) -> str:
    return f"{_value(part, key)} {what}" if key in (part or {}) else "-"


def _share(part: dict[str, Any] | None) -> str:
    if part is None:
        return "not measured"
    return f"{100 * part['share']:.1f} % ({100 * part['low']:.1f} to {100 * part['high']:.1f})"


def _percent(part: dict[str, Any] | None) -> str:
    return "not measured" if part is None else f"{100 * part['value']:.1f} %"


def _value(part: dict[str, Any] | None, key: str) -> str:
    number = (part or {}).get(key)
    return "not measured" if number is None else f"{number['value']:.3g} ({number['low']:.3g} to {number['high']:.3g})"
