"""All commands in one application, and how wrong input is answered: the composition root of the command line."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from mutoscope.cli import (
    adapt,
    card,
    data,
    doctor,
    evaluate,
    export,
    files,
    generate,
    objects,
    recipe,
    styles,
    train,
    tune,
    world,
)
from mutoscope.errors import SettingError, did_you_mean

NAME = "mutoscope"
FORMER_NAMES = {"things": "objects"}  # of commands
HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(TyperCommand):
    """A command that names the arguments it has no use for, instead of only counting them."""

    allow_extra_args = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            expected = " ".join(p.metavar or "" for p in self.params if p.param_type_name == "argument") or "no words"
            hint = 'put a prompt in quotes: "a lake"' if "PROMPT" in expected else f"see {ctx.command_path} -h"
            raise SettingError(f"{ctx.command_path} takes {expected}, got also {' '.join(rest)!r}; {hint}")
        return rest


class Group(TyperGroup):
    """A group of commands; without a command it shows its help, an unknown one is answered with the nearest name."""

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


class Stages(Group):
    """The group train: the name of every stage calls the one command that is listed as STAGE."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from mutoscope.train.stages import STAGES

        if cmd_name in STAGES:
            return self.commands[train.STAGE]
        return super().get_command(ctx, cmd_name)

    def names(self) -> list[str]:
        from mutoscope.train.stages import STAGES

        return [*STAGES, *(name for name in self.commands if name != train.STAGE)]


def _group(help: str, cls: type[Group] = Group, **settings: Any) -> typer.Typer:
    return typer.Typer(
        name=NAME,
        cls=cls,
        help=help,
        add_completion=False,
        rich_markup_mode=None,  # brackets in a text are brackets
        context_settings=HELP_NAMES,
        **settings,
    )


def _show_version(wanted: bool) -> None:
    if wanted:
        from mutoscope import __version__

        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit()


def _start(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Words to pictures and to motion, on the machine in front of you."""


def build() -> TyperGroup:
    """Return the whole command line as one group of commands."""
    app = _group(
        "Words to pictures and to motion, on the machine in front of you.",
        epilog="\b\nFirst steps:\n  mutoscope demo\n"
        '  mutoscope image "A serene lake surrounded by pine trees at sunset"\n'
        '  mutoscope video "Waves crashing on a beach" --seconds 5 -o waves.mp4\n\n'
        "mutoscope COMMAND -h shows examples of each. Exit codes: 0 done, 1 failed, 2 wrong words, 130 stopped.",
    )
    app.callback()(_start)
    for module in (generate, styles, objects, files, doctor):
        _add(app, module.COMMANDS)
    of_data = _group("Make training data, or gather, check, pack and show your own.")
    of_data.callback()(lambda: None)
    _add(of_data, data.COMMANDS)
    app.add_typer(of_data, name="data")
    of_train = _group("Train a model stage by stage; plan a run, choose its average, see it as a film.", Stages)
    of_train.callback()(lambda: None)
    _add(of_train, train.COMMANDS)
    app.add_typer(of_train, name="train")
    for module in (world, recipe, tune, adapt, export, evaluate, card):
        _add(app, module.COMMANDS)
    return typer.main.get_command(app)  # type: ignore[return-value]  # a Typer with several commands is a group


def _add(app: typer.Typer, commands: dict[str, tuple[Any, str]]) -> None:
    for name, (function, examples) in commands.items():
        epilog = "\b\nExamples:\n" + "\n".join("  " + line for line in examples.strip().splitlines())
        app.command(name, cls=Command, epilog=epilog, context_settings=HELP_NAMES)(function)


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
