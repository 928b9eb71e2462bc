"""The commands of `mutoscope models`: what there is, get one, take it away, say what it is. Only `get` speaks to a network."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import LINE_SECONDS, note, say, table, watch
from mutoscope.events import Event

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", parser=ask.text, help="A short name such as sdxl-turbo, or OWNER/NAME, or OWNER/NAME@REVISION."
    ),
]
Anything = Annotated[
    str,
    typer.Argument(metavar="NAME", parser=ask.text, help="A short name, OWNER/NAME, a folder or a .safetensors file."),
]
Variant = Annotated[
    str | None,
    ask.text_option(
        "--variant", "NAME", "Files to take, such as fp16, or none for the plain ones. Default: the table's."
    ),
]
DryRun = Annotated[bool, ask.flag("--dry-run", "Only say what would be fetched, and under which licence.")]
OWN = {"embedded": "comes with Mutoscope: small, draws at once", "world": "the renderer that it was taught by"}
LIMITS = "limits commercial use, or who may use it"
NOT_PINNED = "not pinned: the newest is taken, and its commit is recorded"


def list_models(as_json: ask.Json = False) -> None:
    """List the models that are here, and those with a short name that can be fetched."""
    rows = list(_rows())
    if as_json:
        for row in rows:
            say(json.dumps(row, ensure_ascii=True))
        return
    here = [row for row in rows if row["state"] != "to fetch"]
    away = [row for row in rows if row["state"] == "to fetch"]
    table([(row["name"], _line(row)) for row in here])
    if away:
        say()
        say("To fetch with mutoscope models get NAME:")
        table([(row["name"], _line(row)) for row in away])


def _rows() -> Iterator[dict[str, Any]]:
    """Yield the facts of every model: our own, those in the cache, those that are known and not here."""
    from mutoscope.hub.kept import list_kept
    from mutoscope.hub.known import find_known, known_models

    for name, about in OWN.items():
        yield {"name": name, "state": "here", "about": about}
    kept = list_kept()
    for one in kept:
        known = find_known(one.name)
        several = sum(other.name == one.name for other in kept) > 1
        name = (one.short_name or one.name) + (f"@{one.revision[:7]}" if several else "")
        facts = {"repository": one.name, "revision": one.revision, "path": str(one.path), "bytes": one.bytes}
        facts |= {"kind": known.kind, "licence": known.licence, "about": known.about} if known else {}
        yield {"name": name, "state": "here" if one.whole else "half", **facts}
    for known in known_models().values():
        if known.repository not in {one.name for one in kept}:
            yield {"state": "to fetch", **asdict(known)}


def _line(row: dict[str, Any]) -> str:
    """Return what the list says of a model behind its name."""
    from mutoscope.hub.headers import spell_bytes

    size = (
        spell_bytes(row["bytes"])
        if "bytes" in row
        else f"~{row['download'] / 1e9:.3g} GB"
        if row.get("download")
        else ""
    )
    state = "half a download: get it again; " if row["state"] == "half" else ""
    said = "; ".join(part for part in (row.get("about", ""), _licence(row)) if part)
    return f"{row.get('kind', ''):<5}  {size:>8}  {state}{said}".rstrip()


def _licence(row: dict[str, Any]) -> str:
    marks = [
        word for word, given in (("limited", row.get("restricted")), ("asks to agree first", row.get("gated"))) if given
    ]
    return row.get("licence", "") + (f" ({', '.join(marks)})" if marks else "")


def get(
    name: Name, variant: Variant = None, dry_run: DryRun = False, quiet: ask.Quiet = False, as_json: ask.Json = False
) -> None:
    """Fetch a model, or the rest of it. Its licence and size are said before the first byte."""
    from mutoscope.hub.fetch import fetch, plan

    todo = plan(name, "" if variant == "none" else variant)
    if not quiet:
        _say_plan(todo)
    place = None if dry_run else watch(_in_megabytes(fetch(todo)), quiet=quiet, lines_every=LINE_SECONDS)
    if as_json:
        facts = {"name": todo.repository, "revision": todo.revision, "bytes": todo.bytes, "to_fetch": todo.to_fetch}
        facts |= {"licence": todo.licence, "restricted": todo.restricted, "gated": todo.gated, "page": todo.page}
        say(json.dumps({**facts, "path": str(place.path) if place else None}, ensure_ascii=True))
    elif place:
        say(place.path)


def _say_plan(todo: Any) -> None:
    """Say what a fetch means."""
    from mutoscope.hub.headers import spell_bytes

    rest = "all of it is here" if not todo.to_fetch else f"{spell_bytes(todo.to_fetch)} to fetch"
    kind = f", {todo.variant}" if todo.variant else ""
    note(f"{todo.repository} at {todo.revision[:7]}: {len(todo.files)} files{kind}, {spell_bytes(todo.bytes)}, {rest}")
    note(f"licence: {todo.licence}{f', which {LIMITS}' if todo.restricted else ''}; read it at {todo.page}")


def _in_megabytes(events: Iterator[Event]) -> Iterator[Event]:
    """Yield the events of a fetch with steps of a million bytes, which can be read in a line."""
    try:
        for event in events:
            left = f", {event.seconds_left:.0f} s left" if event.seconds_left else ""
            total = max(1, event.total // 10**6)
            yield replace(event, step=event.step // 10**6, total=total, message=f"MB  {event.message}{left}")
    finally:
        events.close()  # type: ignore[attr-defined]  # a generator


def rm(name: Name, quiet: ask.Quiet = False) -> None:
    """Take a model out of the cache; it wants the exact name. OWNER/NAME@COMMIT takes one commit of it."""
    from mutoscope.hub.headers import spell_bytes
    from mutoscope.hub.kept import remove

    freed = remove(name)
    if not quiet:
        say(f"removed {name}: {spell_bytes(freed)} set free")


def info(name: Anything, as_json: ask.Json = False) -> None:
    """Say what a model is: licence, size, memory by component, defaults, commit. Asks no network."""
    facts = describe(name)
    if as_json:
        say(json.dumps(facts, ensure_ascii=True))
        return
    table([(key, value) for key, value in _spelled(facts) if value not in ("", None)])


def describe(name: str) -> dict[str, Any]:
    """Return what is known of a model that has a short name or is on this disk; MissingModelError for others."""
    from mutoscope.errors import MissingModelError
    from mutoscope.hub.known import find_known, known_models
    from mutoscope.hub.names import find_place, get_line, split_name

    if name in OWN:
        return {"name": name, "about": OWN[name], "here": True, "path": "part of Mutoscope"}
    repository = split_name(name)[0]
    known = known_models().get(repository) or find_known(repository)
    facts: dict[str, Any] = {"name": name}
    if known:
        facts |= {**asdict(known), "name": known.name, "page": known.page}
    try:
        place = find_place(name)
    except MissingModelError as error:
        if not known:
            raise
        half = str(error) if str(error).startswith("half") else ""
        return {**facts, "here": False, "get": half or get_line(name)}
    known = find_known(place.name)
    facts |= {**asdict(known), "page": known.page} if known else {"name": place.name}
    return {**facts, "here": True, "path": str(place.path), "commit": place.revision, **_measure(place.path)}


def _measure(path: Any) -> dict[str, Any]:
    """Return class and bytes by component of a model on this disk, looked through as before it is opened."""
    from mutoscope.hub.checks import check_file, check_folder
    from mutoscope.hub.headers import component_bytes, stored_precision

    if path.is_file():
        check_file(path)
        return {"components": component_bytes(path), "precision": stored_precision(path)}
    layout = check_folder(path)
    return {
        "class": layout.class_name,
        "stored_variant": layout.variant,
        "components": component_bytes(path, layout.variant),
        "precision": stored_precision(path, layout.variant),
    }


def _spelled(facts: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the facts of a model as a person reads them."""
    from mutoscope.hub.headers import spell_bytes

    known = "repository" in facts
    yield "name", facts["name"]
    for key in ("about", "kind", "repository", "page"):
        yield key, facts.get(key)
    if known:
        yield "licence", facts["licence"] + (f" ({LIMITS})" if facts["restricted"] else "")
        yield "gated", "its page asks to agree to the licence first" if facts["gated"] else None
        yield "revision", facts["revision"] or NOT_PINNED
    yield "commit", facts.get("commit")
    yield "on this disk", facts["path"] if facts["here"] else f"no; {facts['get']}"
    yield "class", facts.get("class")
    if known and facts["download"] and not facts["here"]:
        yield "download", f"about {spell_bytes(facts['download'])}"
    if known and facts["memory"] and not facts["here"]:
        yield "memory", f"about {spell_bytes(facts['memory'])} for all weights in 16 bits"
    for part, counts in facts.get("components", {}).items():
        yield part, ", ".join(f"{spell_bytes(count)} {dtype}" for dtype, count in counts.items())
    if "precision" in facts:
        whole = sum(count for counts in facts["components"].values() for count in counts.values())
        yield "weights", f"{spell_bytes(whole)}, mostly {facts['precision']}"
    if known:
        size = f"{facts['width']}x{facts['height']}" if facts["width"] else None
        words = [(key, facts[key]) for key in ("steps", "guidance", "frames", "fps")] + [("size", size)]
        yield "defaults", ", ".join(f"{key} {value}" for key, value in words if value is not None)


COMMANDS = {
    "list": (list_models, "mutoscope models\nmutoscope models list --json"),
    "get": (
        get,
        "mutoscope models get sd-turbo\nmutoscope models get sdxl --dry-run\n"
        "mutoscope models get Qwen/Qwen-Image@75e0b4be04f60ec59a75f475837eced720f823b6",
    ),
    "rm": (rm, "mutoscope models rm sd-turbo\nmutoscope models rm stabilityai/sd-turbo"),
    "info": (info, "mutoscope models info sdxl-turbo\nmutoscope models info ./painting.safetensors --json"),
}
