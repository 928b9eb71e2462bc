"""Routes of the shape of AUTOMATIC1111's server, asked by a client that was written for that one (webuiapi), and by raw requests."""

import base64
import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "webuiapi"):
    pytest.importorskip(library)

import httpx
import numpy as np
import webuiapi
from PIL import Image

from mutoscope.capabilities import Capabilities
from mutoscope.serve.a1111_bodies import DrawBody, translate
from mutoscope.serve.a1111_pictures import Making, fill_hole, make_ready, read_mask, resize
from mutoscope.serve.catalog import Catalog, Entry
from serving import Served, served

BASE = "/sdapi/v1"
SMALL: dict[str, Any] = {"width": 64, "height": 64}
STEPS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("a1111") / "data") as one:
        yield one


@pytest.fixture(scope="module")
def client(server: Served) -> Any:
    return webuiapi.WebUIApi(host="127.0.0.1", port=server.port)


def png(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def as_base64(image: Image.Image) -> str:
    return base64.b64encode(png(image)).decode()


def translated(from_picture: bool = False, capabilities: Capabilities | None = None, **fields: Any):
    entry = Entry("one", "one", capabilities or Capabilities("one", "f" * 16))
    return translate(DrawBody(**fields), Catalog([entry]), entry, from_picture)


def test_words_become_pictures(client: Any):
    result = client.txt2img(prompt="a lake", seed=5, batch_size=2, n_iter=1, steps=STEPS, cfg_scale=3, **SMALL)
    assert [image.size for image in result.images] == [(64, 64)] * 2
    assert result.info["all_seeds"] == [5, 6] and result.info["sd_model_name"] == "fake"
    assert result.info["steps"] == STEPS and result.info["cfg_scale"] == 3 and not result.info["interrupted"]
    assert result.info["infotexts"][0].startswith("a lake\nSteps: 4, ") and result.parameters["seed"] == 5
    assert any("sampler_name" in words for words in result.info["ignored"])
    again = client.txt2img(prompt="a lake", seed=6, steps=STEPS, cfg_scale=3, **SMALL)
    assert again.images[0].tobytes() == result.images[1].tobytes()  # a seed of the answer makes that picture again


def test_a_picture_and_a_mask(client: Any, server: Served):
    picture, mask = Image.new("RGB", (64, 64), "red"), Image.new("L", (32, 32), 0)
    mask.paste(255, (0, 0, 16, 16))  # white, and of another size, as canvases have
    plain = client.img2img(images=[picture], prompt="a lake", seed=1, **SMALL)
    masked = client.img2img(
        images=[picture], mask_image=mask, prompt="a lake", seed=1, denoising_strength=0.5, inpainting_fill=2, **SMALL
    )
    assert plain.images[0].size == masked.images[0].size == (64, 64)
    assert plain.info["denoising_strength"] == 0.75 and masked.info["denoising_strength"] == 0.5
    assert any(words.startswith("inpainting_fill") for words in masked.info["ignored"])
    requests = [server.http.get("/api/jobs").json()["data"][place]["results"][0]["request"] for place in (0, 1)]
    assert requests[0]["mask_hash"] and not requests[1].get("mask_hash") and requests[0]["image_hash"]
    raw = {"prompt": "a lake", "init_images": [as_base64(picture)], **SMALL}  # without data: before it
    assert server.http.post(f"{BASE}/img2img", json=raw).status_code == 200


def test_masks_are_white_where_to_paint():
    grey = Image.new("L", (64, 32), 0)
    grey.paste(255, (0, 0, 32, 32))

    def painted(mask: Image.Image, invert: bool = False) -> list[int]:
        found = read_mask(png(mask), (32, 64), invert=invert)
        return [int(found[row, column]) for row, column in ((5, 5), (5, 60))]

    assert painted(grey) == [255, 0] and painted(grey, invert=True) == [0, 255]
    strokes = Image.new("RGBA", (64, 32), (0, 0, 0, 0))
    strokes.paste((0, 0, 0, 255), (0, 0, 32, 32))  # black on nothing: where it is opaque
    assert painted(strokes) == [255, 0] and painted(grey.resize((32, 16))) == [255, 0]


STRIPES = np.repeat(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]]], np.uint8), 16, 1).repeat(32, 0)


