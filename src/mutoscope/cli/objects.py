"""The command `objects`: the objects of the library, those that a prompt names, and who drew them."""

import json
from typing import Annotated

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import argument, flag
from mutoscope.cli.console import note, say, table


def objects(
    prompt: Annotated[
        str | None, argument("[PROMPT]", "Show which objects this prompt names; nothing is drawn.")
    ] = None,
    whose: Annotated[bool, flag("--credits", "List the sources of the drawings and their licences.")] = False,
    as_json: ask.Json = False,
) -> None:
    """List the objects of the library, or show which ones a prompt names."""
    from mutoscope.objects import load_library, own_objects
    from mutoscope.paths import settings_folder

    own = own_objects()
    library = load_library().with_own(own)
    if prompt is not None:
        found = library.find(prompt)
        rows = [{"object": one.noun, "count": one.count, "color": one.color, "side": one.side} for one in found.objects]
        if as_json:
            say(json.dumps({"scene": found.scene, "objects": rows}, ensure_ascii=True))
            return
        table([("scene", found.scene or "-"), *((row["object"], _said(row)) for row in rows)])
    elif whose:
        credits_ = library.credits
        if as_json:
            say(json.dumps(credits_, ensure_ascii=True))
        else:
            table([(f"{row['sprites']} drawings", f"{row['source']}, {row['licence']}") for row in credits_])
    elif as_json:
        say(json.dumps({name: {"places": noun.places, "size": noun.size, "yours": name in own}
                        for name, noun in library.nouns.items()}, ensure_ascii=True))  # fmt: skip
    else:
        say(", ".join(sorted(library.nouns)))
        yours = f"yours: {', '.join(own)}" if own else "yours: none yet"
        note(f"{yours}; a cut-out PNG in {settings_folder() / 'objects'} becomes a word, its name")


def _said(row: dict) -> str:
    side = f", {row['side']}" if row["side"] else ""
    return f"{row['count']}{' ' + row['color'] if row['color'] else ''}{side}"


COMMANDS = {
    "objects": (
        objects,
        """
mutoscope objects
mutoscope objects "two red cars on the left of a beach"
mutoscope objects --credits
mutoscope objects --json""",
    ),
}
