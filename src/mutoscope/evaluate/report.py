"""What a report says: the thresholds, and the tables a person reads. It knows numbers and no pictures.

No threshold is judged on a development set: the code that reads prompts was written with those in view.
"""

from collections.abc import Sequence
from typing import Any

FACT_THRESHOLDS = {"scene": 0.90, "light": 0.90}  # least share on held-out combinations
THING_THRESHOLDS = {"object": 0.85, "count": 0.75, "side": 0.75}  # the same of things
CAMERA_THRESHOLD = 0.75  # least share of clips whose camera goes where the caption says
RATIO_LIMITS = (0.5, 2.0)  # change of clips over the renders' own
JUMP_LIMIT = 3.0  # largest step of a clip over its mean step
STYLE_WAYS = {"prompt": "in the prompt", "argument": "style="}
MAX_MIXUPS = 5  # rows of each attribute


def check_thresholds(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """Return {"what", "value", "required", "met"} of every threshold that was measured."""
    shares = numbers["pictures"]["generated"]["all"]
    rows = [
        _check(f"{name}, held-out combinations", shares[name]["share"], least)
        for name, least in FACT_THRESHOLDS.items()
        if name in shares
    ]
    things = numbers.get("things", {}).get("generated", {})
    rows += [
        _check(f"{name}, things", things[name]["share"], least)
        for name, least in THING_THRESHOLDS.items()
        if name in things
    ]
    if "clips" in numbers:
        parts = {"all clips": numbers["clips"]["all"], **numbers["clips"]["groups"]}
        rows += [
            _check(f"change against renders, {name}", part["ratio"], *RATIO_LIMITS) for name, part in parts.items()
        ]
        rows.append(_check("largest step over the mean step", numbers["clips"]["all"]["jump"], None, JUMP_LIMIT))
    if "camera" in numbers:
        rows.append(_check("camera, clips", numbers["camera"]["generated"]["camera"]["share"], CAMERA_THRESHOLD))
    return rows


def _check(what: str, value: float, least: float | None, most: float | None = None) -> dict[str, Any]:
    limits = [f">= {least:g}" if least is not None else "", f"<= {most:g}" if most is not None else ""]
    met = (least is None or value >= least) and (most is None or value <= most)
    return {"what": what, "value": value, "required": ", ".join(filter(None, limits)), "met": met}


def markdown(report: dict[str, Any]) -> str:
    """Return the tables of a report as one page."""
    if report.get("kind") == "own pictures":
        return own_page(report)
    lines = [
        *_introduction(report),
        *_thresholds(report),
        *_pictures(report["pictures"]),
        *_styles_both_ways(report.get("styles")),
        *_fidelity(report["fidelity"]),
        *_text(report["text"]),
        *_standard(report.get("standard", {})),
        *_memorisation(report.get("memorisation")),
        *_things(report.get("things")),
        *_blind_set(report.get("blind")),
        *_development_set(report.get("free")),
        *_motion(report.get("clips")),
        *_camera(report.get("camera")),
        *_codec(report.get("codec")),
        *_speed(report.get("speed")),
        *_preference(report.get("preference"), report["model"]),
        *_not_measured(report["not_measured"]),
        *_judge(report["judge"]["test"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def own_page(report: dict[str, Any]) -> str:
    """Return the tables of a report on somebody's own pictures (own.py) as one page."""
    model, rows = report["model"], []
    for name, number in report.get("codec", {}).items():
        rows.append((f"codec, {name}{', dB' * (name == 'PSNR')}", str(number["n"]), _cell(number)))
    for name, number in report.get("sets", {}).get("drawn", {}).items():
        rows.append((name, str(number["n"]), _cell(number)))
    rows += [
        (f"TextSim-own, {name}", str(number["n"]), _cell(number)) for name, number in report.get("text", {}).items()
    ]
    rows += [(name, str(number["n"]), _cell(number)) for name, number in report.get("standard", {}).items()]
    lines = [
        "# Evaluation",
        "",
        f"Model {model['name']} `{model['hash'] or 'no hash'}`: {report['drawn']} pictures drawn from the captions of "
        f"{report['held_out']} held-out pictures. Intervals are 95 % (bootstrap). Names in -own: our own networks "
        f"(judge `{report['judge']['sha256'][:16]}`), to be compared only with each other.",
        "",
        *(table("measure|n|value", rows) if rows else []),
        *_memorisation(report.get("copies"), "pictures"),
        *_not_measured(report["not_measured"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _introduction(report: dict[str, Any]) -> list[str]:
    model, judge = report["model"], report["judge"]
    return [
        "# Evaluation",
        "",
        f"Model {model['name']} `{model['hash'] or 'no hash'}`, read by the judge "
        f"`{judge['sha256'][:16]}` ({sum(judge['parameters'].values()):,} parameters in three networks, "
        f"trained on {sum(folder['items'] for folder in judge['data']):,} renders of other worlds).",
        "Intervals are 95 % (Wilson for shares, bootstrap for everything else). Metrics whose names end in -own use our own",
        "networks. Compare them only with each other.",
        "",
    ]


def _thresholds(report: dict[str, Any]) -> list[str]:
    rows = [
        (row["what"], f"{row['value']:.3f}", row["required"], "yes" if row["met"] else "**no**")
        for row in check_thresholds(report)
    ]
    return table("threshold|value|required|met", rows) if rows else []


def _pictures(part: dict[str, Any]) -> list[str]:
    beside = {"renders": part["renders"]["all"], "softened renders": part["soft_renders"]["all"]}
    return [
        f"## {part['n']} pictures of {part['combinations']} held-out combinations",
        "",
        *_shares(part["generated"]["all"], beside, part["floor"]),
        *_facts_by_style(part),
        *_mixups(part["mixups"]),
    ]


def _styles_both_ways(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    ours, theirs, chance = {}, {}, {}
    for name in part["prompt"]["all"]:
        for way, title in STYLE_WAYS.items():
            row = f"{name} ({title})"
            ours[row], theirs[row] = part[way]["all"][name], part["renders"]["all"][name]
            chance[row] = part["floor"][way][name]
    rows = [
        (
            style,
            str(shares["style"]["n"]),
            *(_percent(part[way]["styles"][style]["style"]) for way in (*STYLE_WAYS, "renders")),
        )
        for style, shares in part["prompt"]["styles"].items()
    ]
    return [
        f"## Style, both ways: {part['n']} scenes that are not photos",
        "",
        "The same scenes and seeds twice: once the prompt says the style, once it does not and `style=` does.",
        "",
        *_shares(ours, {"renders": theirs}, chance),
        *table("|".join(["style|n", *STYLE_WAYS.values(), "renders"]), rows),
    ]


def _blind_set(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        said = (
            "Not measured. `mutoscope evaluate --blind FILE` measures it with prompts that are not in the repository."
        )
        return ["## Blind set: free wording", "", said, ""]
    left_out = part["prompts"] - part["n"]
    said = f"Prompts that are not in the repository: SHA-256 `{part['sha256']}`, measured on {part['date']}."
    said += f" {left_out} more are about scenes or styles that this model does not know." if left_out else ""
    return [
        f"## Blind set: {part['n']} free-worded prompts",
        "",
        said,
        "",
        *_shares(part["generated"], {}, part["floor"]),
    ]


def _development_set(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    return [
        f"## Development set: {part['n']} free-worded prompts",
        "",
        f"The file is `{part.get('development_set', 'prompts_free.txt')}`. The code that reads prompts was written with it in view, "
        "so these figures are no measure of",
        "new wording: that is what a blind set is for.",
        "",
        *_shares(part["generated"], {}, part["floor"]),
        *_misread(part["answers"]),
    ]


def _not_measured(missing: dict[str, str]) -> list[str]:
    missing = {what: why for what, why in missing.items() if what != "blind set"}  # it has a section of its own
    return ["## Not measured", "", *(f"- {what}: {why}" for what, why in missing.items()), ""] if missing else []


def _judge(test: dict[str, Any]) -> list[str]:
    """What the judge reads right of renders that were held back from its training."""
    photos = test["styles"].get("photo")
    rows = [
        (style, _percent(part["scene"]), _percent(part["light"]) if "light" in part else "", str(part["scene"]["n"]))
        for style, part in sorted(test["styles"].items(), key=lambda item: -item[1]["scene"]["n"])
    ]
    return [
        "## The judge on renders it has not seen",
        "",
        *_shares(test["all"], {"photos alone": photos} if photos else {}),
        *table("style|scene|light|n", rows),
    ]


def _shares(ours: dict[str, Any], beside: dict[str, Any], chance: dict[str, float] | None = None) -> list[str]:
    """Return the table of shares with those of `beside` and of chance in further columns."""
    rows = []
    for name, part in ours.items():
        row = [name, str(part["n"]), _percent(part), f"{100 * part['low']:.1f}-{100 * part['high']:.1f} %"]
        row += [_percent(other[name]) if name in other else "-" for other in beside.values()]
        rows.append([*row, f"{100 * chance[name]:.1f} %"] if chance else row)
    return table("|".join(["attribute|n|right|95 %", *beside, *(["shuffled captions"] if chance else [])]), rows)


def _things(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    said = "One kind of things in a scene or on a plain ground; the caption says kind, number and, for three at most, side. Every number"
    said += " is asked for about as often. The reader's own share on renders held back is the best to be had."
    beside = {"renders": part["renders"]} if "renders" in part else {}
    beside["reader, on renders held back"] = part["reader"]["test"]
    return [f"## {part['n']} pictures with things", "", said, "", *_shares(part["generated"], beside, part["floor"]),
            *_mixups(part["mixups"])]  # fmt: skip


def _camera(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    said = "Which way the four quarters of the picture go within a second, by phase correlation; the caption says pan, tilt or zoom."
    beside = {"renders": part["renders"]}
    return [f"## {part['n']} clips whose camera moves", "", said, "", *_shares(part["generated"], beside, part["floor"]),
            *_mixups(part["mixups"])]  # fmt: skip


def _preference(part: dict[str, Any] | None, model: dict[str, Any]) -> list[str]:
    if part is None:
        return []
    rows = [
        (f"`{name}`{', this model' if name == model['hash'] else ''}", str(number["n"]), _cell(number))
        for name, number in part["models"].items()
    ]
    said = "Chance in percent to win a blind pair against a model of average strength (Bradley and Terry 1952)."
    return [f"## Preference, {part['votes']} votes", "", said, "", *table("model|votes|strength", rows)]


def _facts_by_style(pictures: dict[str, Any]) -> list[str]:
    ours, theirs = pictures["generated"]["styles"], pictures["renders"]["styles"]
    rows = [
        (
            style,
            str(part["scene"]["n"]),
            *(_percent(side[style][name]) for name in FACT_THRESHOLDS for side in (ours, theirs)),
        )
        for style, part in ours.items()
    ]
    return table("style|n|scene|renders|light|renders", rows)


def _mixups(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    rows = [
        (name, row["asked"], row["read"], f"{row['count']} of {row['of']}")
        for name, errors in found.items()
        for row in errors[:MAX_MIXUPS]
    ]
    return table("attribute|asked|read|times", rows) if rows else []


def _misread(answers: list[dict[str, Any]]) -> list[str]:
    rows = [
        (row["prompt"], ", ".join(row["asked"][name] for name in wrong), ", ".join(row["read"][name] for name in wrong))
        for row in answers
        if (wrong := [name for name in FACT_THRESHOLDS if row["read"][name] != row["asked"][name]])
    ]
    return table("prompt|asked|read", rows) if rows else []


def _motion(clips: dict[str, Any] | None) -> list[str]:
    if clips is None:
        return []
    parts = {"all": clips["all"], **clips["groups"], **clips["scenes"]}
    rows = [
        (
            name, str(part["n"]), f"{part['change']:.2f}", f"{part['rendered']:.2f}", f"{part['ratio']:.2f}",
            f"{part['low']:.2f}-{part['high']:.2f}" if part["n"] > 1 else "-", f"{part['jump']:.2f}",
            f"{part['rendered_jump']:.2f}", _cell(part["flicker"]),
        )
        for name, part in parts.items()
    ]  # fmt: skip
    title = f"## Clips: {clips['all']['n']} of {clips['frames']} frames at {clips['fps']} a second"
    said = "Change is the mean absolute difference of neighbouring frames in levels; jump is the largest over the mean;"
    said += " flicker is what comes and goes again within two frames, over the renders' own."
    return [
        title,
        "",
        said,
        "",
        *table("clips|n|change|renders|ratio|95 %|jump|renders' jump|flicker ratio", rows),
        *_drift(clips["drift"]),
    ]


def _drift(drift: dict[str, dict[str, Any]]) -> list[str]:
    """Does a clip go on showing what was asked?"""
    names = list(next(iter(drift.values())))
    rows = [
        (name, str(drift[next(iter(drift))][name]["n"]), *(_percent(part[name]) for part in drift.values()))
        for name in names
    ]
    return table("|".join(["still right at|n", *drift]), rows)


def _fidelity(part: dict[str, Any]) -> list[str]:
    sides = {name: row for name, row in part.items() if isinstance(row, dict)}
    rows = [(name, str(row["FD-own"]["n"]), *(_cell(number) for number in row.values())) for name, row in sides.items()]
    said = f'Each set against {part["reference"]} renders of other held-out scenes (world {part["world_seed"]}). "renders" are of'
    said += " the very scenes that were asked for: nothing can do better with so few pictures."
    base = sides["renders"]["FD-own"]["value"]
    ratio = sides["generated"]["FD-own"]["value"] / base if base > 0 else float("nan")
    return ["## Against renders, as sets", "", said, "", *table("|".join(["pictures|n", *sides["renders"]]), rows),
            f"FD-own of the generated pictures is {ratio:.2f} times that of the renders.", ""]  # fmt: skip


def _text(part: dict[str, Any]) -> list[str]:
    rows = [(name, str(number["n"]), _cell(number)) for name, number in part.items()]
    return ["## Words and pictures", "", "TextSim-own is 100 times the cosine of our own small CLIP.", "",
            *table("pictures|n|TextSim-own", rows)]  # fmt: skip


def _standard(part: dict[str, Any]) -> list[str]:
    rows = [
        (metric, name, str(number["n"]), _cell(number))
        for metric, sides in part.items()
        for name, number in sides.items()
    ]
    return ["## Standard metrics, on the public networks", "", *table("metric|pictures|n|value", rows)] if rows else []


def _memorisation(part: dict[str, Any] | None, noun: str = "renders") -> list[str]:
    if part is None:
        return []
    rows = [(name.replace("renders", noun), str(row["n"]), f"{100 * row['value']:.1f} %",
             f"{100 * row['low']:.1f} to {100 * row['high']:.1f} %")
            for name, row in part.items() if isinstance(row, dict)]  # fmt: skip
    said = f"Share that lies nearer to one of {part['training_pictures']:,} training pictures than the 1st percentile of held-out"
    said += f" {noun} does, all of these through the model's codec. Planted copies are training pictures with a little noise: they"
    said += " must be found."
    return ["## Copies of training pictures", "", said, "", *table("pictures|n|copies|95 %", rows)]


def _codec(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    rows = [
        ("PSNR, dB", str(part["PSNR"]["n"]), _cell(part["PSNR"])),
        ("SSIM", str(part["SSIM"]["n"]), _cell(part["SSIM"])),
    ]
    return [f"## The codec, on renders of {part['side']} pixels", "", *table("measure|n|value", rows)]


def _speed(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return []
    rows = [(kind, *(f"{seconds:.3f}" for seconds in part[kind].values())) for kind in ("picture", "clip")]
    said = f"Seconds, the median of {part['n']} warm runs; a clip has {part['frames']} frames. {part['machine']}, {part['runtime']}."
    return ["## Speed by stage", "", said, "", *table("|".join(["what", *part["picture"]]), rows)]


def _cell(number: dict[str, Any]) -> str:
    return f"{number['value']:.3g} ({number['low']:.3g} to {number['high']:.3g})"


def _percent(part: dict[str, Any]) -> str:
    return f"{100 * part['share']:.1f} %"


def table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table with an empty line after it."""
    names = head.split("|")
    cells = [[cell.replace("|", "/") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [names, ["---"] * len(names), *cells]] + [""]