def test_resize_modes_squeeze_cut_or_continue_the_edges():
    """A picture of 64x32, four stripes, to be drawn at 32x32; and a mask that is white over the first of them."""
    mask = np.zeros((32, 64), np.uint8)
    mask[:, :16] = 255
    squeezed = resize(STRIPES, (32, 32), 0)
    assert squeezed.shape == (32, 32, 3) and [tuple(squeezed[16, x]) for x in (2, 29)] == [(255, 0, 0), (255, 255, 0)]
    assert resize(STRIPES, (32, 32), 1) is STRIPES and resize(STRIPES, (128, 64), 0) is STRIPES  # left to the engine
    whole = resize(STRIPES, (32, 32), 2)
    assert whole.shape == (32, 32, 3) and (whole[0] == whole[8]).all() and (whole[31] == whole[23]).all()
    assert np.abs(whole[8:24].astype(int) - squeezed[:16].astype(int)).max() <= 1
    for mode in (0, 2):
        said: list[str] = []
        how = Making((32, 32), mode, blur=0, fill=1)
        _, white = make_ready(png(Image.fromarray(STRIPES)), png(Image.fromarray(mask)), how, said)
        assert white is not None and said == []
        drawn = np.asarray(Image.open(io.BytesIO(white)))
        assert (drawn[:, :7] == 255).all() and (drawn[:, 9:] == 0).all()


def test_a_fourth_resize_mode_is_drawn_as_the_first_and_said():
    said: list[str] = []
    picture, mask = make_ready(png(Image.fromarray(STRIPES)), None, Making((32, 32), 3), said)
    assert (
        Image.open(io.BytesIO(picture)).size == (32, 32) and mask is None and said == ["resize_mode: 3 is drawn as 0"]
    )


def test_a_hole_is_filled_with_the_colours_around_it():
    pixels = np.full((48, 64, 3), 200, np.uint8)
    pixels[:, 32:] = (0, 0, 100)
    hole = np.zeros((48, 64), bool)
    hole[8:40, 4:20] = hole[20:24, 44:60] = True
    filled = fill_hole(np.where(hole[..., None], np.uint8(7), pixels), hole, hole)
    assert (filled[~hole] == pixels[~hole]).all()
    assert (np.abs(filled[8:40, 4:12].astype(int) - 200) <= 12).all()  # far from the other colour
    assert (np.abs(filled[20:24, 48:60].astype(int) - (0, 0, 100)) <= 12).all()
    everywhere = np.ones((48, 64), bool)
    assert fill_hole(pixels, everywhere, everywhere) is pixels


@pytest.mark.parametrize(
    ("fields", "begins_with", "said"),
    [
        ({"fill": 0}, "around", ""),
        ({"fill": 1}, "itself", ""),
        ({"fill": 2}, "itself", "inpainting_fill: 2 is drawn as 1"),
        ({"fill": 3}, "itself", "inpainting_fill: 3 is drawn as 1"),
        ({"fill": 3, "strength": 1.0}, "itself", ""),
        ({"fill": 1, "blur": 12}, "itself", "mask_blur: it shapes the area"),
    ],
)
def test_what_the_masked_area_begins_with(fields: dict[str, Any], begins_with: str, said: str):
    pixels, mask = np.full((32, 32, 3), 50, np.uint8), np.zeros((32, 32), np.uint8)
    pixels[8:24, 8:24], mask[8:24, 8:24] = 255, 255
    found: list[str] = []
    ready, _ = make_ready(png(Image.fromarray(pixels)), png(Image.fromarray(mask)), Making(**fields), found)
    middle = np.asarray(Image.open(io.BytesIO(ready)))[16, 16]
    assert (middle == (50 if begins_with == "around" else 255)).all()
    assert len(found) == bool(said) and "".join(found).startswith(said)


