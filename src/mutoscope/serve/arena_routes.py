"""Routes of the arena. What is sent of a pair before its vote says nothing of who made which: no names, no notes in the files, no jobs."""

import json
import time
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from mutoscope.errors import MediaError
from mutoscope.evaluate.preference import FEWEST_VOTES, are_told_apart, preference
from mutoscope.evaluate.prompt_sets import DEVELOPMENT_FILES, FOLDER, read_prompts
from mutoscope.prompt.checks import MAX_PROMPT_CHARACTERS, MAX_SEED
from mutoscope.prompt.request import MAX_GUIDANCE_SCALE, MAX_STEPS
from mutoscope.serve.access import get_desk
from mutoscope.serve.arena import Arena, Contest, Pair, count_votes
from mutoscope.serve.arena_drawing import Drawer, check_contest, make_contestant, make_drawings
from mutoscope.serve.arena_files import MAX_CONTESTANTS, MAX_PROMPTS, blind_file, find_file
from mutoscope.serve.bodies import Word
from mutoscope.serve.desk import Desk
from mutoscope.serve.files import new_id
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.strict import StrictBody, new_router

router = new_router(prefix="/api/arena")
Name = Annotated[str, Field(max_length=80)]
Id = Annotated[str | None, Query(max_length=64)]
Kind = Annotated[Literal["image", "video"] | None, Query()]


class ContestantBody(StrictBody):
    """Who draws: a model, and what is set for it."""

    name: Name | None = None
    model: Word | None = None
    num_inference_steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=MAX_GUIDANCE_SCALE)] | None = None
    style: Word | None = None
    adapter: Word | None = None
    precision: Word | None = None


class ContestBody(StrictBody):
    """A comparison to draw. Without prompts, `count` of the package's own are taken."""

    name: Name = ""
    kind: Literal["image", "video"] = "image"
    contestants: list[ContestantBody] = Field(min_length=2, max_length=MAX_CONTESTANTS)
    prompts: list[Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS)]] = Field(
        [], max_length=MAX_PROMPTS
    )
    count: int = Field(30, ge=1, le=MAX_PROMPTS)
    seed: int = Field(0, ge=0, le=MAX_SEED - MAX_PROMPTS)


class VoteBody(StrictBody):
    """Which side is better."""

    winner: Literal["left", "right", "tie", "skip"]


def get_arena(request: Request) -> Arena:
    """Return the arena of the app."""
    return request.app.state.arena


def get_drawer(request: Request) -> Drawer:
    """Return what draws for the arena."""
    return request.app.state.drawer


@router.get("/contests")
async def list_contests(desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)) -> dict[str, Any]:
    """List the comparisons, the newest first."""
    return {"object": "list", "data": await desk.look_up(_show_all, arena)}


@router.post("/contests", status_code=201)
async def make_contest(
    body: ContestBody,
    desk: Desk = Depends(get_desk),
    arena: Arena = Depends(get_arena),
    drawer: Drawer = Depends(get_drawer),
) -> dict[str, Any]:
    """Keep a comparison; its pairs are drawn one after the other, and can be voted on as they come."""
    contest = await desk.look_up(_make_contest, body, desk, arena)
    drawer.wake()
    return await desk.look_up(_show, arena, contest)


@router.delete("/contests/{contest_id}")
async def delete_contest(
    contest_id: str, desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)
) -> dict[str, Any]:
    """Forget a comparison with its pictures and its votes."""
    for job_id in await desk.look_up(arena.remove, contest_id):
        try:
            await desk.remove(job_id)
        except Refusal as error:
            if error.status != 404:
                raise
    return {"id": contest_id, "deleted": True}


@router.get("/contests/{contest_id}/next")
async def next_pair(
    contest_id: str, desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)
) -> dict[str, Any]:
    """Return the next pair to vote on, null where none is ready."""
    contest = await desk.look_up(arena.contest, contest_id)
    pair = await desk.look_up(arena.next_pair, contest_id)
    return {"contest": await desk.look_up(_show, arena, contest), "pair": pair and show_blind(pair, contest)}


@router.get("/pairs/{pair_id}/{side}")
async def get_side(
    pair_id: str, side: Literal["left", "right"], desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)
) -> Response:
    """Return the picture or clip of a side, without its notes."""
    pair = await desk.look_up(arena.pair, pair_id)
    contest = await desk.look_up(arena.contest, pair.contest)
    name = pair.left_file if side == "left" else pair.right_file
    try:
        data, kind = await desk.look_up(lambda: blind_file(find_file(contest, desk.files.results, name or "-")))
    except (MediaError, OSError):
        raise Refusal(404, "not_found", "the file of this pair is gone") from None
    return Response(data, media_type=kind, headers={"Cache-Control": "private, max-age=3600, immutable"})


