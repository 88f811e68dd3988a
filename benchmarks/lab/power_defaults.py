"""The lab's server with llama.cpp's own defaults: prompt cache, flash attention, 16-bit keys and values.

An unchanged model is noisier there than as shipped: python -m benchmarks.lab.power_defaults --port 8080
"""

from __future__ import annotations

import sys
from typing import Any, Final

from benchmarks.lab.noise import as_llama_cpp
from driftwatch.demo import llama

_shipped: Final = llama.parameters


class DefaultsServer(llama.LlamaServer):
    """`LlamaServer`, as llama.cpp comes."""

    def _command(self) -> list[str]:
        command = super()._command()
        return [__spec__.name if word == llama.__name__ else word for word in command]


def parameters(*args: Any, **chosen: Any) -> Any:
    p = _shipped(*args, **chosen)
    as_llama_cpp(p)
    return p


if __name__ == "__main__":
    llama.parameters = parameters
    llama.main(sys.argv[1:])
