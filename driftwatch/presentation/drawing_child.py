"""The process that draws: specifications on stdin, pictures on stdout; it loads nothing from anywhere."""

import json
import sys
from base64 import b64encode

SCALE = 2.0
"""Pixels of a PNG for each of the chart's."""


def main() -> None:
    """Draw what stdin orders; a chart that fails is left out."""
    import vl_convert

    orders = json.load(sys.stdin)
    given = {"vl_version": orders["version"], "allowed_base_urls": []}
    pictures = {}
    for name, spec in orders["specs"].items():
        try:
            if orders["form"] == "png":
                picture = vl_convert.vegalite_to_png(spec, scale=SCALE, **given)
            else:
                picture = vl_convert.vegalite_to_svg(spec, **given).encode()
        except ValueError as error:
            print(f"{name}: {error}", file=sys.stderr)  # noqa: T201  # our parent's to read
            continue
        pictures[name] = b64encode(picture).decode()
    json.dump(pictures, sys.stdout)


if __name__ == "__main__":
    main()
