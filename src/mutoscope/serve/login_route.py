"""POST /login: a browser shows the token once and gets a cookie."""

from fastapi import Depends, Request, Response
from pydantic import Field

from mutoscope.serve.access import address_of, get_logins
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.login import LOGIN_SECONDS, Logins
from mutoscope.serve.strict import StrictBody, new_router

router = new_router()


class Token(StrictBody):
    """The token, as it was printed when the server started."""

    token: str = Field(max_length=200)


@router.post("/login", status_code=204)
async def log_in(body: Token, request: Request, response: Response, logins: Logins = Depends(get_logins)) -> None:
    """Set a cookie for whoever shows the token."""
    if not logins.needed:
        return
    if not logins.fits(body.token):
        raise Refusal(401, "token", "this is not the token of this server; it was printed when the server started")
    secure = address_of(request) == f"https://{request.headers['host']}"  # came through TLS
    response.set_cookie(
        logins.cookie, logins.begin(), max_age=LOGIN_SECONDS, secure=secure, httponly=True, samesite="strict"
    )
