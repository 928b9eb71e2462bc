"""The engine "openai" against a server written from the documented routes: what is sent, what is recorded, what goes wrong."""

import base64
import email.policy
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.cli import main
from mutoscope.engines import find_maker, open_engine
from mutoscope.engines.base import EngineSettings
from mutoscope.engines.openai import OpenAIEngine, client, engine
from mutoscope.engines.openai.address import read_address
from mutoscope.engines.openai.fields import picture_fields
from mutoscope.errors import MediaError, MutoscopeError, RemoteError, SettingError, SizeError
from mutoscope.media import Provenance, encode_clip, read_info
from mutoscope.models import Picture
from mutoscope.prompt.request import Request

KEY = "sk-test-0123456789"
SMALL: Any = {"size": "96x64", "seed": 7}
Reply = tuple[int, bytes, dict[str, str]]


def as_json(said: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return status, json.dumps(said).encode(), {"Content-Type": "application/json", **(headers or {})}


def png(width: int, height: int, level: int) -> bytes:
    target = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), level, np.uint8)).save(target, "PNG")
    return target.getvalue()


def picture(width: int, height: int, level: int = 9) -> Reply:
    return as_json({"created": 1, "data": [{"b64_json": base64.b64encode(png(width, height, level)).decode()}]})


class Call:
    """One call that the server got."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.fields: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        kind = headers.get("content-type", "")
        if kind == "application/json":
            self.fields = json.loads(body)
        elif kind.startswith("multipart/"):
            parser = BytesParser(policy=email.policy.HTTP)
            form = parser.parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
            for part in form.iter_parts() if isinstance(form, EmailMessage) else ():
                name = str(part.get_param("name", header="content-disposition"))
                data = part.get_payload(decode=True)
                assert isinstance(data, bytes)
                if part.get_filename():
                    self.files[name] = data
                else:
                    self.fields[name] = data.decode()

    @property
    def size(self) -> tuple[int, int]:
        width, height = map(int, self.fields["size"].split("x"))
        return width, height


class Server:
    """A server of pictures and clips. `replies` come first, in turn; then it does what the documentation says."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.replies: list[Reply | Callable[[Call], Reply]] = []
        self.models = ["tiny"]
        self.steps = 2  # questions until a clip is finished
        self.frames = 0  # of its clips; 0: as many as were asked for
        self.asked = 0
        self.film: Call | None = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                call = Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                server.calls.append(call)
                reply = server.replies.pop(0) if server.replies else server.usual(call)
                status, data, headers = reply(call) if callable(reply) else reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.http.server_port}"
        self.url = f"http://{self.host}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def name(self) -> str:
        return f"openai:{self.url}#tiny"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def usual(self, call: Call) -> Reply:
        match call.method, call.path:
            case "GET", "/v1/models":
                return as_json({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
            case "POST", "/v1/images/generations" | "/v1/images/edits":
                return picture(*call.size, level=int(call.fields["seed"]) % 256)
            case "POST", "/v1/videos":
                self.film = call
                return as_json({"id": "video/1", "object": "video", "status": "queued", "progress": 0})
            case "GET", "/v1/videos/video%2F1":
                self.asked += 1
                done = self.asked >= self.steps
                said = {"status": "completed" if done else "in_progress", "progress": 50}
                return as_json({"id": "video/1", **said}, headers={"openai-poll-after-ms": "50"})
            case "GET", "/v1/videos/video%2F1/content":
                assert self.film is not None
                width, height = self.film.size
                frames = np.full((self.frames or int(self.film.fields["num_frames"]), height, width, 3), 90, np.uint8)
                fps = int(self.film.fields["fps"])
                return 200, encode_clip(frames, fps, ".mp4", Provenance(None, None, "a server", False)), {}
            case "DELETE", "/v1/videos/video%2F1":
                return as_json({"id": "video/1", "deleted": True})
        return as_json({"error": {"message": "no such route"}}, 404)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in (*client.KEY_NAMES, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(engine, "POLL_SECONDS", 0.05)
    started = Server()
    yield started
    started.close()


def draw(server: Server, prompt: str = "a fox", **options: Any) -> Any:
    return TextToImageModel(server.name).generate(prompt, **(SMALL | options))


def film(server: Server, **options: Any) -> Any:
    return TextToVideoModel(server.name).generate("waves", **(SMALL | {"num_frames": 5, "fps": 8} | options))


class TestPictures:
    def test_only_what_was_given_is_sent(self, server: Server):
        made = draw(server)
        assert made.pixels.shape == (64, 96, 3) and made.pixels[0, 0, 0] == 7 and made.warnings == ()
        (call,) = server.calls
        assert (call.method, call.path) == ("POST", "/v1/images/generations")
        assert call.fields == {
            "model": "tiny", "prompt": "a fox", "size": "96x64", "seed": 7, "n": 1, "response_format": "b64_json",
        }  # fmt: skip
        assert "authorization" not in call.headers

    def test_what_was_given_is_sent_by_its_name(self, server: Server):
        draw(server, num_inference_steps=20, guidance_scale=4.5, negative_prompt="fog, (rain:1.3)", style="watercolor")
        fields = server.calls[0].fields
        assert (fields["num_inference_steps"], fields["guidance_scale"]) == (20, 4.5)
        assert fields["negative_prompt"] == "fog, rain"
        assert "a fox" in fields["prompt"] and "watercolor" in fields["prompt"] and "{prompt}" not in fields["prompt"]
        assert "true_cfg_scale" not in fields

    def test_the_true_guidance_of_a_family_that_has_it(self):
        fields = picture_fields(Request("a fox", guidance_scale=4.0), "Qwen/Qwen-Image")
        assert (fields["true_cfg_scale"], fields["negative_prompt"]) == (4.0, " ")

    def test_weights_are_left_out_with_a_warning(self, server: Server):
        made = draw(server, "a fox, (fog:1.4)")
        assert server.calls[0].fields["prompt"] == "a fox, fog"
        assert made.warnings == (f"{server.host} reads no weights in brackets; the words are sent without them",)

    def test_several_are_several_calls_each_with_its_seed(self, server: Server):
        made = draw(server, seed=2**32 - 1, num_images_per_prompt=2)
        assert [call.fields["seed"] for call in server.calls] == [2**32 - 1, 0]
        assert [one.request.index for one in made] == [0, 1]

    def test_the_same_seed_is_the_same_body(self, server: Server):
        images: Any = {"image": np.full((64, 96, 3), 30, np.uint8)}
        for options in ({}, {}, images, images):  # of a form too: its boundary is not drawn
            draw(server, **options)
        first, second, third, fourth = (call.body for call in server.calls)
        assert first == second and third == fourth

    def test_an_answer_with_an_address_on_the_same_server(self, server: Server):
        server.replies = [as_json({"data": [{"url": "/v1/images/1/content"}]}), (200, png(96, 64, 3), {})]
        assert draw(server).pixels[0, 0, 0] == 3
        assert server.calls[1].path == "/v1/images/1/content"

    def test_a_picture_to_start_from_and_its_mask(self, server: Server):
        pixels = np.full((64, 96, 3), 200, np.uint8)
        mask = np.zeros((64, 96), np.uint8)
        mask[:, :32] = 255
        made = draw(server, image=pixels, mask_image=mask, strength=0.7)
        (call,) = server.calls
        assert call.path == "/v1/images/edits" and call.fields["strength"] == "0.7" and call.fields["seed"] == "7"
        assert set(call.files) == {"image", "mask", "mask_image"}
        sent = np.asarray(Image.open(io.BytesIO(call.files["mask"])))
        assert (
            sent.shape == (64, 96, 4)
            and (sent[0, 0] == (255, 255, 255, 0)).all()
            and (sent[0, 40] == (0, 0, 0, 255)).all()
        )
        assert made.pixels[0, 0, 0] == 7 and made.pixels[0, 90, 0] == 200

    def test_a_strength_that_was_not_given_is_the_servers(self, server: Server):
        made = draw(server, image=np.full((64, 96, 3), 200, np.uint8))
        assert "strength" not in server.calls[0].fields and made.request.strength == 1.0


class TestTheModelAndItsRecord:
    def test_opening_it_asks_nobody(self):
        made = open_engine("openai:http://127.0.0.1:9#Qwen/Qwen-Image").capabilities
        assert (made.name, made.engine) == ("openai:http://127.0.0.1:9/v1#Qwen/Qwen-Image", "openai")
        assert re.fullmatch("[0-9a-f]{16}", made.hash) and made.made_with == "OpenAI API at 127.0.0.1:9"

    def test_defaults(self, server: Server):
        model, films = TextToImageModel(server.name), TextToVideoModel(server.name)
        (request,) = model.requests(model.options("a fox"))
        assert (request.width, request.height, request.num_inference_steps, request.guidance_scale) == (
            1024,
            1024,
            0,
            0.0,
        )
        (clip,) = films.requests(films.options("a fox"))
        assert (clip.width, clip.height, clip.num_frames, clip.fps) == (832, 480, 81, 16)

    def test_a_server_with_one_model_need_not_name_it(self, server: Server):
        assert TextToImageModel(f"openai:{server.url}").engine.capabilities.name == server.name
        server.models = ["one", "two"]
        with pytest.raises(SettingError, match=r"name the model behind a #.*'one', 'two'"):
            TextToImageModel(f"openai:{server.url}")

    def test_from_the_command_line_and_back(self, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        first, second = tmp_path / "x.png", tmp_path / "y.png"
        words = ["a fox", "--model", server.name, "--size", "96x64", "--seed", "3", "--guidance", "5"]
        assert main(["image", *words, "-o", str(first)]) == 0
        request = Request.from_json(read_info(first)["request_json"])
        assert (request.engine, request.model, find_maker(request)) == ("openai", server.name, server.name)
        assert main(["redo", str(first), "-o", str(second)]) == 0
        assert first.read_bytes() == second.read_bytes() and server.calls[0].body == server.calls[1].body
        assert main(["redo", str(first), "--prompt", "a hare", "-o", str(second)]) == 0
        fields = server.calls[2].fields
        assert (fields["prompt"], fields["guidance_scale"]) == ("a hare", 5.0) and "num_inference_steps" not in fields
        assert "warning" not in capsys.readouterr().err

    def test_a_file_does_not_choose_a_server_elsewhere(self):
        request = Request("a fox", engine="openai", model="openai:https://example.com/v1#m")
        with pytest.raises(SettingError, match=r"give it: --model openai:https://example\.com/v1#m"):
            find_maker(request)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"adapter": "mystyle"}, "takes no adapters"),
            ({"variation": 0.2}, "takes no variation"),
            ({"size": "100x64"}, "width 100 is not a multiple of 16"),
        ],
    )
    def test_what_it_cannot_take(self, server: Server, options: dict[str, Any], message: str):
        with pytest.raises(MutoscopeError, match=message):
            draw(server, **options)
        assert server.calls == []

    def test_the_server_decides_how_its_model_is_run(self):
        with pytest.raises(SettingError, match="the server decides about the precision"):
            OpenAIEngine("http://localhost:1#m", EngineSettings(precision="bf16"))


