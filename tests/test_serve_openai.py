"""The OpenAI-shaped routes against a real server, with the stock `openai` client and our own engine `openai:`."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "openai"):
    pytest.importorskip(library)

import numpy as np
import openai
from PIL import Image

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.init_image import open_init_image
from mutoscope.media import open_frames, read_info
from mutoscope.serve.openai_fields import MEANINGLESS
from mutoscope.serve.openai_images import EditBody
from mutoscope.serve.openai_videos import VideoBody
from mutoscope.serve.settings import DEFAULT_PORT
from serving import Served, served

SIZE: Any = "32x32"
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{words}:DeprecationWarning") for words in ("The Sora API", "deprecated$")
]  # what the client says of its own calls


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("openai") / "data", "--model", "embedded") as one:
        yield one


@pytest.fixture(scope="module")
def client(server: Served):
    with openai.OpenAI(base_url=f"{server.base}/v1", api_key="none", timeout=20) as one:
        yield one


def noise(seed: int, side: int = 32) -> np.ndarray:
    """What the engine of these tests draws."""
    return np.random.default_rng([seed, 0]).integers(0, 256, (1, side, side, 3), np.uint8)[0]


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def decode(one: Any) -> bytes:
    return base64.b64decode(one.b64_json)


def png(width: int = 32, height: int = 32, hole: bool = False) -> bytes:
    """A grey picture; with a hole its upper half is transparent."""
    levels = np.full((height, width, 4), 90, np.uint8)
    levels[..., 3] = 255
    levels[: height // 2 if hole else 0, :, 3] = 0
    target = io.BytesIO()
    Image.fromarray(levels if hole else levels[..., :3].copy()).save(target, "PNG")
    return target.getvalue()


def accepted(server: Served) -> int:
    """How many jobs the server has taken."""
    (number,) = re.findall(r"^mutoscope_accepted_total (\S+)", server.http.get("/metrics").text, flags=re.MULTILINE)
    return int(float(number))


def newest(server: Served) -> dict[str, Any]:
    return server.http.get("/api/jobs?limit=1").json()["data"][0]


# ---------------------------------------------------------------------------------------------------------------- pictures


def test_pictures_count_their_seeds(client: openai.OpenAI):
    reply: Any = client.images.generate(
        prompt="a lake", n=3, size=SIZE, extra_body={"seed": 7, "num_inference_steps": 4}
    )
    assert [one.seed for one in reply.data] == [7, 8, 9]
    for one in reply.data:
        assert np.array_equal(pixels_of(decode(one)), noise(one.seed)) and one.revised_prompt is None
    assert (reply.size, reply.output_format, reply.background, reply.ignored) == (SIZE, "png", "opaque", [])
    assert reply.created and reply.usage.total_tokens == 0
    alone: Any = client.images.generate(prompt="a lake", size=SIZE, extra_body={"seed": 8, "num_inference_steps": 4})
    assert decode(alone.data[0]) == decode(reply.data[1])
    last: Any = client.images.generate(prompt="a lake", n=2, size=SIZE, extra_body={"seed": 2**32 - 1})
    assert [one.seed for one in last.data] == [2**32 - 1, 0]


def test_the_request_of_a_picture_is_that_of_its_file(client: openai.OpenAI, tmp_path: Path):
    reply: Any = client.images.generate(
        prompt="a lake", size=SIZE, output_format="webp", extra_body={"negative_prompt": "fog", "guidance_scale": 2.5}
    )
    file = tmp_path / "lake.webp"
    file.write_bytes(decode(reply.data[0]))
    info = read_info(file)
    assert json.loads(info["request_json"]) == reply.data[0].request and info["ai_marking"]
    assert reply.data[0].request["negative_prompt"] == "fog" and reply.data[0].request["seed"] == reply.data[0].seed


def test_addresses_of_pictures_are_whole(client: openai.OpenAI, server: Served):
    reply = client.images.generate(prompt="a lake", n=2, size="auto", response_format="url")
    assert reply.data is not None
    for one in reply.data:
        assert one.url and one.url.startswith(f"{server.base}/api/results/") and one.b64_json is None
        assert server.http.get(one.url).headers["content-type"] == "image/png"


def test_the_quality_of_files(client: openai.OpenAI):
    def draw(compression: int, **more: Any) -> Any:
        return client.images.generate(
            prompt="a lake", size=SIZE, output_compression=compression, extra_body={"seed": 1}, **more
        )

    sizes = [len(decode(draw(number, output_format="jpeg").data[0])) for number in (0, 50, 100)]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3
    assert draw(50).ignored == ["output_compression"]


def test_what_means_nothing_here_is_named(client: openai.OpenAI):
    reply: Any = client.images.generate(
        prompt="a lake", size=SIZE, user="me", quality="high", style="vivid", background="transparent", moderation="low"
    )
    assert set(reply.ignored) == {"user", "quality", "style", "background", "moderation"}
    plain: Any = client.images.generate(
        prompt="a lake", size=SIZE, quality="auto", background="opaque", moderation="auto", stream=False, n=1
    )
    assert plain.ignored == []
    styled: Any = client.images.generate(prompt="a lake", size=SIZE, extra_body={"style": "watercolor"})
    assert styled.ignored == [] and styled.data[0].request["styles"]


def test_a_stream_with_partial_pictures(client: openai.OpenAI):
    stream = client.images.generate(
        prompt="slow", size=SIZE, stream=True, partial_images=3, n=2, extra_body={"seed": 3}
    )
    events: list[Any] = list(stream)
    kinds = [event.type.removeprefix("image_generation.") for event in events]
    assert kinds.count("completed") == 2 and 2 <= kinds.count("partial_image") <= 6
    for place in (0, 1):
        mine = [event for event in events if event.place == place]
        assert [event.partial_image_index for event in mine[:-1]] == list(range(len(mine) - 1))
        assert np.array_equal(pixels_of(decode(mine[-1])), noise(3 + place)) and mine[-1].seed == 3 + place
        assert all(Image.open(io.BytesIO(decode(event))).format == "JPEG" for event in mine[:-1])
    assert all(event.size == SIZE and event.created_at and event.background for event in events)
    assert events[-1].output_format == "png" and events[-1].usage.total_tokens == 0


def test_a_stream_without_partial_pictures(client: openai.OpenAI):
    events: list[Any] = list(client.images.generate(prompt="slow", size=SIZE, stream=True))
    assert [event.type for event in events] == ["image_generation.completed"]


def test_a_stream_that_fails_says_so(client: openai.OpenAI, server: Served):
    before = accepted(server)
    with pytest.raises(openai.APIError, match="RuntimeError"):
        list(client.images.generate(prompt="raise", size=SIZE, stream=True))
    with pytest.raises(openai.BadRequestError, match="13") as caught:
        client.images.generate(prompt="a lake", size="13x13", stream=True)
    assert caught.value.param == "size"
    assert accepted(server) == before + 1


def test_a_picture_is_drawn_anew_where_its_mask_is_transparent(client: openai.OpenAI):
    white = np.zeros((32, 32), np.uint8)
    white[:16] = 255
    meant = open_init_image(pixels_of(png()), np.repeat(white[..., None], 3, axis=2))
    assert meant is not None
    reply: Any = client.images.edit(
        image=png(), mask=png(hole=True), prompt="a lake", size=SIZE, n=2, extra_body={"seed": 5, "strength": 0.75}
    )
    assert [one.seed for one in reply.data] == [5, 6] and reply.ignored == []
    request = reply.data[0].request
    assert (request["image_hash"], request["mask_hash"]) == (meant.hash, meant.mask_hash)
    assert request["strength"] == 0.75
    own: Any = client.images.edit(image=[png()], prompt="a lake", input_fidelity="high", extra_headers={"x": "1"})
    assert own.ignored == ["input_fidelity"] and own.data[0].request.get("mask_hash", "") == ""


def test_a_variation_of_our_own_picture_has_noise_near_its_own(client: openai.OpenAI):
    made: Any = client.images.generate(
        prompt="a lake", size="48x32", response_format="b64_json", extra_body={"seed": 9, "style": "watercolor:0.5"}
    )
    picture = base64.b64decode(made.data[0].b64_json)
    reply: Any = client.images.create_variation(image=picture, n=2, extra_body={"seed": 70, "variation": 0.1})
    requests, before = [one.request for one in reply.data], made.data[0].request
    assert [one["variation_seed"] for one in requests] == [70, 71]
    for one in requests:
        assert one["variation"] == 0.1 and one.get("image_hash", "") == ""
        same = ("prompt", "seed", "styles", "width", "height", "num_inference_steps", "negative_prompt")
        assert {name: one.get(name) for name in same} == {name: before.get(name) for name in same}
    assert len({one.b64_json for one in [*reply.data, *made.data]}) == 3
    usual: Any = client.images.create_variation(image=picture, size="256x256", response_format="url")
    request = usual.data[0].request
    assert request["variation"] == 0.25 and (request["width"], request["seed"]) == (256, 9) and usual.data[0].url


def test_a_variation_of_any_other_picture_starts_from_it(client: openai.OpenAI):
    meant = open_init_image(pixels_of(png()))
    reply: Any = client.images.create_variation(image=png(), extra_body={"prompt": "a lake", "seed": 4})
    request = reply.data[0].request
    assert meant is not None and request["image_hash"] == meant.hash and request["strength"] == 0.5
    own: Any = client.images.edit(image=png(), prompt="a fox", response_format="b64_json")
    again: Any = client.images.create_variation(image=base64.b64decode(own.data[0].b64_json))
    assert again.data[0].request["image_hash"] and again.data[0].request["prompt"] == "a fox"  # it began with a picture


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "does not say how it was made"),
        ({"image": b"no picture"}, "the file"),
        ({"image": [png(), png()], "extra_body": {"prompt": "a"}}, "2 files were sent"),
        ({"extra_body": {"promt": "a"}}, "did you mean 'prompt'"),
    ],
)
def test_what_is_wrong_with_a_variation(client: openai.OpenAI, server: Served, fields: Any, words: str):
    before = accepted(server)
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.create_variation(**{"image": png(), **fields})
    assert words in caught.value.message and accepted(server) == before


def test_an_edit_as_a_stream(client: openai.OpenAI):
    events: list[Any] = list(client.images.edit(image=png(), prompt="slow", stream=True, partial_images=1, size=SIZE))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mask": png()}, "no transparency"),
        ({"mask": b"no picture"}, "it is no PNG"),
        ({"mask": png(48, 32, hole=True)}, "same size"),
        ({"image": b"no picture"}, "image"),
        ({"image": b""}, "empty file"),
        ({"image": [png(), png()]}, "2 files"),
        ({"extra_body": {"sed": 1}}, "did you mean 'seed'"),
        ({"extra_body": {"strength": "nan"}}, "strength"),
        ({"n": 0}, "n must be at least 1"),
    ],
)
def test_what_is_wrong_with_an_edit(client: openai.OpenAI, server: Served, more: Any, words: str):
    before = accepted(server)
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.edit(**{"image": png(), "prompt": "a lake", **more})
    assert words in caught.value.message and accepted(server) == before


def test_names_of_files_are_nothing_but_names(server: Served):
    """RELIABILITY.md: another server put them into a path."""
    for name in ("../../../x.png", "/etc/passwd", "a\\b\0c", "x" * 3000):
        answer = server.http.post("/v1/images/edits", data={"prompt": "a lake"}, files={"image": (name, png())})
        assert answer.status_code in (200, 400), answer.text
    assert not [path for path in server.folder.parent.rglob("*") if path.name.startswith(("x.png", "passwd", "a\\b"))]


# ------------------------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"n": 0}, "n", "must be at least 1"),
        ({"n": 99}, "n", "must be at most 10"),
        ({"size": "huge"}, "size", "is not known"),
        ({"size": "100000x100000"}, "size", "100000"),
        ({"extra_body": {"num_inference_step": 3}}, None, "did you mean 'num_inference_steps'"),
        ({"extra_body": {"seed": "7"}}, "seed", "integer"),
        ({"extra_body": {"seed": 2**32}}, "seed", "must be at most"),
        ({"extra_body": {"adapter": "../../x"}}, "adapter", "not a path"),
        ({"output_format": "svg"}, None, "png, jpeg, webp"),
        ({"partial_images": 4, "stream": True}, "partial_images", "must be at most 3"),
        ({"prompt": " "}, "prompt", "empty"),
        ({"prompt": "x" * 20_001}, "prompt", "20000"),
    ],
)
def test_what_is_wrong_is_said(client: openai.OpenAI, server: Served, fields: Any, param: str | None, words: str):
    before = accepted(server)
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(**{"prompt": "a lake", **fields})
    body: Any = caught.value.body
    assert words in body["message"] and body["type"] == "invalid_request_error" and body["code"]
    assert param is None or body["param"] == param
    assert accepted(server) == before


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/videos"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": "a", "guidance_scale": NaN}',
        b'{"prompt": "a", "guidance_scale": 1e999}',
        b'{"prompt": "a", "seed": Infinity}',
        b'{"prompt": "\\ud800"}',
        b'{"\\udfff": 1, "prompt": "a"}',
        b'{"prompt": "a", "n": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"prompt": "a\xff"}',
        b'{"prompt": null}',
        b'"prompt"',
        b"",
    ],
)
def test_bodies_that_are_none(server: Served, path: str, body: bytes):
    answer = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and len(answer.content) < 4000
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_bodies_of_other_kinds(server: Served):
    for path in ("/v1/images/generations", "/v1/images/edits", "/v1/videos"):
        answer = server.http.post(
            path, content="prompt=a", headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == 415 and answer.json()["error"]["message"]
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (
        b"",
        b"--x\r\nnothing",
        b"--x--",
        b"--x\r\nContent-Disposition: form-data; name=prompt\r\n\r\n\xff\r\n--x--",
    ):
        answer = server.http.post("/v1/images/edits", content=body, headers=kind)
        assert answer.status_code == 400 and "error" in answer.json()
    twice = server.http.post("/v1/videos", files=[("prompt", (None, "a")), ("prompt", (None, "b"))])
    assert twice.status_code == 400 and "twice" in twice.text
    text = server.http.post(
        "/v1/images/edits", files={"prompt": (None, "a"), "image": (None, "http://127.0.0.1/x.png")}
    )
    assert text.status_code == 400 and "not fetched" in text.text
    unknown = server.http.post("/v1/videos", files={"prompt": (None, "a"), "image": ("a.png", png())})
    assert unknown.status_code == 400 and "unknown file 'image'" in unknown.text


def test_a_body_that_is_too_large(client: openai.OpenAI):
    with pytest.raises(openai.APIStatusError) as caught:
        client.images.edit(image=bytes(33 << 20), prompt="a lake")
    assert caught.value.status_code == 413


def test_models(client: openai.OpenAI):
    first, second = client.models.list()
    assert (first.id, first.object, first.owned_by) == ("fake", "model", "mutoscope")
    assert client.models.retrieve(second.id) == second
    assert client.models.retrieve("fake").created == 0
    for name in ("a/b", "fakes", "../../x"):
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve(name)
    for draw in (client.images.generate, client.videos.create):
        with pytest.raises(openai.NotFoundError, match="did you mean 'fake'") as caught:
            draw(prompt="a lake", model="fakee")
        assert caught.value.code == "model_not_found" and caught.value.param == "model"
    assert client.images.generate(prompt="a lake", model="fake", size=SIZE).data


# ------------------------------------------------------------------------------------------------------ one job, not three


def test_a_failure_is_not_asked_for_again(client: openai.OpenAI, server: Served):
    before = accepted(server)
    with pytest.raises(openai.InternalServerError, match="RuntimeError") as caught:
        client.images.generate(prompt="raise", size=SIZE)
    assert caught.value.response.headers["x-should-retry"] == "false" and "secret" not in caught.value.message
    assert accepted(server) == before + 1


def test_a_client_that_leaves_cancels_its_job(client: openai.OpenAI, server: Served):
    impatient = client.with_options(timeout=0.6, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        impatient.images.generate(prompt="slow", n=10, size=SIZE)
    assert server.wait(newest(server)["id"], 5)["state"] == "cancelled"
    stream: Any = client.images.generate(prompt="slow", n=10, size=SIZE, stream=True, partial_images=1)
    next(iter(stream))
    stream.close()
    assert server.wait(newest(server)["id"], 5)["state"] == "cancelled"


def test_a_client_with_a_key_finds_its_job_again(client: openai.OpenAI, server: Served):
    before = accepted(server)
    impatient = client.with_options(timeout=0.6, max_retries=9)
    reply: Any = impatient.images.generate(
        prompt="slow", n=2, size=SIZE, extra_headers={"Idempotency-Key": "one"}, extra_body={"seed": 1}
    )
    assert [one.seed for one in reply.data] == [1, 2] and accepted(server) == before + 1


def test_a_job_that_another_cancels(client: openai.OpenAI, server: Served):
    stream: Any = client.images.generate(prompt="slow", n=10, size=SIZE, stream=True, partial_images=1)
    next(iter(stream))
    server.http.post(f"/api/jobs/{newest(server)['id']}/cancel").raise_for_status()
    with pytest.raises(openai.APIError, match="cancelled"):
        list(stream)


# ------------------------------------------------------------------------------------------------------------------- clips


def test_a_clip_from_order_to_removal(client: openai.OpenAI, server: Served):
    clip: Any = client.videos.create_and_poll(
        prompt="waves", seconds="4", size=SIZE, model="fake", extra_body={"seed": 7, "fps": 6, "num_frames": 6}
    )
    assert (clip.status, clip.progress, clip.object, clip.error) == ("completed", 100, "video", None)
    assert (clip.seconds, clip.size, clip.seed, clip.num_frames, clip.fps) == ("1", SIZE, 7, 6, 6)
    assert clip.completed_at >= clip.created_at and clip.model == "fake" and clip.request["seed"] == 7
    file = client.videos.download_content(clip.id)
    assert file.response.headers["content-type"] == "video/mp4"
    header, frames = open_frames(file.content, name="clip")
    assert header.is_clip and len(list(frames)) == 6
    part = server.http.get(f"/v1/videos/{clip.id}/content", headers={"Range": "bytes=0-9"})
    assert part.status_code == 206 and part.content == file.content[:10]
    small = client.videos.download_content(clip.id, variant="thumbnail")
    assert Image.open(io.BytesIO(small.content)).size == (32, 32)
    sheet = np.asarray(Image.open(io.BytesIO(client.videos.download_content(clip.id, variant="spritesheet").content)))
    assert sheet.shape == (64, 96, 3)  # six frames, three in a row
    shown = [sheet[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] for row in (0, 1) for column in (0, 1, 2)]
    for one, frame in zip(shown, open_frames(file.content, name="clip")[1], strict=True):
        assert np.abs(one.astype(int) - frame).mean() < 40  # noise; WebP keeps less of it, another frame is 85 away
    with pytest.raises(openai.BadRequestError, match="variant"):
        client.videos.download_content(clip.id, variant="gif")  # type: ignore[arg-type]
    gone = client.videos.delete(clip.id)
    assert (gone.id, gone.deleted, gone.object) == (clip.id, True, "video.deleted")
    for call in (client.videos.retrieve, client.videos.delete, client.videos.download_content):
        with pytest.raises(openai.NotFoundError):
            call(clip.id)
    assert not list((server.folder / "results").glob("*.mp4"))


def test_a_clip_while_it_is_drawn(client: openai.OpenAI, server: Served):
    clip = client.videos.create(prompt="slow", extra_body={"num_frames": 4, "size": SIZE})
    seen = [clip]
    while seen[-1].status in ("queued", "in_progress"):
        seen.append(client.videos.retrieve(clip.id))
    progress = [one.progress for one in seen]
    assert progress == sorted(progress) and progress[-1] == 100 and len(set(progress)) > 2
    assert "in_progress" in {one.status for one in seen} and seen[-1].status == "completed"


def test_a_clip_that_waits_and_is_cancelled(client: openai.OpenAI, server: Served):
    before = server.make("slow", n=20)
    clip = client.videos.create(prompt="waves", extra_body={"num_frames": 4, "size": SIZE})
    assert clip.status == "queued" and clip.progress == 0
    raw = client.videos.with_raw_response.retrieve(clip.id)
    assert raw.headers["openai-poll-after-ms"].isdigit()
    with pytest.raises(openai.BadRequestError, match="until it is completed"):
        client.videos.download_content(clip.id)
    server.http.post(f"/api/jobs/{clip.id}/cancel").raise_for_status()
    cancelled = client.videos.poll(clip.id)
    assert cancelled.status == "failed" and cancelled.error is not None and cancelled.error.code == "cancelled"
    assert client.videos.delete(clip.id).deleted
    server.http.post(f"/api/jobs/{before}/cancel").raise_for_status()


def test_a_clip_that_fails(client: openai.OpenAI):
    clip = client.videos.create_and_poll(prompt="nan", extra_body={"num_frames": 4, "size": SIZE})
    assert clip.status == "failed" and clip.error is not None and "not finite" in clip.error.message


def test_the_list_of_clips(client: openai.OpenAI, server: Served):
    for one in list(client.videos.list()):
        client.videos.delete(one.id)
    server.make()  # of other routes: no clip of this list
    other = server.make("waves", kind="video", num_frames=4)
    ids = [client.videos.create(prompt="waves", extra_body={"num_frames": 4, "size": SIZE}).id for _ in range(5)]
    assert [one.id for one in client.videos.list(order="asc", limit=2)] == ids  # the client turns the pages
    page = server.http.get("/v1/videos?limit=2").json()
    assert [one["id"] for one in page["data"]] == ids[:2:-1] and page["has_more"] is True
    rest = server.http.get(f"/v1/videos?limit=3&after={page['last_id']}").json()
    assert [one["id"] for one in rest["data"]] == ids[2::-1] and rest["has_more"] is False
    for words in ("limit=0", "limit=x", "order=up"):
        assert server.http.get(f"/v1/videos?{words}").status_code == 400
    assert server.http.get("/v1/videos?after=nothing").status_code == 404
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(other)


def test_a_first_frame_and_a_remix(client: openai.OpenAI, server: Served):
    clip: Any = client.videos.create_and_poll(
        prompt="waves", input_reference=("first.png", png()), extra_body={"num_frames": 4, "size": SIZE, "user": "me"}
    )
    assert clip.status == "completed" and clip.request["image_hash"] and clip.ignored == ["user"]
    again: Any = client.videos.remix(clip.id, prompt="a storm")
    assert again.remixed_from_video_id == clip.id and again.prompt == "a storm" and again.request["image_hash"]
    assert (again.seed, again.size, again.num_frames) == (clip.seed, clip.size, clip.num_frames)
    assert client.videos.poll(again.id).status == "completed"
    data = "data:image/png;base64," + base64.b64encode(png()).decode()
    body = {"prompt": "waves", "seconds": "0.5", "size": SIZE, "input_reference": {"image_url": data}}
    made = server.http.post("/v1/videos", json=body)
    assert made.status_code == 200 and made.json()["request"]["image_hash"] == clip.request["image_hash"]
    assert made.json()["seconds"] == "0.5"
    body["input_reference"] = {"image_url": f"{server.base}/api/results/x"}
    assert "not fetched" in server.http.post("/v1/videos", json=body).json()["error"]["message"]
    for seconds in ("0", "-4", "nan", "inf", "1e9", "four"):
        said = server.http.post("/v1/videos", json={"prompt": "waves", "seconds": seconds}).json()["error"]
        assert said["param"] == "seconds" and "300" in said["message"]


# -------------------------------------------------------------------------------------------------------------- our engine


def test_our_engine_draws_through_it(server: Served):
    model = TextToImageModel(f"openai:{server.base}/v1#fake")
    two: Any = model.generate("a lake", size="64x64", seed=7, num_images_per_prompt=2)
    for number, picture in enumerate(two):
        assert np.array_equal(picture.pixels, noise(7 + number, 64))
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:32] = 255
    edited: Any = model.generate("a lake", image=np.full((64, 64, 3), 90, np.uint8), mask_image=mask, seed=7)
    assert (edited.pixels[48:] == 90).all() and np.array_equal(edited.pixels[:28], noise(7, 64)[:28])
    asked = newest(server)["results"][0]["request"]
    assert asked["mask_hash"] == edited.request.mask_hash and asked["image_hash"] == edited.request.image_hash
    clip: Any = TextToVideoModel(f"openai:{server.base}/v1#fake").generate(
        "waves", size="64x64", num_frames=5, fps=10, seed=7
    )
    assert clip.frames.shape == (5, 64, 64, 3)


def test_our_engine_gives_the_pixels_of_the_model(server: Served):
    """The embedded model, here and behind a server."""
    asked: Any = {"size": "64x64", "seed": 7, "num_inference_steps": 3}
    own: Any = TextToImageModel().generate("a red circle", **asked)
    embedded = server.http.get("/v1/models").json()["data"][1]["id"]
    remote: Any = TextToImageModel(f"openai:{server.base}/v1#{embedded}").generate("a red circle", **asked)
    assert np.array_equal(own.pixels, remote.pixels)


# ---------------------------------------------------------------------------------------------------------------- the page


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_lines_of_the_page(server: Served, tmp_path: Path):
    """As they stand in docs/serve.md; the port alone is another one."""
    page = (Path(__file__).parent.parent / "docs" / "serve.md").read_text().replace(str(DEFAULT_PORT), str(server.port))
    (section,) = re.findall(r"^## Clients of OpenAI\n(.*?)^## ", page, flags=re.DOTALL | re.MULTILINE)
    lines, program = re.findall(r"^```(?:python)?\n(.*?)^```", section, flags=re.DOTALL | re.MULTILINE)
    commands = [["bash", "-ec", f"{line} -sf --noproxy '*'"] for line in lines.splitlines()]
    for command in [*commands, [sys.executable, "-c", program]]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "image_generation.completed"
    reply = json.loads((tmp_path / "reply.json").read_text())
    assert reply["data"][0]["seed"] == 7 and json.loads((tmp_path / "video.json").read_text())["object"] == "video"
    for name in ("lake.png", "waves.mp4"):
        assert read_info(tmp_path / name)["ai_marking"]


def test_the_page_names_every_field():
    page = (Path(__file__).parent.parent / "docs" / "serve.md").read_text()
    (section,) = re.findall(r"^## Clients of OpenAI\n(.*?)^## ", page, flags=re.DOTALL | re.MULTILINE)
    known = {*EditBody.model_fields, *VideoBody.model_fields} - {*MEANINGLESS, "model"}
    assert not [name for name in known if f"`{name}`" not in section]


def test_the_server_complains_of_nothing_of_its_own(server: Served):
    """Whatever was sent and however clients left; the last of all tests here."""
    assert "Traceback" not in server.complaints and "Exception in" not in server.complaints
