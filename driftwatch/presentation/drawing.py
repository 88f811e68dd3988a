"""Charts as SVG or PNG: drawn by vl-convert (extra `charts`) in a process that ends with the last of them."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from base64 import b64decode
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal

from driftwatch.presentation.charts.parts import Spec

START_S, CHART_S = 20.0, 3.0
"""Seconds that the process may take: to start, and for each chart."""
VEGA_LITE = "6.4"
_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = {_SVG + name for name in ("svg", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath", "title")}
_DROPPED = ("on", "style", "{http://www.w3.org/1999/xlink}", "href", "class", "role", "aria-")


def can_draw() -> bool:
    """Whether the extra `charts` is installed."""
    return find_spec("vl_convert") is not None


def drawn_svg(specs: Mapping[str, Spec]) -> dict[str, str]:
    """Return the charts as SVG to stand inside a page, by name; those that could not be drawn are left out."""
    return {
        name: svg
        for number, (name, raw) in enumerate(_drawn(specs, "svg").items())
        if (svg := cleaned(raw.decode(), f"c{number}-"))
    }


def drawn_png(specs: Mapping[str, Spec]) -> dict[str, bytes]:
    """Return the charts as PNG on white, by name; those that could not be drawn are left out."""
    return _drawn({name: spec | {"background": "white"} for name, spec in specs.items()}, "png")


def cleaned(svg: str, prefix: str) -> str:
    """Return an SVG of shapes and texts only, its ids made its own: a page holds many, and trusts none.

    Examples
    --------
    >>> cleaned('<svg xmlns="http://www.w3.org/2000/svg"><script/><g id="a" clip-path="url(#a)"/></svg>', "p-")
    '<svg xmlns="http://www.w3.org/2000/svg"><g id="p-a" clip-path="url(#p-a)" /></svg>'
    """
    ET.register_namespace("", _SVG.strip("{}"))
    try:
        root = ET.fromstring(svg)  # noqa: S314  # our own child's output, from specifications of ours
    except ET.ParseError:
        return ""
    for parent in root.iter():
        for child in [child for child in parent if child.tag not in _ELEMENTS]:
            parent.remove(child)
        parent.attrib = {
            name: value.replace("url(#", f"url(#{prefix}") if name != "id" else prefix + value
            for name, value in parent.attrib.items()
            if not name.startswith(_DROPPED)
        }
    return ET.tostring(root, encoding="unicode")


def _drawn(specs: Mapping[str, Spec], form: Literal["svg", "png"]) -> dict[str, bytes]:
    if not specs or not can_draw():
        return {}
    orders = json.dumps({"form": form, "version": VEGA_LITE, "specs": dict(specs)})
    command = [sys.executable, "-m", "driftwatch.presentation.drawing_child"]
    try:
        # V8 takes 150 MB and dies hard when it dies: neither is the daemon's affair.
        done = subprocess.run(  # noqa: S603  # our own interpreter and module
            command, input=orders.encode(), capture_output=True, check=True, timeout=START_S + CHART_S * len(specs)
        )
        return {name: b64decode(picture) for name, picture in json.loads(done.stdout).items()}
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}  # the page has its own small courses, and says less, not nothing
