"""GET /v1/models: the models of this server as OpenAI lists them, with what each takes."""

from typing import Any

from fastapi import Depends

from mutoscope.serve.access import get_desk
from mutoscope.serve.catalog import Entry
from mutoscope.serve.desk import Desk
from mutoscope.serve.facts import describe_model
from mutoscope.serve.openai_fields import check_model, new_router

router = new_router()


def show(entry: Entry) -> dict[str, Any]:
    """Return a model. Nobody knows when it was made."""
    return {**describe_model(entry), "id": entry.id, "object": "model", "created": 0, "owned_by": "mutoscope"}


@router.get("/models")
async def list_models(desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """List the models; the first one draws what names none."""
    return {"object": "list", "data": [show(entry) for entry in desk.catalog]}


@router.get("/models/{model_id:path}")
async def get_model(model_id: str, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Return one model; names may hold slashes."""
    return show(desk.catalog.find(check_model(desk, model_id)))