def test_a_blurred_mask_is_rounded_and_never_vanishes():
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 16:48] = 255

    def area(blur: int, levels: np.ndarray) -> np.ndarray:
        _, white = make_ready(png(Image.new("RGB", (64, 64))), png(Image.fromarray(levels)), Making(blur=blur), [])
        return np.asarray(Image.open(io.BytesIO(white or b""))) > 0

    sharp, soft = area(0, mask), area(6, mask)
    assert (sharp == (mask > 0)).all() and not soft[16, 16] and soft[16, 32] and soft[32, 32] and not soft[10].any()
    dot = np.zeros((64, 64), np.uint8)
    dot[30:32, 30:32] = 255
    assert (area(8, dot) == (dot > 0)).all()


def test_pictures_are_enlarged_and_still_say_how_they_were_made(client: Any, server: Served):
    drawn = client.txt2img(prompt="a lake", seed=5, **SMALL).images[0]
    larger = client.extra_single_image(drawn, upscaling_resize=2, upscaler_1="R-ESRGAN <4x>")
    assert larger.image.size == (128, 128) and "R-ESRGAN &lt;4x&gt;" in larger.info and "Lanczos" in larger.info
    raw = server.http.post(f"{BASE}/txt2img", json={"prompt": "a lake", "seed": 5, **SMALL}).json()["images"][0]
    said = server.http.post(f"{BASE}/extra-single-image", json={"image": raw, "upscaling_resize": 1.5}).json()
    info = server.http.post("/api/info", content=base64.b64decode(said["image"])).json()
    assert (info["width"], info["ai_marking"], info["request"]["seed"]) == (96, True, 5)
    cut = client.extra_single_image(drawn, resize_mode=1, upscaling_resize_w=96, upscaling_resize_h=48)
    whole = client.extra_single_image(
        drawn, resize_mode=1, upscaling_resize_w=96, upscaling_resize_h=48, upscaling_crop=False
    )
    assert (cut.image.size, whole.image.size) == ((96, 48), (48, 48))
    many = client.extra_batch_images([drawn, drawn], upscaler_1="Nearest")
    assert [image.size for image in many.images] == [(128, 128)] * 2
    assert (np.asarray(many.images[0])[::2, ::2] == np.asarray(drawn)).all()


