"""The vendored scripts, with their checksums: what a page may run is named by its hash."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "vendor"
SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
"""In the order in which a page loads them."""
OURS = Path(__file__).parent / "scripts" / "charts.js"
"""Puts them to use; it is loaded last."""


@cache
def script(name: str) -> str:
    """Return one of `SCRIPTS`."""
    return (FOLDER / name).read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls a script or a style of exactly this text.

    Examples
    --------
    >>> source_hash("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def sums() -> dict[str, str]:
    """Return the checksum of each of `SCRIPTS`."""
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}
