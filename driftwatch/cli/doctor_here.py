"""What `driftwatch doctor` says of this machine: versions, extras, environment, the files of secrets."""

import os
import platform
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from driftwatch.cli.findings import Line

PACKAGE = "driftwatch-llm"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SECRET = re.compile("KEY|TOKEN|SECRET|PASSWORD|WEBHOOK", re.IGNORECASE)
_SECRET_LENGTH = 8
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def versions() -> Iterator[Line]:
    """Yield what runs here."""
    yield Line(mark="ok", what="driftwatch", told=version(PACKAGE))
    yield Line(mark="ok", what="python", told=f"{platform.python_version()} ({sys.implementation.name})")
    yield Line(mark="ok", what="platform", told=f"{platform.system()} {platform.release()} {platform.machine()}")
    needed = [name for name, extra in requirements() if extra is None]
    found = {name: installed(name) for name in needed}
    yield Line(mark="ok", what="libraries", told=", ".join(f"{n} {v}" for n, v in found.items() if v))
    if missing := [name for name, known in found.items() if known is None]:
        told = f"not installed: {', '.join(missing)}; install driftwatch anew."
        yield Line(mark="error", what="libraries", told=told)


def extras() -> Iterator[Line]:
    """Yield every extra, and what of it is missing: no fault, for `check` says where the configuration needs one."""
    wanted: dict[str, list[str]] = {}
    for name, extra in requirements():
        if extra is not None:
            wanted.setdefault(extra, []).append(name)
    for extra, names in sorted(wanted.items()):
        found = [f"{name} {known}" for name in names if (known := installed(name))]
        missing = [name for name in names if installed(name) is None]
        told = ", ".join(found) if not missing else f"not installed ({', '.join(missing)})"
        yield Line(mark="ok", what=f"extra {extra}", told=told)


def requirements() -> Iterator[tuple[str, str | None]]:
    """Yield what driftwatch needs on this platform, each with its extra."""
    for text in requires(PACKAGE) or ():
        name = _NAME.match(text)
        extra = _EXTRA.search(text)
        if name is not None and not ("win32" in text and sys.platform == "win32"):
            yield name.group(), extra[1] if extra else None


def installed(name: str) -> str | None:
    """Return the version of an installed package; None where it is not."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def environment(environ: Mapping[str, str]) -> Iterator[Line]:
    """Yield what of the environment changes how driftwatch runs; no value that may be a secret."""
    yield Line(mark="ok", what="runs under", told=_manager(environ))
    home = environ.get("HOME", "")
    writable = bool(home) and os.access(home, os.W_OK)
    told = (
        f"{home or 'not set'}{' can be written' if writable else ' cannot be written: libraries keep no cache there'}"
    )
    yield Line(mark="ok" if writable else "warning", what="HOME", told=told)
    for scheme, address in sorted(getproxies_environment().items()):
        if scheme == "no":
            yield Line(mark="ok", what="NO_PROXY", told=address)
        else:
            yield Line(mark="ok", what=f"{scheme.upper()}_PROXY", told=without_credentials(address))


def _manager(environ: Mapping[str, str]) -> str:
    found = [
        name
        for name, there in {
            "Kubernetes": "KUBERNETES_SERVICE_HOST" in environ,
            "systemd": bool({"INVOCATION_ID", "NOTIFY_SOCKET"} & environ.keys()),
            "a container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
        }.items()
        if there
    ]
    credentials = ", with credentials" if environ.get("CREDENTIALS_DIRECTORY") else ""
    return (", ".join(found) or "a shell or a service of its own") + credentials


def without_credentials(address: str) -> str:
    """Return the host and port of a proxy; nothing of what cannot be understood, for a password may be in it.

    Examples
    --------
    >>> without_credentials("http://me:secret@proxy.example:3128"), without_credentials("me:1/secret@[")
    ('http://proxy.example:3128', 'set, and not understood')
    """
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return "set, and not understood"
    # A `/`, `?` or `#` in a password ends the host for us: then what is taken for it is user and password.
    if not host or not re.fullmatch(r"[A-Za-z0-9._:-]+", host) or "@" in address.rpartition(parts.netloc)[2]:
        return "set, and not understood"
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def secret_files(config: Path, environ: Mapping[str, str]) -> Iterator[Line]:
    """Yield the mode of every file that holds a secret; none is opened."""
    from driftwatch.config.load import secret_files as named

    for key, path in named(config, environ):
        try:
            mode = path.stat().st_mode
        except OSError as error:
            yield Line(mark="error", what=key, told=f"{path}: {error.strerror}", slug="config-secret")
            continue
        told = f"{path} {stat.filemode(mode)}"
        if mode & stat.S_IROTH:
            told += ": every user of this machine can read it; chmod 600 mends it."
            yield Line(mark="warning", what=key, told=told, slug="config-secret-exposed")
        elif not os.access(path, os.R_OK):
            yield Line(mark="error", what=key, told=f"{told}: it cannot be read by you.", slug="config-secret")
        else:
            yield Line(mark="ok", what=key, told=told)


def secrets_around(config: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what must not be printed, whatever is wrong with the configuration: files it names, and the environment."""
    from driftwatch.config.load import secret_files as named
    from driftwatch.config.secrets import SecretFileError, read_secret
    from driftwatch.domain.errors import ConfigError

    yield from (value for name, value in environ.items() if _SECRET.search(name) and len(value) >= _SECRET_LENGTH)
    with suppress(ConfigError):
        for _, path in named(config, environ):
            with suppress(SecretFileError):
                yield read_secret(str(path), root=config.parent, environ={}).reveal()
