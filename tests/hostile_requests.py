"""Requests that nobody should send: bodies one by one, the same at every route, random changes of good ones.

`HOSTILE` are bodies for POST /api/jobs with the statuses that may answer them; `corpus()` is all that was made by hand, for all routes.
"""

import base64
import io
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

LARGE = 2 << 20


def png(width: int = 32, height: int = 32, mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    Image.new(mode, (width, height)).save(target, "PNG")
    return target.getvalue()


def huge_png(side: int) -> bytes:
    """A PNG that says it is `side` pixels wide and high, in a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


HOSTILE: list[tuple[str, bytes, set[int]]] = [
    *((f"guidance {word}", b'{"prompt":"a","guidance_scale":%s}' % word.encode(), {400, 422})
      for word in ("NaN", "Infinity", "-Infinity", "1e999", "-1", "31", "true", '"7"', "[]", "{}", "1" * 5000)),
    ("guidance -0.0", b'{"prompt":"a","guidance_scale":-0.0,"width":32,"height":32}', {202}),
    *((f"{name} {value}", f'{{"prompt":"a","{name}":{value}}}'.encode(), {400, 422})
      for name in ("width", "height", "num_inference_steps", "n", "seed", "num_frames", "fps")
      for value in ("-8", '"256"', "256.5", "true", str(2**63), "1" + "0" * 5000, "[1]", "NaN")),
    *((f"{name} 0", f'{{"prompt":"a","{name}":0}}'.encode(), {422}) for name in ("width", "height", "num_inference_steps", "n")),
    ("width 63", b'{"prompt":"a","width":63}', {422}),
    ("surrogate", b'{"prompt":"\\ud83d"}', {400}),
    ("surrogate as key", b'{"\\ud83d":1,"prompt":"a"}', {400}),
    ("surrogate in a wrong field", b'{"prompt":"a","seed":"\\ud83d"}', {400}),
    ("bad UTF-8", b'{"prompt":"\xff\xfe"}', {400}),
    ("UTF-16", '{"prompt":"a"}'.encode("utf-16"), {400}),
    ("byte order mark", b'\xef\xbb\xbf{"prompt":"a"}', {400}),
    ("NUL", b'{"prompt":"a\\u0000b"}', {202, 422}),
    ("right to left", '{"prompt":"a \u202e lake","width":32,"height":32}'.encode(), {202}),
    ("emoji", ('{"prompt":"' + "\U0001f469\u200d\U0001f680" * 50 + '","width":32,"height":32}').encode(), {202}),
    ("empty", b"", {400, 422}),
    ("null", b"null", {422}),
    ("list", b"[]", {422}),
    ("number", b"7", {422}),
    ("cut", b'{"prompt":"a', {400}),
    ("two", b'{"prompt":"a"}{"prompt":"b"}', {400}),
    ("deep list", b'{"prompt":' + b"[" * 400 + b"]" * 400 + b"}", {400}),
    ("deeper list", b"[" * 100_000 + b"]" * 100_000, {400}),
    ("deep object", b'{"a":' * 300 + b"1" + b"}" * 300, {400}),
    ("no prompt", b"{}", {422}),
    ("empty prompt", b'{"prompt":"  "}', {422}),
    ("long prompt", b'{"prompt":"' + b"a" * 20_001 + b'"}', {422}),
    ("very long prompt", b'{"prompt":"' + b"a" * LARGE + b'"}', {422}),
    ("prototype", b'{"prompt":"a","__proto__":{"x":1}}', {422}),
    ("custom pipeline", b'{"prompt":"a","custom_pipeline":"x/y"}', {422}),
    ("trust remote code", b'{"prompt":"a","trust_remote_code":true}', {422}),
    ("long field", b'{"prompt":"a","' + b"x" * 100_000 + b'":1}', {422}),
    ("many fields", json.dumps({"prompt": "a", **{f"f{n}": n for n in range(10_000)}}).encode(), {422}),
    *((f"model {name}", json.dumps({"prompt": "a", "model": name}).encode(), {422})
      for name in ("/etc", "../x", "~", "fake:9", "openai:http://127.0.0.1:1/v1", "x" * 900, "")),
    *((f"adapter {name}", json.dumps({"prompt": "a", "adapter": name}).encode(), {422})
      for name in ("/etc/passwd", "../x.safetensors", "~/x", "x.safetensors")),
    *((f"image {name[:20]}", json.dumps({"prompt": "a", "image": name}).encode(), {422})
      for name in ("http://169.254.169.254/", "http://[::1]/x", "file:///etc/passwd", "0x7f000001", "/etc/passwd", "", "====",
                   in_base64(b"%!PS-Adobe-3.0 EPSF-3.0\n"), in_base64(b"8BPS\0\1" + bytes(40)), in_base64(b"II*\0" + bytes(40)),
                   in_base64(png()[:60]), in_base64(huge_png(65_535)), in_base64(huge_png(9_500)), in_base64(b"#EXTM3U\nhttp://x/\n"))),
    ("format", b'{"prompt":"a","format":"exe"}', {422}),
    ("format of a clip", b'{"prompt":"a","format":"mp4"}', {422}),
    ("all at its most", json.dumps({"prompt": "a", "kind": "video", "n": 64, "width": 512, "height": 512, "num_frames": 3600,
                                    "num_inference_steps": 200}).encode(), {422}),
    ("mask alone", json.dumps({"prompt": "a", "mask_image": in_base64(png())}).encode(), {422}),
]  # fmt: skip


TOKENS = (
    b"NaN",
    b"Infinity",
    b"-",
    b"1e999",
    b"null",
    b"\\ud83d",
    b"\\u0000",
    b"{",
    b"[",
    b'"',
    b"9" * 400,
    b"\xff",
    b"true",
    b",",
    b":",
)


def mutate(body: bytes, rng: random.Random) -> bytes:
    """Return bytes that were a good body before some of them were changed, doubled, cut or swapped."""
    data = bytearray(body)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at:at] = rng.choice(TOKENS)
            case 2:
                del data[at : at + rng.randint(1, 8)]
            case _:
                data[at:at] = data[: rng.randint(0, len(data))]
        if not data:
            return b""
    return bytes(data)


PATHS = (
    "..%2f..%2fetc%2fpasswd",
    "%5c..%5c..%5cetc",
    "/etc/passwd",
    "%00",
    "....//",
    "windows/win.ini",
    "%ff%fe",
    "x" * 5000,
    "%F0%9F%98%80",
)


@dataclass(frozen=True)
class Sent:
    """A request as it goes out."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


JSON_ROUTES = (
    "/api/draw", "/v1/images/generations", "/v1/videos", "/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/sdapi/v1/png-info",
    "/sdapi/v1/interrupt", "/sdapi/v1/options", "/login",
)  # fmt: skip
FORM_ROUTES = ("/api/info", "/v1/images/edits", "/v1/videos")
GENERAL = (
    "NaN", "surrogate", "UTF", "byte order", "empty", "null", "list", "number", "cut", "two", "deep", "long", "many", "prototype", "image",
    "1e999",
)  # fmt: skip
FORMS = (
    b"", b"--x", b"--x\r\n" * 1000, b"--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="file"\r\nX: ' + b"a" * 100_000,
    b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\xff\xfe\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="prompt"; filename="../../x"\r\n\r\na\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 300 + b"--x--\r\n",
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n<svg/>\r\n--x--\r\n',
)  # fmt: skip
KINDS = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/xml",
    "",
)
QUERIES = ("limit=0", "limit=201", "limit=x", "limit=NaN", "after=" + "a" * 65, "after=unknown", "limit=" + "9" * 5000, "kind=x",
           "words=" + "a" * 300, "limit=1&limit=2", "limit=-1", "%00=%00", "after=%F0%9F%98%80", "words=%25%5F%5C")  # fmt: skip