class TestAddresses:
    @pytest.mark.parametrize(
        "text", ["http://me:secret@host/v1#m", "https://host/v1?api_key=secret#m", "http://secret@h"]
    )
    def test_secrets_in_them_are_refused_and_not_repeated(self, text: str):
        with pytest.raises(SettingError, match="MUTOSCOPE_API_KEY") as caught:
            read_address(text)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "text", ["", "localhost:8000", "ftp://host", "http://", "http://h:port", "http://a b", "http://[x"]
    )
    def test_others_are_told_what_is_expected(self, text: str):
        with pytest.raises(SettingError, match="expected for example openai:http"):
            read_address(text)

    @pytest.mark.parametrize(
        ("text", "local"),
        [
            ("http://localhost:8000", True),
            ("http://[::1]:1", True),
            ("http://127.0.0.2", True),
            ("https://a.org", False),
        ],
    )
    def test_those_of_this_machine(self, text: str, local: bool):
        assert read_address(text).is_local is local


class TestTheKey:
    def test_it_is_sent_and_stands_nowhere(
        self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
        monkeypatch.setenv("MUTOSCOPE_API_KEY", f"{KEY}\n")
        path = tmp_path / "x.png"
        assert main(["image", "a fox", "--model", server.name, "--size", "96x64", "--json", "-o", str(path)]) == 0
        assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
        echo = {"error": {"message": f"bad key {KEY}"}}
        server.replies = [as_json(echo, 401), as_json(echo, 400), as_json({"detail": f"Bearer {KEY}"}, 500)]
        for _ in range(3):
            assert main(["image", "a fox", "--model", server.name, "--size", "96x64", "-o", str(path)]) == 1
        output = capsys.readouterr()
        model = TextToImageModel(server.name)
        shown = (output.out, output.err, path.read_bytes().decode("latin-1"), repr(model), repr(vars(model.engine)))
        assert not any(KEY in text for text in shown) and "bad key ***" in output.err
        assert "is MUTOSCOPE_API_KEY the right one?" in output.err

    def test_without_one_the_variable_is_named(self, server: Server):
        server.replies = [as_json({"error": "Unauthorized"}, 401)]
        with pytest.raises(
            RemoteError, match=r"asks for a key \(401: Unauthorized\).*MUTOSCOPE_API_KEY or OPENAI_API_KEY"
        ):
            draw(server)

    def test_a_broken_one_is_refused_unseen(self, server: Server, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MUTOSCOPE_API_KEY", "sk one\ntwo")
        with pytest.raises(SettingError, match="the key in MUTOSCOPE_API_KEY holds spaces") as caught:
            draw(server)
        assert "one\n" not in str(caught.value) and server.calls == []

    def test_it_goes_to_no_other_host(self, server: Server, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MUTOSCOPE_API_KEY", KEY)
        other = Server()
        try:
            server.replies = [(307, b"", {"Location": f"{other.url}/images/generations"})]
            with pytest.raises(RemoteError, match=f"sends on to {other.host}"):
                draw(server)
            server.replies = [as_json({"data": [{"url": f"{other.url}/a.png"}]})]
            with pytest.raises(RemoteError, match=f"names a file on another host, {other.host}"):
                draw(server)
            server.replies = [
                as_json({"data": [{"url": "/a.png"}]}),
                (302, b"", {"Location": f"{other.url}/a.png"}),
            ]
            with pytest.raises(RemoteError, match=f"sends on to {other.host}"):
                draw(server)
            assert other.calls == []
        finally:
            other.close()

    def test_a_redirect_on_the_same_host_is_followed_with_it(self, server: Server, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("MUTOSCOPE_API_KEY", KEY)
        found = (302, b"", {"Location": f"{server.url}/b.png"})
        server.replies = [as_json({"data": [{"url": "/a.png"}]}), found, (200, png(96, 64, 5), {})]
        assert draw(server).pixels[0, 0, 0] == 5
        assert server.calls[2].headers["authorization"] == f"Bearer {KEY}"


class TestClips:
    def test_a_job_is_awaited_with_its_progress(self, server: Server):
        server.steps = 3
        events = list(TextToVideoModel(server.name).stream("waves", **SMALL, num_frames=5, fps=8))
        clip = events[-1].result
        assert clip.frames.shape == (5, 64, 96, 3) and clip.warnings == ()
        steps = [event.step for event in events if event.phase == "draw"]
        assert steps == sorted(steps) and {0, 50, 100} <= set(steps)
        assert any("queue" in event.message for event in events)
        fields = server.calls[0].fields
        assert (fields["num_frames"], fields["fps"], fields["seconds"], fields["size"]) == ("5", "8", "1", "96x64")
        assert server.calls[0].files == {} and server.calls[-1].path.endswith("/content")

    def test_a_first_frame(self, server: Server):
        film(server, image=np.full((64, 96, 3), 200, np.uint8))
        sent = np.asarray(Image.open(io.BytesIO(server.calls[0].files["input_reference"])))
        assert sent.shape == (64, 96, 3) and (sent == 200).all()
        assert "strength" not in server.calls[0].fields

    def test_a_server_that_takes_forms_with_a_first_frame_only(self, server: Server):
        server.replies = [as_json({"detail": "input_reference file or reference_url is required"}, 400)]
        assert film(server).frames.shape == (5, 64, 96, 3)
        assert (
            server.calls[1].headers["content-type"] == "application/json" and server.calls[1].fields["num_frames"] == 5
        )

    def test_cancelling_deletes_the_job(self, server: Server):
        server.steps = 10**6
        events = TextToVideoModel(server.name).stream("waves", **SMALL, num_frames=5)
        while next(events).step < 50:
            pass
        events.close()  # type: ignore[attr-defined]  # a generator
        assert (server.calls[-1].method, server.calls[-1].path) == ("DELETE", "/v1/videos/video%2F1")
        number = len(server.calls)
        time.sleep(0.2)
        assert len(server.calls) == number

    def test_a_job_that_fails_says_why(self, server: Server):
        server.replies = [
            as_json({"id": "a", "status": "failed", "error": {"code": "oom", "message": "out of memory"}})
        ]
        with pytest.raises(RemoteError, match=r"did not finish the clip \(failed: out of memory\)"):
            film(server)

    def test_a_job_without_a_name(self, server: Server):
        server.replies = [as_json({"status": "queued"})]
        with pytest.raises(RemoteError, match="names no job"):
            film(server)

    def test_a_job_that_takes_too_long(self, server: Server, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(engine, "JOB_SECONDS", 0.2)
        server.steps = 10**6
        with pytest.raises(RemoteError, match="given up"):
            film(server)
        assert server.calls[-1].method == "DELETE"

    def test_another_length_is_kept_with_a_warning(self, server: Server):
        server.frames = 9
        clip = film(server)
        assert len(clip.frames) == 9 and "drew 9 frames, asked for were 5" in clip.warnings[0]

    def test_its_request_makes_it_again(self, server: Server):
        clip = film(server)
        again = TextToVideoModel(server.name).redo(Request.from_json(clip.request.to_json()))
        assert np.array_equal(again.frames, clip.frames)


class TestWhatGoesWrong:
    @pytest.mark.parametrize(
        ("reply", "message"),
        [
            (
                as_json({"error": {"message": "no such model"}}, 404),
                r"no model 'tiny' \(404: no such model\); see http",
            ),
            (as_json({"detail": "Invalid size"}, 400), r"refuses the request \(400: Invalid size\)"),
            (as_json({"detail": [{"loc": ["body", "size"], "msg": "odd"}]}, 422), r"\(422: body.size: odd\)"),
            ((502, b"<html>\nBad gateway", {}), r"failed \(502: <html> Bad gateway\)"),
            ((200, b"<html>", {}), "no JSON object"),
            ((200, b"[" * 10000, {}), "no JSON object"),
            (as_json({"data": []}), "answered without a picture"),
            (as_json({"data": [{"b64_json": "!"}]}), "not in base64"),
            ((200, b"{}", {"Content-Length": "99"}), "ends too early, after 2 bytes"),
        ],
    )
    def test_is_one_sentence(self, server: Server, reply: Reply, message: str):
        server.replies = [reply]
        with pytest.raises(RemoteError, match=message) as caught:
            draw(server)
        assert "\n" not in str(caught.value) and caught.value.exit_code == 1

    def test_a_long_message_is_cut(self, server: Server):
        server.replies = [as_json({"detail": "x" * 5000}, 400)]
        with pytest.raises(RemoteError, match=r"x{297}\.\.\.\)"):
            draw(server)

    def test_another_size_is_never_resized(self, server: Server):
        server.replies = [picture(64, 64)]
        with pytest.raises(SizeError, match="has 64x64 pixels, asked for were 96x64"):
            draw(server)

    def test_a_file_that_is_no_picture(self, server: Server):
        server.replies = [as_json({"data": [{"b64_json": base64.b64encode(b"MZ not a picture").decode()}]})]
        with pytest.raises(MediaError, match=f"the picture from {server.host} cannot be read"):
            draw(server)

    def test_too_long_an_answer_is_not_read(self, server: Server, monkeypatch: pytest.MonkeyPatch):
        with pytest.raises(RemoteError, match="more than 10 bytes"):
            client.Client(read_address(server.url)).send("GET", "/models", most_bytes=10)

    def test_nobody_there(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # taken, so nobody else listens there meanwhile
            url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
            with pytest.raises(RemoteError, match=f"nothing answers at {url}; is the server running?"):
                TextToImageModel(f"openai:{url}#tiny").generate("a fox", **SMALL)

    def test_a_server_that_never_answers(self, server: Server, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(client, "DRAW_SECONDS", 0.2)

        def sleep(call: Call) -> Reply:
            time.sleep(0.5)
            return 200, b"", {}

        server.replies = [sleep]
        with pytest.raises(RemoteError, match=r"did not answer within 0\.2 s"):
            draw(server)
        time.sleep(0.5)  # the server's thread ends before its socket does

    def test_a_busy_server_is_asked_again_when_it_says(self, server: Server):
        server.replies = [as_json({}, 429, {"Retry-After": "0"}), as_json({}, 503, {"retry-after-ms": "20"})]
        events = list(TextToImageModel(server.name).stream("a fox", **SMALL))
        assert isinstance(events[-1].result, Picture) and len(server.calls) == 3
        said = [event.message for event in events if event.message]
        assert said[0] == f"{server.host} is busy (429); asked again in 0 s" and "(503)" in said[-1]

    def test_but_not_for_ever_nor_after_hours(self, server: Server):
        server.replies = [as_json({}, 429, {"Retry-After": "0"})] * client.TRIES
        with pytest.raises(RemoteError, match=r"is busy \(429\); ask again later"):
            draw(server)
        assert len(server.calls) == client.TRIES
        server.replies = [as_json({}, 429, {"Retry-After": "7200"})]
        with pytest.raises(RemoteError, match="ask again later"):
            draw(server)
        assert len(server.calls) == client.TRIES + 1
