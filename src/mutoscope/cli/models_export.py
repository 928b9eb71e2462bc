"""The command `mutoscope models export`: from a diffusers folder to one of ONNX files, which draws without PyTorch."""

from pathlib import Path
from typing import Annotated

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import note, say, watch


def export(
    name: Annotated[str, ask.argument("NAME", "A model in diffusers layout: a folder, OWNER/NAME or a short name.")],
    out: Annotated[str, ask.text_option("--out", "DIR", "New folder to write.")],
    tiny_decoder: Annotated[
        str | None,
        ask.text_option("--tiny-decoder", "NAME", "A TAESD model that takes the place of the decoder: much quicker."),
    ] = None,
    half: Annotated[
        bool, ask.flag("--half", "Store weights in float16: half the size, drawn in float32 all the same.")
    ] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Export a Stable Diffusion model as ONNX files, which draw on any CPU without PyTorch."""
    from mutoscope.export.diffusers_onnx import check_libraries, export_folder
    from mutoscope.hub.names import find_place

    check_libraries()
    place = find_place(name)
    tiny = None if tiny_decoder is None else find_place(tiny_decoder).path
    differences = watch(export_folder(place.path, Path(out), tiny, half, name=place.name), quiet=quiet)
    if not quiet:
        for part, difference in differences.items():
            note(f"{part}: at most {difference:.1e} from PyTorch")
    say(out)


COMMANDS = {
    "export": (
        export,
        "mutoscope models export sd-turbo --out sd-turbo-onnx\n"
        "mutoscope models export sd-turbo --out sd-turbo-onnx --half --tiny-decoder ./taesd",
    ),
}