@pytest.mark.parametrize(
    "fields",
    [
        {"upscaling_resize": 9}, {"upscaling_resize": 0}, {"resize_mode": 1, "upscaling_resize_w": 5000, "upscaling_resize_h": 5000},
        {"resize_mode": 1, "upscaling_resize_w": -4}, {"image": "http://127.0.0.1/x.png"}, {"image": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_enlarged_is_refused(server: Served, fields: dict[str, Any]):
    body = {"image": as_base64(Image.new("RGB", (32, 32))), **fields}
    answer = server.http.post(f"{BASE}/extra-single-image", json=body)
    assert answer.status_code == 422 and set(answer.json()) == {"error", "detail", "body", "errors"}


def draw_aside(client: Any, **fields: Any) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(client.txt2img(**fields, **SMALL)))
    thread.start()
    return thread, found


def wait_for_progress(client: Any, place: int = 0) -> dict[str, Any]:
    end = time.monotonic() + 20
    while True:
        said = client.get_progress()
        if said["state"]["job_no"] == place and said["current_image"]:
            return said
        assert time.monotonic() < end, said
        time.sleep(0.03)


def test_progress_and_interrupt(client: Any):
    idle = client.get_progress()
    assert idle["progress"] == 0 and idle["state"]["job_count"] == 0 and idle["current_image"] is None
    assert client.interrupt() == client.skip() == {}  # nothing to end
    thread, found = draw_aside(client, prompt="slow", seed=1, n_iter=3)
    said = wait_for_progress(client, 1)
    assert (
        said["state"]["job_count"] == 3 and 1 / 3 <= said["progress"] < 1 and said["state"]["sampling_steps"] == STEPS
    )
    assert Image.open(io.BytesIO(base64.b64decode(said["current_image"]))).format == "JPEG"
    client.interrupt()
    thread.join(5)
    (result,) = found
    assert result.info["interrupted"] and len(result.images) == 1 and result.info["all_seeds"] == [1]
    assert client.get_progress()["state"]["job_count"] == 0


def test_skip_leaves_one_out(client: Any):
    thread, found = draw_aside(client, prompt="slow", seed=1, n_iter=2)
    wait_for_progress(client)
    client.skip()
    thread.join(10)
    (result,) = found
    assert result.info["all_seeds"] == [2] and result.info["skipped"] and not result.info["interrupted"]


def test_a_client_that_leaves_ends_its_call(server: Served):
    with pytest.raises(Exception, match="timed out"):
        server.http.post(f"{BASE}/txt2img", json={"prompt": "slow", "n_iter": 20, **SMALL}, timeout=0.5)
    end = time.monotonic() + 10
    while any(job["state"] in ("queued", "running") for job in server.http.get("/api/jobs").json()["data"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert server.http.get("/api/jobs?limit=1").json()["data"][0]["state"] == "cancelled"


def test_png_info_reads_what_was_written(client: Any, server: Served):
    body = {"prompt": "a lake", "seed": 7, "negative_prompt": "fog", **SMALL}
    drawn = server.http.post(f"{BASE}/txt2img", json=body).raise_for_status().json()["images"][0]
    info = client.png_info(Image.open(io.BytesIO(base64.b64decode(drawn))))
    assert info.info.startswith("a lake\nNegative prompt: fog\nSteps: ")
    said = server.http.post(f"{BASE}/png-info", json={"image": "data:image/png;base64," + drawn}).json()
    assert said["info"].startswith("a lake\nNegative prompt: fog\nSteps: ") and said["items"]["parameters"]
    assert said["parameters"]["Seed"] == "7" and said["parameters"]["Size-1"] == "64"


def test_lists_and_options(client: Any, server: Served):
    assert client.util_get_model_names() == ["fake [ffffffffff]"] and client.util_get_sampler_names()
    assert client.util_get_scheduler_names() == ["automatic"]
    assert client.util_get_current_model() == "fake [ffffffffff]"
    assert client.set_options({"sd_model_checkpoint": "fake [ffffffffff]", "other": 1}) is None
    with pytest.raises(RuntimeError):
        client.custom_post("txt2img", {"prompt": "a lake", "steps": "many"})
    assert server.http.post(f"{BASE}/options", json={"sd_model_checkpoint": "x"}).status_code == 422
    assert any(style["name"] == "watercolor" for style in client.get_prompt_styles())
    assert client.refresh_checkpoints() is None and client.get_scripts() == {"txt2img": [], "img2img": []}
    assert [one["name"] for one in client.get_upscalers()] == ["None", "Lanczos", "Nearest"]
    for ask in (client.get_sd_vae, client.get_latent_upscale_modes, client.get_loras):
        assert ask() == []
    assert client.get_embeddings() == {"loaded": {}, "skipped": {}} and client.get_cmd_flags() == {}
    assert client.get_memory() == {"ram": {}, "cuda": {}} and client.util_wait_for_ready() is None


def test_bodies_are_taken_over():
    wanted = translated(
        prompt="a lake <lora:x:0.5>", styles=["watercolor", "no such"], steps=20, cfg_scale=50, width=515, height=9000,
        sampler_name="Euler a", enable_hr=True, hr_scale=3, tiling=True, restore_faces=False, s_noise=1.0, seed=None,
        override_settings={"sd_model_checkpoint": "no such"}, negative_prompt=None,
    )  # fmt: skip
    (order,) = wanted.orders
    assert order.prompt == "a lake" and order.options["style"] == "watercolor" and order.origin == "sdapi"
    sizes = {name: order.options[name] for name in ("width", "height", "guidance_scale", "num_inference_steps")}
    assert sizes == {"width": 512, "height": 2048, "guidance_scale": 30.0, "num_inference_steps": 20}
    told = " ".join(wanted.said)
    for name in (
        "lora",
        "no such",
        "cfg_scale",
        "width",
        "height",
        "sampler",
        "enable_hr",
        "hr_scale",
        "tiling",
        "sd_model",
    ):
        assert name in told
    assert "restore" not in told and "s_noise" not in told
    able = Capabilities("small", "f", image_steps=None, guidance_scale=None, negative_prompt=False, variation=False)
    plain = translated(
        capabilities=able, prompt="a", steps=9, cfg_scale=7, negative_prompt="b", subseed_strength=0.5, seed=3
    )
    assert dict(plain.orders[0].options) == {"seed": 3} and len(plain.said) >= 4
    varied = translated(prompt="a", seed=3, subseed=8, subseed_strength=0.2, batch_size=2)
    assert [order.options["variation_seed"] for order in varied.orders] == [8, 9]
    assert {order.options["seed"] for order in varied.orders} == {3}


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": NaN}', b'{"prompt": "\\ud800"}', b"[]", b"", b"{", b'{"prompt": "a", "width": 0}', b'{"prompt": ""}',
        b'{"prompt": "a", "steps": 1e400}', b'{"prompt": "a", "seed": -7}', b'{"prompt": "a", "n_iter": 65}',
        b'{"prompt": "a", "batch_size": -2, "n_iter": -2}', b'{"prompt": "a", "steps": 9999}',
        b'{"prompt": "a", "override_settings": 7}', b'{"prompt": "a", "cfg_scale": "secret words"}',
        b'{"prompt": "a", "width": 2048, "height": 2048, "steps": 200, "n_iter": 64}',
        b'{"prompt": "raise"}', b"[" * 5000,
    ],
)  # fmt: skip
def test_bad_bodies_are_answered(server: Served, body: bytes):
    answer = server.http.post(f"{BASE}/txt2img", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == (500 if b"raise" in body else answer.status_code) >= 400
    assert answer.status_code < 500 or b"raise" in body
    assert set(answer.json()) == {"error", "detail", "body", "errors"} and answer.json()["detail"]
    assert len(answer.content) < 4000 and b"secret" not in answer.content


def test_pictures_are_no_addresses_and_no_bombs(server: Served):
    good = as_base64(Image.new("RGB", (32, 32)))
    for fields in (
        {"init_images": []}, {}, {"init_images": ["http://127.0.0.1/x.png"]}, {"init_images": [base64.b64encode(b"x").decode()]},
        {"init_images": [good], "mask": "file:///etc/passwd"}, {"init_images": [good], "mask": good},
    ):  # fmt: skip
        answer = server.http.post(f"{BASE}/img2img", json={"prompt": "a lake", **fields, **SMALL})
        assert answer.status_code == 422 and set(answer.json()) == {"error", "detail", "body", "errors"}, fields
    assert server.http.post(f"{BASE}/png-info", json={"image": "x" * 9}).status_code == 422
    assert server.http.post(f"{BASE}/txt2img", data={"prompt": "a"}).status_code == 415


def test_basic_authentication_and_a_full_queue(tmp_path: Path):
    with served(tmp_path / "data", "--token", "a long secret", "--max-queue", "1") as one:
        client = webuiapi.WebUIApi(host="127.0.0.1", port=one.port, username="any", password="a long secret")
        assert client.util_get_model_names()
        stranger = webuiapi.WebUIApi(host="127.0.0.1", port=one.port, username="any", password="wrong")
        with pytest.raises(RuntimeError, match="401"):
            stranger.txt2img(prompt="a lake", **SMALL)
        thread, _ = draw_aside(client, prompt="slow")
        wait_for_progress(client)
        body = {"prompt": "a lake", **SMALL}
        answer = httpx.post(f"{one.base}{BASE}/txt2img", json=body, auth=("", "a long secret"), trust_env=False)
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0
        assert answer.json()["error"] == "queue_full"
        client.interrupt()
        thread.join(5)
