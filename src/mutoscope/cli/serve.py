"""The command `serve`: a server on this machine, for programs and for a browser."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import note, say
from mutoscope.errors import MissingExtraError, SettingError

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        parser=ask.text,
        help="A name under which this machine is reached; once for each.",
    ),
]

PairFolders = Annotated[
    list[str] | None,
    typer.Option(
        "--pairs",
        metavar="DIR",
        parser=ask.text,
        help="A folder of pairs for the arena, with a folder for each contestant; once for each.",
    ),
]
RunFolders = Annotated[
    list[str] | None,
    typer.Option(
        "--runs",
        metavar="DIR",
        parser=ask.text,
        help="A training run, or a folder of them, to be shown; once for each. Default: runs, where it is there.",
    ),
]
Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        metavar="NAME",
        parser=ask.text,
        help="For models made elsewhere: cpu, cuda, cuda:1, mps; once for each worker, or all: every GPU.",
    ),
]


Host = Annotated[
    str | None,
    ask.text_option(
        "--host", "ADDRESS", "Where to listen. Default: 127.0.0.1, this machine only; others need a token."
    ),
]
Folder = Annotated[
    str | None, ask.text_option("--folder", "DIR", "Of the queue and the results. Default: outputs/server.")
]
Token = Annotated[
    str | None,
    ask.text_option(
        "--token", "TOKEN", "What clients must send. Default: MUTOSCOPE_TOKEN; one is made where it is needed."
    ),
]
Workers = Annotated[
    int | None,
    ask.int_option("--workers", 2, "Processes that draw, dealt out to the devices. Default: one for each device."),
]
TimeLimit = Annotated[
    float, ask.float_option("--time-limit", 3600, "Seconds that a job may take. Default: 3600.", "SECONDS")
]
KeepDays = Annotated[
    float | None,
    ask.float_option("--keep-days", 30, "Days after which what has ended is removed. Default: never.", "DAYS"),
]
KeepGb = Annotated[
    float | None,
    ask.float_option("--keep-gb", 20, "Gigabytes of results beyond which the oldest are removed. Default: none.", "GB"),
]
PublicUrl = Annotated[
    str | None,
    ask.text_option("--public-url", "URL", "Where clients find it behind a proxy, such as https://studio.example."),
]
Downloads = Annotated[
    bool | None,
    ask.flag(
        "--downloads/--no-downloads",
        "Let its users fetch known models and open those on this disk. Default: only where nobody but this machine reaches it.",
    ),
]
OnRay = Annotated[bool, ask.flag("--ray", "Draw with Ray Serve, on this machine or on the cluster of RAY_ADDRESS.")]
RayUrl = Annotated[
    str | None, ask.text_option("--ray-url", "URL", "Draw with the application of Ray Serve at this address.")
]


def serve(
    host: Host = None,
    port: Annotated[int, ask.int_option("--port", 8188, "The port. Default: 8188.")] = 8188,
    model: ask.Models = None,
    folder: Folder = None,
    token: Token = None,
    workers: Workers = None,
    time_limit: TimeLimit = 3600.0,
    max_queue: Annotated[int, ask.int_option("--max-queue", 1000, "Jobs that may wait. Default: 1000.")] = 1000,
    keep_days: KeepDays = None,
    keep_gb: KeepGb = None,
    allow_host: Names = None,
    public_url: PublicUrl = None,
    pairs: PairFolders = None,
    runs: RunFolders = None,
    downloads: Downloads = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: Devices = None,
    offload: ask.Offload = "auto",
    ray: OnRay = False,
    ray_url: RayUrl = None,
) -> None:
    """Serve pictures and clips to programs and to a browser; no job that was accepted is lost. Ctrl-C ends it."""
    from mutoscope.engines import EMBEDDED, EngineSettings

    need_extra()
    from mutoscope.serve.settings import ServeSettings

    settings = ServeSettings(
        folder=Path(folder or Path("outputs") / "server"),
        models=tuple(model or (EMBEDDED,)),
        engine=EngineSettings(runtime, threads, precision, "auto", offload),
        host=host or "127.0.0.1",
        port=port,
        names=tuple(allow_host or ()),
        public_url=None if public_url is None else read_public_url(public_url),
        pairs=tuple(map(Path, pairs or ())),
        runs=find_runs(runs),
        downloads=downloads,
        token=token or os.environ.get("MUTOSCOPE_TOKEN") or None,
        time_limit=time_limit,
        max_queue=max_queue,
        keep_days=keep_days,
        keep_gb=keep_gb,
    )
    start(settings, workers, device or (), ray=ray, ray_url=ray_url)


def start(settings: Any, workers: int | None, devices: Sequence[str], *, ray: bool, ray_url: str | None) -> None:
    """Serve with workers of this machine, of a Ray that is started, or of one that runs; SettingError."""
    if ray_url is not None and (ray or devices):
        raise SettingError(
            "--ray-url names workers that run already, with their own devices; leave --ray and --device out"
        )
    found = find_devices(devices, on_cluster=ray)
    settings = check(replace(settings, devices=found, workers=max(1, len(found)) if workers is None else workers))
    if ray_url is not None:
        return run(on_cluster(settings, ray_url))
    return run_on_ray(settings) if ray else run(settings)


def read_public_url(words: str) -> str:
    """Return scheme, name and port of a public address as browsers spell them; SettingError.

    >>> read_public_url("https://Studio.example:443/")
    'https://studio.example'
    """
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(words)
        scheme, name, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        scheme, name, port = "", "", None
    rest = words.partition("://")[2].partition("/")[2]
    if scheme not in ("http", "https") or not name or not name.isascii() or rest or "@" in words:
        raise SettingError(f"--public-url must be like https://studio.example, without a path, got {words[:80]!r}")
    host = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}" + ("" if port in (None, usual) else f":{port}")


def find_devices(names: Sequence[str], *, on_cluster: bool) -> tuple[str, ...]:
    """Return the devices that were named, all GPUs for `all`; whether they are there, the engines say. SettingError."""
    if on_cluster and len(names) > 1:
        raise SettingError(
            "on a cluster every worker has a GPU of its own; give --device cuda once, --workers for how many"
        )
    if "all" not in names:
        return tuple(dict.fromkeys(names))
    from mutoscope.device import cuda_devices

    found = cuda_devices()
    if not found:
        raise SettingError("--device all: there is no GPU here that PyTorch knows; leave it out to draw on the CPU")
    return found


def find_runs(names: Sequence[str] | None) -> tuple[Path, ...]:
    """Return the folders of training runs, `runs` where it is there and none is named; SettingError for what is no folder."""
    for name in names or ():
        if not Path(name).is_dir():
            raise SettingError(f"--runs {name!r} is not a folder; give a training run, or the folder that holds them")
    usual = Path("runs")
    return tuple(map(Path, names)) if names else (usual,) if usual.is_dir() else ()


def need_extra() -> None:
    """Raise MissingExtraError where a library of the extra is missing, SettingError where the system has no such locks and pipes."""
    from importlib.util import find_spec

    if os.name != "posix":
        raise SettingError("mutoscope serve runs on Linux and macOS; on Windows run it in WSL")
    for library in ("fastapi", "uvicorn", "python_multipart", "prometheus_client"):
        if find_spec(library) is None:
            raise MissingExtraError(library.replace("python_multipart", "python-multipart"), "serve")


def check(settings: Any) -> Any:
    """Return settings that can be had, the threads shared among the workers; SettingError."""
    limits = (
        ("--port", settings.port, 0, 65535),
        ("--workers", settings.workers, 1, 64),
        ("--max-queue", settings.max_queue, 1, 10**6),
    )
    for option, value, least, most in limits:
        if not least <= value <= most:
            raise SettingError(f"{option} must be from {least} to {most}, got {value}")
    if not 0 < settings.time_limit <= 7 * 24 * 3600:
        raise SettingError(f"--time-limit must be seconds above 0 and at most a week, got {settings.time_limit:g}")
    for option, value in (("--keep-days", settings.keep_days), ("--keep-gb", settings.keep_gb)):
        if value is not None and not 0 < value <= 1e6:
            raise SettingError(f"{option} must be above 0 and at most a million, got {value:g}")
    if settings.token is not None and not (
        len(settings.token) >= 8 and settings.token.isascii() and settings.token.isprintable()
    ):
        raise SettingError("--token must be at least 8 printable ASCII characters")
    if settings.workers < len(settings.devices):
        raise SettingError(
            f"--workers {settings.workers} leaves devices without work: {', '.join(settings.devices)}; leave --workers out"
        )
    if settings.workers > 1 and settings.engine.threads is None:
        from mutoscope.device import thread_count

        each = max(1, thread_count() // settings.workers)
        return replace(settings, engine=replace(settings.engine, threads=each))
    return settings


def on_cluster(settings: Any, address: str) -> Any:
    """Return settings with the application of Ray Serve that draws; SettingError."""
    from mutoscope.serve.remote import check_address

    token = os.environ.get("MUTOSCOPE_RAY_TOKEN") or None
    return replace(settings, cluster=check_address(address), cluster_token=token)


def run_on_ray(settings: Any) -> None:
    """Serve, and let Ray Serve draw as long; MissingExtraError."""
    from mutoscope.cluster.serving import Local, import_ray

    import_ray()
    local = Local()
    (device,) = settings.devices or ("auto",)
    engine = replace(settings.engine, device=device)
    on_ray = replace(settings, cluster=local.address, cluster_token=local.token)
    run(on_ray, local.running(engine, settings.models, settings.workers))


def run(settings: Any, during: AbstractContextManager[None] = nullcontext()) -> None:
    """Take the port, open the queue, say where it is, serve; `during` is entered when the folder is ours."""
    from mutoscope.serve.app import create_app
    from mutoscope.serve.desk import Desk
    from mutoscope.serve.login import new_token
    from mutoscope.serve.running import run as run_server
    from mutoscope.serve.running import take_port

    with closing(take_port(settings.host, settings.port)) as listening:
        made = settings.token is None and settings.needs_token
        settings = replace(settings, port=listening.getsockname()[1], token=new_token() if made else settings.token)
        desk = Desk(settings, note)
        with during:
            say_address(settings, made, [entry.id for entry in desk.catalog])
            run_server(create_app(desk), desk, listening)


def say_address(settings: Any, made: bool, models: Sequence[str]) -> None:
    """Print where the server is, and the token where one was made."""
    import sys

    name = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{name}:{settings.port}/"
    say(address + (f"#token={settings.token}" if made else ""))
    if settings.public_url is not None:
        note(f"clients find it at {settings.public_url}/")
    note(f"mutoscope {', '.join(models)}; queue and results in {settings.folder}; Ctrl-C ends it")
    sys.stdout.flush()


COMMANDS = {
    "serve": (
        serve,
        """
mutoscope serve
mutoscope serve --model embedded --model world --port 9000
mutoscope serve --host 0.0.0.0 --token "a long secret"
mutoscope serve --folder /var/lib/mutoscope --workers 2 --time-limit 600
mutoscope serve --keep-days 30 --keep-gb 50
mutoscope serve --host 0.0.0.0 --public-url https://studio.example
mutoscope serve --pairs outputs/pairs --runs runs/nano
mutoscope serve --model sdxl-turbo --device cuda:0 --device cuda:1
mutoscope serve --ray --workers 8
mutoscope serve --ray-url http://mutoscope-draw-serve-svc:8000 --workers 16""",
    ),
}
