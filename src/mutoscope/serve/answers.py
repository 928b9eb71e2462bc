"""How everything that goes wrong is answered: one shape, no input in it, always ASCII."""

import json
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as PlainHTTPException

from mutoscope.errors import MediaError, MutoscopeError, RequestError, StorageFullError
from mutoscope.serve.jobs import Refusal

MAX_WORDS = 1000  # letters of a message
WAYS = {"missing": "is missing", "extra_forbidden": "is not known"}
BOUNDS = {
    "less_than_equal": ("at most", "le"),
    "greater_than_equal": ("at least", "ge"),
}  # words, and where the bound stands
HIDDEN = ("body", "query", "path", "header")


def answer(
    status: int, message: str, code: str, param: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error as OpenAI's clients read it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    words = message[:MAX_WORDS].encode("utf-8", "replace").decode()
    error = {"message": words, "type": kind, "param": param, "code": code}
    body = json.dumps({"error": error}).encode()
    return Response(
        body, status, headers={"Cache-Control": "no-store", **(headers or {})}, media_type="application/json"
    )


def status_of(error: MutoscopeError) -> tuple[int, str]:
    """Return the HTTP status and the word for programs of an error of this package."""
    if isinstance(error, Refusal):
        return error.status, error.code
    if isinstance(error, RequestError | MediaError):
        return 422, type(error).__name__
    return (507, "disk_full") if isinstance(error, StorageFullError) else (500, type(error).__name__)


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer an error of this package."""
    assert isinstance(error, MutoscopeError)
    status, code = status_of(error)
    headers, param = (error.headers, error.param) if isinstance(error, Refusal) else (None, None)
    return answer(status, str(error), code, param, headers)


async def answer_http(request: Request, error: Exception) -> Response:
    """Answer what a route or the framework raised with a status. What is not there has one answer, whatever it was."""
    assert isinstance(error, PlainHTTPException)
    if error.status_code == 404:
        return answer(404, "there is nothing of this name here", "not_found")
    words = error.detail if isinstance(error.detail, str) else HTTPStatus(error.status_code).phrase
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return answer(error.status_code, words, code, headers=error.headers)


async def answer_validation(request: Request, error: Exception) -> Response:
    """Answer a body, a query or a path that is not as it should be: which field, and what is expected; never what was sent."""
    assert isinstance(error, RequestValidationError)
    words, param = explain(error)
    return answer(422, words, "invalid", param)


def explain(error: RequestValidationError) -> tuple[str, str | None]:
    """Return what is wrong with a body, a query or a path, and which field it is."""
    found = [_explain(one) for one in error.errors()[:3]]
    return "; ".join(words for _, words in found), found[0][0] or None


def _explain(one: Mapping[str, Any]) -> tuple[str, str]:
    """Return the field that is wrong, and what is wrong with it."""
    field = ".".join(str(part)[:40] for part in one["loc"] if part not in HIDDEN)[:80]
    if field and one["type"] in BOUNDS:
        side, name = BOUNDS[one["type"]]
        return field, f"{field} must be {side} {one['ctx'][name]}; use {one['ctx'][name]}"
    words = WAYS.get(one["type"]) or str(one["msg"])[:300].removeprefix("Value error, ")
    return field, f"{field}: {words}" if field else words


async def answer_queue(request: Request, error: Exception) -> Response:
    """Answer when the queue cannot be written: nothing was accepted."""
    words = f"the queue cannot be read or written now ({error}); nothing was accepted, try again later"
    return answer(507, words, "queue", headers={"Retry-After": "10"})


async def answer_mistake(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw, without its words: they may hold paths."""
    return answer(500, "this is a mistake in Mutoscope, please report it; the server's output has more", "internal")


def add_answers(app: FastAPI) -> None:
    """Let an app answer all errors in this shape."""
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(PlainHTTPException, answer_http)
    app.add_exception_handler(MutoscopeError, answer_error)
    app.add_exception_handler(sqlite3.Error, answer_queue)
    app.add_exception_handler(Exception, answer_mistake)