RANGES = (
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 10_000, 2)),
    "bytes=999999999-",
    "bytes=-",
    "bytes=5-1",
    "lines=1-2",
    "bytes=0-,-1",
)
LAST_IDS = ("x", "-1", "1e9", "9" * 19, "9" * 4000, "0x10", " ")


def corpus() -> Iterator[Sent]:
    """Yield every request that was made by hand."""
    for _, body, _ in HOSTILE:
        yield Sent("POST", "/api/jobs", body)
    for route in JSON_ROUTES:
        for name, body, _ in HOSTILE:
            if name.startswith(GENERAL) or any(word in name for word in ("NaN", "1e999")):
                yield Sent("POST", route, body)
    for route in FORM_ROUTES:
        for form in FORMS:
            yield Sent("POST", route, form, (("Content-Type", "multipart/form-data; boundary=x"),))
    for route in (*JSON_ROUTES, "/api/jobs"):
        for kind in KINDS:
            yield Sent("POST", route, b'{"prompt":"a"}', (("Content-Type", kind),))
    for folder in ("/api/results/", "/api/jobs/", "/page/", "/v1/videos/", "/v1/models/"):
        for path in PATHS:
            yield Sent("GET", folder + path)
            yield Sent("DELETE", folder + path)
    for query in QUERIES:
        yield Sent("GET", f"/api/jobs?{query}")
        yield Sent("GET", f"/v1/videos?{query}")
    for words in RANGES:
        yield Sent("GET", "/page/main.js", headers=(("Range", words),))
    for words in LAST_IDS:
        yield Sent("GET", "/api/jobs/unknown/events", headers=(("Last-Event-ID", words),))
    for method in ("PUT", "PATCH", "TRACE", "OPTIONS", "CONNECT", "BREW"):
        yield Sent(method, "/api/jobs", b"x")
