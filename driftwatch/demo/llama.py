"""A genuine llama.cpp server on loopback with the demo's tiny model, as a process that can be replaced.

By hand: `python -m driftwatch.demo.llama --port 8080`, then ask as you would ask any OpenAI-compatible API.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from driftwatch.domain.errors import DriftwatchError
from driftwatch.scorers.extras import adding

MODELS: Final = Path(__file__).parent / "models"
GOLDEN_SET: Final = Path(__file__).parent / "golden.yaml"

BASE: Final = MODELS / "base.gguf"
FINETUNED: Final = MODELS / "finetuned.gguf"
QUANTISED: Final = MODELS / "q4_0.gguf"

#: What the server answers to "which model are you", whatever weights it was given.
MODEL_NAME: Final = "support-bot"
TOKENS_PER_SLOT: Final = 512
# Each open connection keeps a thread of the server to itself, for 5 s after its last answer: with fewer threads
# than connections a replay of half a second takes six.
CONNECTIONS: Final = 64

_READY: Final = b"ready "


class LlamaUnavailable(DriftwatchError):  # noqa: N818  # the state of a machine, not a mistake
    """The llama.cpp server cannot be started here; the message says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, slug="llama-unavailable")


@dataclass(kw_only=True)
class LlamaServer:
    """The llama.cpp server of the xllamacpp wheel in a process of its own, on 127.0.0.1.

    It answers `/v1/chat/completions` and always calls itself `MODEL_NAME`, so stopping one and
    starting another with other weights on the same port is a silent swap. Processor only; it
    dies with the process that started it.

    Parameters
    ----------
    model : Path
        Weights as GGUF: `BASE`, `FINETUNED` or `QUANTISED`, or any other model of llama.cpp.
    port : int
        Port to listen on; 0 lets the system choose, and `port` then tells which.
    slots : int
        Requests answered at once.
    context : int
        Tokens of a request and its answer together; no more than the model was trained on.
    threads : int
        Threads that compute.
    patience : timedelta
        How long a start or a stop may take.

    Raises
    ------
    LlamaUnavailable
        On start, if the wheel is missing, or if the server ended or stayed silent instead of
        listening; its last lines are in the message.

    Notes
    -----
    Answers at temperature 0 are the same every time. For log-probabilities, and for how they
    move when nothing changed, see benchmarks/lab/README.md.

    Examples
    --------
    >>> with LlamaServer(model=BASE) as server:                           # doctest: +SKIP
    ...     print(server.base_url)
    http://127.0.0.1:40213/v1
    """

    model: Path = BASE
    port: int = 0
    slots: int = 4
    context: int = TOKENS_PER_SLOT
    threads: int = 1
    # A busy machine took more than 20 s to import the server; one that has ended is told at once.
    patience: timedelta = timedelta(seconds=60)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid(self) -> int | None:
        """The server's process, or None while it is not running."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Start the server and return when it listens with its weights loaded."""
        require_llama()
        if self._process is not None:
            raise RuntimeError(f"llama: the server on port {self.port} is already running; stop it first")
        with tempfile.TemporaryFile() as diary:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=diary
            )
            try:
                self.port = self._await_port(self._process, diary)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """End the server; nothing happens if it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(self.patience.total_seconds())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def swap(self, model: Path) -> None:
        """Put other weights behind the same address."""
        self.stop()
        self.model = model
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        options = {"model": self.model, "port": self.port, "slots": self.slots, "context": self.context}
        options["threads"] = self.threads
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        return [sys.executable, "-m", "driftwatch.demo.llama", *words, "--until-stdin-closes"]

    def _await_port(self, process: subprocess.Popen[bytes], diary: IO[bytes]) -> int:
        said = _first_line(process.stdout, self.patience) if process.stdout else b""
        if said.startswith(_READY):
            return int(said.removeprefix(_READY))
        diary.seek(0)
        last_words = diary.read().decode(errors="replace").strip().splitlines()[-5:]
        raise LlamaUnavailable(
            f"llama: the server did not listen on 127.0.0.1:{self.port} within "
            f"{self.patience.total_seconds():g} s with {self.model}. It said: " + (" | ".join(last_words) or "nothing")
        )


def require_llama() -> None:
    """Raise `LlamaUnavailable`, with the way on, if the wheel is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise LlamaUnavailable(
            "llama: xllamacpp, the wheel with the llama.cpp server, is not installed. "
            f"{adding('demo')} Where there is no wheel of xllamacpp, the scripted endpoint needs none."
        )


