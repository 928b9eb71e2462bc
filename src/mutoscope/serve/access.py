"""What routes get of the app by `Depends`."""

from fastapi import Request

from mutoscope.serve.desk import Desk
from mutoscope.serve.downloads import Downloads
from mutoscope.serve.login import Logins


def get_desk(request: Request) -> Desk:
    """Return the desk."""
    return request.app.state.desk


def get_logins(request: Request) -> Logins:
    """Return who may come in."""
    return request.app.state.logins


def get_downloads(request: Request) -> Downloads:
    """Return what is being fetched."""
    return request.app.state.downloads


def address_of(request: Request) -> str:
    """Return where the client of a request finds this server: its public address, else the one that it asked.

    What headers of proxies say counts for nothing, since every client can send them.
    """
    public = get_desk(request).settings.public_url
    return public or f"{request.url.scheme}://{request.headers['host']}"
