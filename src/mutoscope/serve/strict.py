"""Bodies are read strictly: UTF-8 JSON without NaN, Infinity, lone surrogates or endless nesting, and no field that is not known.

A plain FastAPI app answers 500 to several of these, because it cannot write down what it says of them.
"""

import json
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, model_validator

from mutoscope.errors import did_you_mean

MAX_DEPTH = 32
MAX_FIELDS, MAX_PART_BYTES = 100, 1 << 20  # of forms


class StrictRequest(Request):
    """A request whose JSON is read strictly, and whose forms have limits."""

    async def json(self) -> Any:
        """Return the body; HTTPException 400 says what is wrong with it."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json

    def form(self, *, max_files: int = 32, max_fields: int = MAX_FIELDS, max_part_size: int = MAX_PART_BYTES) -> Any:
        """Return the form of the body, within limits."""
        return super().form(
            max_files=min(max_files, 32), max_fields=min(max_fields, MAX_FIELDS), max_part_size=max_part_size
        )


class StrictRoute(APIRoute):
    """A route that reads its body by StrictRequest."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, Form)

        async def handle_strictly(request: Request) -> Response:
            if takes_json and not is_json(request.headers.get("content-type", "")):
                raise HTTPException(415, "the body must be JSON, and say so: Content-Type: application/json")
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_strictly


def new_router(**settings: Any) -> APIRouter:
    """Return a router whose bodies are read strictly; all routes of the server are made with it."""
    return APIRouter(route_class=StrictRoute, **settings)


class StrictBody(BaseModel):
    """A body without coercion and without fields that are not known; an unknown one is answered with the nearest name."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _name_unknown(cls, values: Any) -> Any:
        if isinstance(values, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for name in values:
                if name not in known:
                    raise ValueError(
                        f"unknown field {name[:40]!a}{did_you_mean(name[:40], known)}; known: {', '.join(known)}"
                    )
        return values


def is_json(content_type: str) -> bool:
    """Whether a Content-Type is JSON. A page of another site cannot send that without being asked."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text; HTTPException 400."""
    if not body:
        raise HTTPException(400, "the body is empty; send a JSON object")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise HTTPException(400, "the body is not UTF-8") from None
    except RecursionError:
        raise HTTPException(400, f"the body is nested more than {MAX_DEPTH} deep") from None
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {str(error)[:100]}") from None
    check_value(value)
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def check_value(value: Any) -> None:
    """Refuse what could not be written down again: deep nesting, lone surrogates, numbers past all limits; HTTPException 400."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            break
    else:
        raise HTTPException(400, f"the body is nested more than {MAX_DEPTH} deep")
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (UnicodeEncodeError, ValueError):
        raise HTTPException(400, "the body holds half a surrogate pair, or a number that is too large") from None


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
