"""The proxy that the environment names for an address: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not.

For whoever cannot leave it to aiohttp's `trust_env`. That reads `.netrc` as well, whose password would go out beside a
vendor's pinned key, passes by a proxy that is itself asked over TLS, and goes through a thread for every question.
"""

from ipaddress import ip_address
from urllib.request import getproxies_environment, proxy_bypass

from yarl import URL

_PLAIN = {"wss": "https", "ws": "http"}
"""A WebSocket begins as a request, and goes the way of requests."""


class UnusableProxyError(ValueError):
    """The environment names a proxy that we cannot speak to; its words hold no password."""


def proxy_for(url: URL) -> URL | None:
    """Return the proxy to go through, with its password; None where the way is direct.

    An address of this machine itself is never asked through a proxy, whatever NO_PROXY says: there it would be another
    machine's.

    Raises
    ------
    UnusableProxyError
        If it is one we cannot speak to, SOCKS for example. The way is never direct instead: who names a proxy may have
        no other way out, or may want none.

    Examples
    --------
    >>> import os
    >>> os.environ |= {"HTTPS_PROXY": "http://me:secret@proxy.example:3128", "NO_PROXY": ".internal"}
    >>> proxy_for(URL("https://api.example/v1"))
    URL('http://me:secret@proxy.example:3128')
    >>> proxy_for(URL("https://vllm.internal/v1")), proxy_for(URL("https://127.0.0.1:8000/v1"))
    (None, None)
    >>> del os.environ["HTTPS_PROXY"], os.environ["NO_PROXY"]
    """
    host, scheme = url.host or "", _PLAIN.get(url.scheme, url.scheme)
    named = getproxies_environment().get(scheme)
    if not named or _this_machine(host) or proxy_bypass(f"{host}:{url.port}"):
        return None
    variable = f"{scheme.upper()}_PROXY"
    try:
        proxy = URL(named if "://" in named else f"http://{named}")
        usable = proxy.scheme in ("http", "https") and bool(proxy.host)
    except ValueError:
        usable = False
    if not usable:
        # Not quoted, and `from None`: whatever it is, a password may be in it.
        raise UnusableProxyError(f"{variable} is none that we can go through; it needs http://HOST:PORT") from None
    if not _can_be_sent(proxy):
        need = "a colon in the name, or a character beyond Latin-1, cannot be sent"
        raise UnusableProxyError(f"{variable} has a name or password that no proxy can be told: {need}")
    return proxy


def _can_be_sent(proxy: URL) -> bool:
    """Whether its name and password fit into HTTP's basic authentication as aiohttp writes it."""
    name, password = proxy.user or "", proxy.password or ""
    # Not by encoding it: that error would carry the password on.
    return ":" not in name and max(name + password, default="") <= "\xff"


def _this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
