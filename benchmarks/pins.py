"""Write the versions of this moment, those of the last seven days left out, to constraints.txt and pyproject.toml.

uv run python -m benchmarks.pins
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = "# Made by `uv run python -m benchmarks.pins`; the same lines stand in pyproject.toml for uv.\n"
LEFT_OUT = ("torch", "nvidia", "triton", "cuda")  # the lab's: they differ by platform


def main() -> None:
    without = re.sub(
        r"\nconstraint-dependencies = \[.*?\n\]\n", "\n", (ROOT / "pyproject.toml").read_text(), flags=re.DOTALL
    )
    (ROOT / "pyproject.toml").write_text(without)
    (ROOT / "uv.lock").unlink(missing_ok=True)
    command = [
        "uv",
        "export",
        "--quiet",
        "--all-extras",
        "--no-hashes",
        "--no-emit-project",
        "--no-annotate",
        "--no-header",
    ]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    pins = [line.strip() for line in lines if line.strip() and not line.startswith(LEFT_OUT)]
    (ROOT / "constraints.txt").write_text(HEAD + "\n".join(pins) + "\n")
    block = "constraint-dependencies = [\n" + "".join(f"  {_quoted(pin)},\n" for pin in pins) + "]\n"
    (ROOT / "pyproject.toml").write_text(
        without.replace('exclude-newer = "7 days"\n', f'exclude-newer = "7 days"\n{block}')
    )


def _quoted(pin: str) -> str:
    return "'" + pin + "'" if '"' in pin else '"' + pin + '"'


if __name__ == "__main__":
    main()
