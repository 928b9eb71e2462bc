"""All commands in one application, and how wrong input is answered: the composition root of the command line."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from mutoscope.errors import SettingError, did_you_mean

NAME = "mutoscope"
FORMER_NAMES = {"things": "objects"}  # of commands
STAGE = "STAGE"  # the command that every stage's name calls, see `Stages`
# The commands in the order of the help, and the files of this folder that have them, so that one command loads one file.
MODULES = {
    "image": "generate", "video": "generate", "demo": "generate", "styles": "styles", "objects": "objects", "info": "files",
    "redo": "files", "doctor": "doctor", "bench": "bench", "world": "world", "recipe": "recipe", "tune": "tune", "adapt": "adapt",
    "export": "export", "evaluate": "evaluate", "compare": "evaluate", "card": "card",
    "serve": "serve", "batch": "batch", "mcp": "mcp",
}  # fmt: skip
DATA_MODULES: dict[str, str] = dict.fromkeys(("render", "collect", "check", "pack", "show"), "data")
MODELS_MODULES: dict[str, str] = {**dict.fromkeys(("list", "get", "rm", "info"), "models"), "export": "models_export"}
ADAPTERS_MODULES: dict[str, str] = dict.fromkeys(("list", "show", "sheet", "rm"), "adapters")
TRAIN_MODULES: dict[str, str] = {"auto": "auto"} | dict.fromkeys((STAGE, "plan", "ema", "film"), "train")
HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Parsed:
    """Reads the words of an option by its parser.

    Typer does so with pydantic, whose import takes longer than that of numpy.
    """

    def __init__(self, parser: Callable[[Any], Any]):
        self._parser = parser

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value, or the list of values, of an option; part of Typer's own way."""
        if param.multiple or param.nargs == -1:
            return [self._parser(word) for word in value or ()]
        return None if value is None else self._parser(value)


def _parse(param: Any, parser: Callable[[Any], Any]) -> Any:
    """Give an option or argument its parser, and return it."""
    param.get_runtime_param = lambda: Parsed(parser)
    return param


class Command(TyperCommand):
    """A command that names the arguments it has no use for, instead of only counting them."""

    allow_extra_args = True

    def __init__(self, *args: Any, params: list[Any], **settings: Any):
        super().__init__(*args, params=params, **settings)
        for param in params:
            if param.type_descriptor.parameter_info.parser:
                _parse(param, param.type_descriptor.parameter_info.parser)

    def get_help_option(self, ctx: Any) -> Any:
        return _parse(super().get_help_option(ctx), bool)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            expected = " ".join(p.metavar or "" for p in self.params if p.param_type_name == "argument") or "no words"
            hint = 'put a prompt in quotes: "a lake"' if "PROMPT" in expected else f"see {ctx.command_path} -h"
            raise SettingError(f"{ctx.command_path} takes {expected}, got also {' '.join(rest)!r}; {hint}")
        return rest


class Group(TyperGroup):
    """A group of commands; without a command it shows its help, an unknown one is answered with the nearest name."""

    def get_help_option(self, ctx: Any) -> Any:
        return _parse(super().get_help_option(ctx), bool)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, FORMER_NAMES.get(cmd_name, cmd_name))
        if command is None and not ctx.resilient_parsing:
            known = self.names()
            hint = did_you_mean(cmd_name, known)
            raise SettingError(
                f"unknown command {cmd_name!r}{hint}; known: {', '.join(known)}; see {ctx.command_path} -h"
            )
        return command

    def names(self) -> list[str]:
        """Return the words it knows."""
        return list(self.commands)


class Listing(Group):
    """The groups models and adapters: without a word they list."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        alone = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["list", *args] if alone else args)


class Stages(Group):
    """The group train: the name of every stage calls the one command that is listed as STAGE."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from mutoscope.train.stages import STAGES

        if cmd_name in STAGES:
            return self.commands[STAGE]
        return super().get_command(ctx, cmd_name)

    def names(self) -> list[str]:
        from mutoscope.train.stages import STAGES

        return [*STAGES, *(name for name in self.commands if name != STAGE)]