def require_llama_that_loads() -> None:
    """Raise `LlamaUnavailable`, with the way on, if the wheel is not installed or lacks something of this machine."""
    require_llama()
    # In another process: a library that was loaded stays, and what is wrong with one may end the process.
    tried = subprocess.run([sys.executable, "-c", "import xllamacpp"], capture_output=True, check=False)
    if tried.returncode != 0:
        said = tried.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {tried.returncode}"]
        raise LlamaUnavailable(
            f"llama: xllamacpp, the wheel with the llama.cpp server, is installed but does not load here: {said[0]}. "
            "Where `libgomp.so.1` is missing, as in slim images, install it: apt-get install libgomp1."
        )


def serve(*, model: Path, port: int, slots: int, context: int, threads: int) -> Any:
    """Start the server inside this process and return it; it ends when it is let go."""
    require_llama()
    if not model.is_file():
        raise LlamaUnavailable(f"llama: no model at {model}; benchmarks/lab/README.md tells how it is made")
    import xllamacpp

    wanted = parameters(xllamacpp, model=model, port=port, slots=slots, context=context, threads=threads)
    return xllamacpp.Server(wanted)


def parameters(
    llama: Any, *, model: Path, port: int = 0, slots: int = 4, context: int = TOKENS_PER_SLOT, threads: int = 1
) -> Any:
    """Return the settings of our server, `llama` being the module xllamacpp."""
    p = llama.CommonParams()
    p.model.path = str(model)
    p.model_alias = {MODEL_NAME}
    p.hostnames, p.port = ["127.0.0.1"], port
    p.n_parallel, p.n_ctx = slots, slots * context
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
    p.n_threads_http = CONNECTIONS
    p.n_gpu_layers, p.fit_params, p.ui = 0, False, False
    p.verbosity = 1  # errors only
    # A cached prompt, flash attention and a 16-bit cache each move the log-probabilities of an unchanged
    # model from request to request: 1e-5 nat instead of 1e-7 (benchmarks/lab/README.md).
    p.cache_prompt, p.cache_ram_mib = False, 0
    p.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    p.cache_type_k = p.cache_type_v = llama.ggml_type.GGML_TYPE_F32
    # llama.cpp cuts the unlikely words off before it applies the temperature; APIs that are paid for do not.
    p.sampling.top_k, p.sampling.top_p, p.sampling.min_p = 0, 1.0, 0.0
    return p


def _first_line(stream: IO[bytes], patience: timedelta) -> bytes:
    """Return what the stream says first, or nothing once patience has run out or it was closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return stream.readline() if selector.select(patience.total_seconds()) else b""


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m driftwatch.demo.llama", description=__doc__)
    parser.add_argument("--model", type=Path, default=BASE)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--context", type=int, default=TOKENS_PER_SLOT, help="Tokens for each request.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    chosen = parser.parse_args(argv)
    with os.fdopen(os.dup(1), "wb", buffering=0) as spoken:
        os.dup2(2, 1)  # llama.cpp logs to both; only the line below may go to our standard output
        try:
            server = serve(
                model=chosen.model,
                port=chosen.port,
                slots=chosen.slots,
                context=chosen.context,
                threads=chosen.threads,
            )
        except (LlamaUnavailable, RuntimeError) as error:
            parser.exit(1, f"{error}\n")
        spoken.write(_READY + server.listening_address.rsplit(":", 1)[1].encode() + b"\n")
    _wait(until_stdin_closes=chosen.until_stdin_closes)
    # Letting the server go waits for its threads, and one of three times on a busy machine for ever,
    # in accept(); there is nothing to save.
    os._exit(0)


def _wait(*, until_stdin_closes: bool) -> None:
    try:
        if until_stdin_closes:
            sys.stdin.buffer.read()
        else:
            signal.pause()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main(sys.argv[1:])
