"""Who may ask: health is open to everybody, everything else wants the token where there is one."""

import base64
import binascii
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driftwatch.domain.secret import Secret

OPEN = frozenset({"/healthz", "/readyz"})
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE = {"GET", "HEAD"}
MOST_AT_ONCE = 64
"""Requests that are being answered; health is not counted: who asks for it would kill a silent daemon."""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    # Without a token another site's page could still embed what it may not read.
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Gate:
    """ASGI middleware in front of every route.

    Without a token it answers those alone who call this machine by a name of its own: a page of the web that had
    its name point to 127.0.0.1 (DNS rebinding) would read the dashboard otherwise. What changes something wants a token
    in an ``Authorization: Bearer`` header, which no page of another site can make a browser send.

    Parameters
    ----------
    token : Secret, optional
        Taken as ``Bearer``, and as the password of HTTP's basic authentication, which browsers ask for.
    """

    def __init__(self, app: ASGIApp, *, token: Secret | None) -> None:
        self._app, self._token = app, token
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        counted = scope["path"] not in OPEN
        refused = self._refusal(scope["method"], headers) if counted else None

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given.setdefault(name, value)
            await send(message)

        if refused or not counted:
            await (refused or self._app)(scope, receive, send_guarded)
        elif self._at_once >= MOST_AT_ONCE:
            said = "Too much is asked for at once; try again in some seconds.\n"
            await PlainTextResponse(said, 503, headers={"retry-after": "2"})(scope, receive, send_guarded)
        else:
            self._at_once += 1
            try:
                await self._app(scope, receive, send_guarded)
            finally:
                self._at_once -= 1

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        if self._token is None:
            if method not in SAFE:
                need = "This wants a token. Add `http: {token_file: ...}` to the configuration and start again.\n"
                return PlainTextResponse(need, status_code=403)
            if _host(headers.get("host", "")) not in LOCAL:
                need = "Call this server by 127.0.0.1 or localhost, or give it a token: `http: {token_file: ...}`.\n"
                return PlainTextResponse(need, status_code=421)
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        password = _password(given) if kind.lower() == "basic" and method in SAFE else None
        said = given.strip() if kind.lower() == "bearer" else password
        if said is not None and hmac.compare_digest(said.encode(), self._token.reveal().encode()):
            return None
        wanted = {"www-authenticate": 'Basic realm="driftwatch", charset="UTF-8"' if method in SAFE else "Bearer"}
        need = "A token is wanted: `Authorization: Bearer TOKEN`, or the token as password with any user name.\n"
        return PlainTextResponse(need, status_code=401, headers=wanted)


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _password(given: str) -> str | None:
    try:
        return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None
