"""The command `mcp`: tools for assistants over stdin and stdout."""

from pathlib import Path
from typing import Annotated

from mutoscope.cli import arguments as ask
from mutoscope.errors import MissingExtraError


def mcp(
    folder: Annotated[
        str | None, ask.text_option("--folder", "DIR", "Where pictures and clips go. Default: outputs/mcp.")
    ] = None,
    model: ask.Models = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
) -> None:
    """Give assistants tools that draw (Model Context Protocol, over stdin and stdout). An assistant starts it by itself."""
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise MissingExtraError("mcp", "mcp")
    from mutoscope.engines import EngineSettings
    from mutoscope.mcp_server import Studio, make_server

    settings = EngineSettings(runtime, threads, precision, device, offload)
    studio = Studio(model or [None], settings, Path(folder or Path("outputs") / "mcp"))
    make_server(studio).run("stdio")


COMMANDS = {
    "mcp": (
        mcp,
        """
mutoscope mcp
mutoscope mcp --folder ~/Pictures/mutoscope --model embedded --model sdxl-turbo""",
    ),
}