class Commands(Mapping[str, Any]):
    """Commands by name, each loaded and made when it is asked for; groups of commands stand at the end."""

    def __init__(self, modules: dict[str, str], groups: dict[str, Group] | None = None):
        self._modules = modules
        self._groups = groups or {}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self._groups:
            return self._groups[name]
        if name not in self._made:
            module = import_module(f"mutoscope.cli.{self._modules[name]}")
            self._made[name] = _command(name, *module.COMMANDS[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._modules, *self._groups))

    def __len__(self) -> int:
        return len(self._modules) + len(self._groups)


def _command(name: str, function: Callable[..., None], examples: str) -> Command:
    """Return a function as a command."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)  # brackets in a text are brackets
    epilog = "\b\nExamples:\n" + "\n".join("  " + line for line in examples.strip().splitlines())
    app.command(name, cls=Command, epilog=epilog, context_settings=HELP_NAMES)(function)
    return typer.main.get_command(app)  # type: ignore[return-value]  # a Typer with one function is that command


def _group(
    commands: Commands, help: str, cls: type[Group] = Group, start: Any = lambda: None, **settings: Any
) -> Group:
    """Return a group of commands; `start` declares the options it has itself."""
    app = typer.Typer(
        name=NAME, cls=cls, help=help, add_completion=False, rich_markup_mode=None, context_settings=HELP_NAMES, **settings
    )  # fmt: skip
    app.callback()(start)
    group: Any = typer.main.get_command(app)
    group.commands = commands
    return group


def _show_version(wanted: bool) -> None:
    if wanted:
        from mutoscope import __version__

        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit()


def _start(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Words to pictures and to motion, on the machine in front of you."""


def build() -> Group:
    """Return the whole command line as one group of commands."""
    groups = {
        "models": _group(
            Commands(MODELS_MODULES),
            "Models made elsewhere: list them, get one, take it away, say what it is, export it as ONNX files.",
            Listing,
        ),
        "adapters": _group(
            Commands(ADAPTERS_MODULES),
            "Your adapters: list them, show one, draw one at several strengths, remove one.",
            Listing,
        ),
        "data": _group(Commands(DATA_MODULES), "Make training data, or gather, check, pack and show your own."),
        "train": _group(
            Commands(TRAIN_MODULES),
            "Train a model stage by stage; plan a run, choose its average, see it as a film.",
            Stages,
        ),
    }
    return _group(
        Commands(MODULES, groups),
        "Words to pictures and to motion, on the machine in front of you.",
        start=_start,
        epilog="\b\nFirst steps:\n  mutoscope demo\n"
        '  mutoscope image "A serene lake surrounded by pine trees at sunset"\n'
        '  mutoscope video "Waves crashing on a beach" --seconds 5 -o waves.mp4\n\n'
        "mutoscope COMMAND -h shows examples of each. Exit codes: 0 done, 1 failed, 2 wrong words, 130 stopped.",
    )


def run(argv: list[str]) -> int:
    """Run one command line; wrong words become `SettingError`, everything else passes through."""
    group = build()
    try:
        with group.make_context(NAME, argv) as context:
            return group.invoke(context) or 0
    except typer.Exit as leave:
        return leave.exit_code
    except TyperException as error:
        raise SettingError(_explain(error)) from error


def _explain(error: Any) -> str:
    """Return the one line for words the parser refused."""
    context: Any = getattr(error, "ctx", None)
    see = f"; see {context.command_path} -h" if context else ""
    if hasattr(error, "possibilities"):
        known = [name for param in context.command.params for name in (*param.opts, *param.secondary_opts)]
        options = [name for name in known if name.startswith("-")]
        return (
            f"unknown option {error.option_name!r}{did_you_mean(error.option_name, options)}{see}"
            " (words that start with a dash go after --)"
        )
    if hasattr(error, "param_type"):
        name = error.param.metavar or error.param.name
        if error.param.param_type_name == "option":
            name = f"{error.param.opts[0]} {name}"
        return f"missing {name}{see}"
    return f"{error.message.rstrip('.')}{see}"
