"""The address of a server and the name of its model, as they stand behind `openai:`."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from mutoscope.errors import SettingError

PREFIX = "openai:"
EXAMPLE = f"{PREFIX}http://localhost:8000/v1#Qwen/Qwen-Image"
MAX_LETTERS = 500


@dataclass(frozen=True)
class Address:
    """Where a server is, and which of its models draws."""

    url: str  # without a slash at its end
    model: str = ""  # "" = not said

    @property
    def name(self) -> str:
        """The word that `--model` takes."""
        return f"{PREFIX}{self.url}#{self.model}"

    @property
    def host(self) -> str:
        """Host and port, for sentences."""
        return urlsplit(self.url).netloc

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine, so that nothing leaves it."""
        name = urlsplit(self.url).hostname or ""
        try:
            return name == "localhost" or ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def read_address(text: str) -> Address:
    """Return the address of `http://host:port/v1#model`; SettingError says what is wrong and never repeats a secret."""
    url, _, model = text.partition("#")
    if not (text.isprintable() and url.isascii() and " " not in url and len(text) <= MAX_LETTERS):
        raise SettingError(f"the address of a server must be one line without spaces; expected for example {EXAMPLE}")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        raise SettingError(f"the address of the server makes no sense; expected for example {EXAMPLE}") from None
    if "@" in parts.netloc or "?" in url:
        # It would be written into every file, so it is not repeated here either.
        raise SettingError(
            f"the address of the server {host or ''} holds a user, a password or ?parameters; leave them out and put the key "
            "into the environment variable MUTOSCOPE_API_KEY"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise SettingError(
            f"the address of a server begins with http:// or https://, got {url[:80]!r}; expected for example {EXAMPLE}"
        )
    path = parts.path.rstrip("/") or "/v1"  # where all these servers have their routes
    return Address(f"{parts.scheme}://{parts.netloc.lower()}{path}", model.strip())