@router.post("/pairs/{pair_id}/vote")
async def cast_vote(
    pair_id: str, body: VoteBody, desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)
) -> dict[str, Any]:
    """Keep a vote and say who was who. The same vote again is no second one; another is refused (409)."""
    pair = await desk.look_up(arena.vote, pair_id, body.winner)
    contest = await desk.look_up(arena.contest, pair.contest)
    left, right = contest.contestants[pair.left], contest.contestants[pair.right]
    return {"id": pair.id, "winner": pair.winner, "left": left.name, "right": right.name}


@router.get("/ratings")
async def rate(
    contest: Id = None, kind: Kind = None, desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)
) -> dict[str, Any]:
    """Rate the contestants by the votes of a comparison, of a kind, or of all."""
    votes = await desk.look_up(arena.votes, contest, kind)
    known = await desk.look_up(arena.contests)
    names = {one.key: one.name for each in reversed(known) for one in each.contestants}
    if contest is not None:
        names |= {one.key: one.name for each in known if each.id == contest for one in each.contestants}
    return await desk.look_up(make_ratings, votes, names)


@router.get("/votes")
async def export_votes(
    contest: Id = None, kind: Kind = None, desk: Desk = Depends(get_desk), arena: Arena = Depends(get_arena)
) -> Response:
    """Return the votes, one a line, as `mutoscope card --votes` and `mutoscope evaluate --votes` read them."""
    votes = await desk.look_up(arena.votes, contest, kind)
    lines = "".join(json.dumps(vote, ensure_ascii=False) + "\n" for vote in votes)
    headers = {"Content-Disposition": 'attachment; filename="votes.jsonl"', "Cache-Control": "no-store"}
    return Response(lines, media_type="application/jsonl", headers=headers)


def make_ratings(votes: list[dict[str, Any]], names: dict[str, str]) -> dict[str, Any]:
    """Return the strength of each contestant with its interval, the best first, and whether it is told apart from the next."""
    found = preference(count_votes(votes))
    rows = [
        {"key": key, "name": names.get(key, key), **number, "win_rate": _win_rate(votes, key)}
        for key, number in (found["models"] if found else {}).items()
    ]
    rows.sort(key=lambda row: -row["value"])
    for row, after in zip(rows, [*rows[1:], None], strict=False):
        row["is_above_next"] = None if after is None else are_told_apart(row, after)
    return {"votes": len(votes), "ties": sum(vote["winner"] == "tie" for vote in votes), "fewest_votes": FEWEST_VOTES,
            "left_wins": sum(vote["winner"] == "left" for vote in votes), "data": rows}  # fmt: skip


def _win_rate(votes: list[dict[str, Any]], key: str) -> float:
    """Return the share of a contestant's votes that it won, in percent; a tie is half of one."""
    pairs = [(left == key, wins) for left, right, wins in count_votes(votes) if key in (left, right)]
    return 100 * sum(wins if is_left else 1 - wins for is_left, wins in pairs) / len(pairs)


def show_blind(pair: Pair, contest: Contest) -> dict[str, Any]:
    """Return what is said of a pair before its vote."""
    sides = {side: f"/api/arena/pairs/{pair.id}/{side}" for side in ("left", "right")}
    return {"id": pair.id, "prompt": pair.prompt, "kind": contest.kind, **sides}


def _show_all(arena: Arena) -> list[dict[str, Any]]:
    return [_show(arena, contest) for contest in arena.contests()]


def _show(arena: Arena, contest: Contest) -> dict[str, Any]:
    names = [one.name for one in contest.contestants]
    return {"id": contest.id, "name": contest.name or " or ".join(names), "kind": contest.kind, "contestants": names,
            "is_folder": bool(contest.folder), "created": contest.created, "error": arena.first_error(contest.id),
            **arena.counts(contest.id)}  # fmt: skip


def _make_contest(body: ContestBody, desk: Desk, arena: Arena) -> Contest:
    who = [one.model_dump(exclude={"name", "model"}) for one in body.contestants]
    contestants = tuple(
        make_contestant(desk.catalog, body.kind, one.model, options, one.name)
        for one, options in zip(body.contestants, who, strict=True)
    )
    contest = Contest(new_id(), body.name, body.kind, contestants, created=time.time())
    prompts = [prompt.strip() for prompt in body.prompts if prompt.strip()] or choose_prompts(body.count)
    drawings = make_drawings(contest, prompts, body.seed)
    check_contest(contest, drawings, desk.catalog, desk.settings.max_cost)
    return arena.add(contest, drawings)


def choose_prompts(count: int) -> list[str]:
    """Return so many of the package's free-worded prompts, spread over all of them."""
    every = [prompt for name in DEVELOPMENT_FILES for prompt, _ in read_prompts(FOLDER / name)]
    return [every[place * len(every) // count] for place in range(count)]
