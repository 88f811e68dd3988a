"""Where the daemon's own server listens, and who may ask it."""

import re
from ipaddress import ip_address
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from driftwatch.config.model import Strict
from driftwatch.config.values import SecretFile, SecretText, refusal
from driftwatch.domain.secret import Secret

NOWHERE = "none"
SHORTEST_TOKEN = 16
_BIND = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+):([0-9]{1,5})")


def _bind(value: object) -> str:
    found = _BIND.fullmatch(value) if isinstance(value, str) else None
    if value != NOWHERE and (found is None or int(found[2]) > 65535):
        raise refusal("write an address and a port, as in 127.0.0.1:8710, or none.", slug="config-http")
    return str(value)


class Http(Strict):
    """The daemon's own server: health, metrics, and the dashboard."""

    pairs: ClassVar[tuple[str, ...]] = ("token",)

    bind: Annotated[
        str,
        BeforeValidator(_bind),
        WithJsonSchema({"type": "string"}),
        Field(description="Address and port; port 0 takes a free one, none is no server at all."),
    ] = "127.0.0.1:8710"
    token: SecretText | None = None
    token_file: SecretFile | None = None

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        secret = self.secret
        if secret is not None and len(secret.reveal()) < SHORTEST_TOKEN:
            raise refusal(f"the token needs {SHORTEST_TOKEN} characters; `openssl rand -hex 24`.", slug="config-http")
        if self.address is not None and secret is None and not is_loopback(self.address[0]):
            need = "other machines may ask there: add `token_file:`, or bind to 127.0.0.1."
            raise refusal(need, slug="config-http")
        return self

    @property
    def secret(self) -> Secret | None:
        """The token, wherever it was given."""
        return self.token or self.token_file

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port; None where no server is wanted."""
        if self.bind == NOWHERE:
            return None
        host, _, port = self.bind.rpartition(":")
        return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens there.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
