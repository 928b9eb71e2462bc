"""What routes get of the app by `Depends`."""

from fastapi import Request

from mutoscope.serve.desk import Desk
from mutoscope.serve.login import Logins


def get_desk(request: Request) -> Desk:
    """Return the desk."""
    return request.app.state.desk


def get_logins(request: Request) -> Logins:
    """Return who may come in."""
    return request.app.state.logins
