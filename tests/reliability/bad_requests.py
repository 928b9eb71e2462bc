"""Ten thousand requests that nobody should send: no failure, no slow answer, no long one."""

from pathlib import Path
from typing import Any

from hostile_requests import corpus
from reliability.fuzzing import find_schemathesis, read_schema, send_bodies, send_changed, send_raw
from reliability.measured import Bar, Measured
from reliability.tally import MOST_BYTES, MOST_SECONDS, Sender, Tally
from serving import Served, served

NAME, WHAT = "bad_requests", "Bad requests"
FULL: dict[str, Any] = {"by_chance": 10_000, "examples": 25}
SHORT: dict[str, Any] = {"by_chance": 150, "examples": 0}
WANTED_BY_HAND = 300


def send_corpus(server: Served, tally: Tally) -> None:
    """Send what was made by hand."""
    sender = Sender(server.port, tally)
    for one in corpus():
        sender.send(one.method, one.path, one.body, dict(one.headers))
    sender.close()


def measure(folder: Path, by_chance: int, examples: int) -> Measured:
    """Send them all; `by_chance` without those of schemathesis."""
    by_hand, bodies, changed, raw, schema = (Tally() for _ in range(5))
    program = find_schemathesis() if examples else None
    with served(folder / "data", "--time-limit", "2", "--threads", "1", "--max-queue", "100000") as server:
        send_corpus(server, by_hand)
        send_bodies(server, bodies, by_chance * 4 // 10)
        send_changed(server, changed, by_chance * 4 // 10)
        send_raw(server, raw, by_chance * 2 // 10)
        version = read_schema(server, schema, program, examples, folder) if program else ""
        alive = server.http.get("/healthz").status_code == 200
        complaints = server.complaints.count("Traceback")
    parts = {"made by hand": by_hand, "bodies by hypothesis": bodies, "changed orders": changed, "bytes on the socket": raw,
             f"schemathesis {version}": schema}  # fmt: skip
    return report({name: tally for name, tally in parts.items() if tally.sent}, alive, complaints, by_chance)


def report(parts: dict[str, Tally], alive: bool, complaints: int, wanted: int) -> Measured:
    """Return what was found."""
    hand = parts["made by hand"].sent
    total = sum(tally.sent for tally in parts.values())
    failures, slowest = sum(tally.failures for tally in parts.values()), max(tally.slowest for tally in parts.values())
    longest = max(tally.longest for tally in parts.values())
    bars = [
        Bar("requests by chance", f"{total - hand:,}", f">= {wanted:,}", total - hand >= wanted),
        Bar("requests made by hand", f"{hand}", f">= {WANTED_BY_HAND}", hand >= WANTED_BY_HAND),
        Bar("failures of the server (5xx, or no answer)", f"{failures} of {total:,}", "0", not failures and alive),
        Bar("slowest refusal", f"{slowest:.2f} s", f"< {MOST_SECONDS:g} s", slowest < MOST_SECONDS),
        Bar("longest refusal", f"{longest:,} bytes", f"< {MOST_BYTES:,} bytes", longest < MOST_BYTES),
        Bar("tracebacks in the server's output", f"{complaints}", "0", complaints == 0),
    ]
    said = ", ".join(f"{tally.sent:,} {name}" for name, tally in parts.items())
    missing = "" if any("schemathesis" in name for name in parts) else " schemathesis was not installed."
    done = f"{total:,} requests to one server: {said}. What happened to be a good order was drawn.{missing}"
    return Measured(done, bars, {name: tally.figures() for name, tally in parts.items()})
