"""Eight clients at once get the bytes that they would get one after the other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from reliability.measured import Bar, Measured
from serving import Served, served

NAME, WHAT = "equal_bytes", "Eight clients at once"
FULL: dict[str, Any] = {"clients": 8, "model": "embedded", "rounds": 3}
SHORT: dict[str, Any] = {"clients": 8, "model": "fake:0", "rounds": 1}
ORDERS: tuple[dict[str, Any], ...] = (
    {"prompt": "a lake at sunset"},
    {"prompt": "a city at night", "style": "watercolor"},
    {"prompt": "waves", "n": 2},
    {"prompt": "a meadow", "format": "webp"},
)


def draw(server: Served, number: int) -> list[bytes]:
    """Return the files of an order."""
    order = {"width": 64, "height": 64, "seed": number, **ORDERS[number % len(ORDERS)]}
    job = server.wait(server.make(**order), 600)
    if job["state"] != "done":
        raise RuntimeError(f"the job is {job['state']}: {job['error']}")
    return [server.http.get(result["url"]).raise_for_status().content for result in job["results"]]


def measure(folder: Path, clients: int, model: str, rounds: int) -> Measured:
    """Draw each order alone, then all at once, with one worker and with two."""
    with served(folder / "one" / "data", "--threads", "1", model=model) as server:
        alone = [draw(server, number) for number in range(clients)]
    different = compared = 0
    for workers in (1, 2):
        words = ("--threads", "1", "--workers", str(workers))
        with (
            served(folder / f"several-{workers}" / "data", *words, model=model) as server,
            ThreadPoolExecutor(clients) as pool,
        ):
            for _ in range(rounds):
                together = list(pool.map(lambda number: draw(server, number), range(clients)))
                different += sum(a != b for a, b in zip(alone, together, strict=True))
                compared += clients
    bars = [Bar("orders whose files differ from those drawn alone", f"{different} of {compared}", "0", different == 0)]
    done = (
        f"{clients} orders (pictures, several pictures, styles, WebP) of the model `{model}` one after the other, then {rounds} times "
        f"from {clients} clients at once, with one worker and with two."
    )
    return Measured(done, bars)
