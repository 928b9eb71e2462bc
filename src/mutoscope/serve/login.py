"""Who may come in when the server has a token: programs that send it, and browsers that sent it once and got a cookie.

The cookie is a random name for the login, not the token: cookies go to every server of a machine, whatever its port.
"""

import base64
import binascii
import secrets
from collections import OrderedDict
from collections.abc import Mapping

MAX_LOGINS = 1000  # the oldest is forgotten
LOGIN_SECONDS = 30 * 24 * 3600


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(24)


class Logins:
    """The token and the browsers that have shown it."""

    def __init__(self, token: str | None, port: int):
        self._token = token
        self.cookie = f"mutoscope-{port}"
        self._known: OrderedDict[str, None] = OrderedDict()

    @property
    def needed(self) -> bool:
        """Whether a token is asked for."""
        return self._token is not None

    def fits(self, token: str) -> bool:
        """Whether this is the token; takes as long for every wrong one."""
        return self._token is not None and secrets.compare_digest(
            token.encode("utf-8", "replace"), self._token.encode()
        )

    def begin(self) -> str:
        """Return the value of a new cookie."""
        name = secrets.token_urlsafe(24)
        self._known[name] = None
        while len(self._known) > MAX_LOGINS:
            self._known.popitem(last=False)
        return name

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers (names in small letters) may come in."""
        if not self.needed:
            return True
        kind, _, words = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.fits(words.strip()):
            return True
        if kind.lower() == "basic" and self._fits_basic(words.strip()):
            return True
        return self._read_cookie(headers.get("cookie", "")) in self._known

    def _fits_basic(self, words: str) -> bool:
        """Whether user or password of HTTP Basic is the token."""
        try:
            user, _, password = base64.b64decode(words, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return False
        return self.fits(password) or self.fits(user)

    def _read_cookie(self, words: str) -> str:
        pairs = (part.strip().partition("=") for part in words.split(";"))
        return next((value for name, _, value in pairs if name == self.cookie), "")
