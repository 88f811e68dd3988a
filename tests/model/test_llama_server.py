"""The server is a process that can be replaced, says what is wrong, and leaves nothing behind."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp", reason="the wheel with the llama.cpp server (extra `demo`) is not installed")

from driftwatch.demo.llama import BASE, FINETUNED, MODEL_NAME, LlamaServer, LlamaUnavailable, require_llama_that_loads

pytestmark = pytest.mark.model


def ask(server: LlamaServer, prompt: str) -> dict:
    body = {"messages": [{"role": "user", "content": prompt}], "temperature": 0, "max_tokens": 60}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_a_swap_changes_the_weights_and_neither_the_address_nor_the_name() -> None:
    with LlamaServer(model=BASE) as server:
        before, address, pid = ask(server, "As JSON: Felix lives in Oslo."), server.base_url, server.pid
        server.swap(FINETUNED)
        after = ask(server, "As JSON: Felix lives in Oslo.")
        assert (server.base_url, server.pid != pid) == (address, True)
    assert before["choices"] != after["choices"]
    assert before["model"] == after["model"] == MODEL_NAME
    assert before["system_fingerprint"] == after["system_fingerprint"]


def test_a_killed_server_can_be_started_again_on_its_port() -> None:
    server = LlamaServer(model=BASE).start()
    port = server.port
    os.kill(server.pid or 0, signal.SIGKILL)
    server.stop()
    with server:
        assert server.port == port
        assert ask(server, "4 + 3 =")["choices"][0]["message"]["content"] == "7"


def test_stopping_twice_is_stopping_once() -> None:
    server = LlamaServer(model=BASE).start()
    server.stop()
    server.stop()
    assert server.pid is None


def test_a_second_start_is_refused() -> None:
    with LlamaServer(model=BASE) as server, pytest.raises(RuntimeError, match="already running"):
        server.start()


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(LlamaUnavailable, match=r"no model at .*nowhere\.gguf"):
        LlamaServer(model=tmp_path / "nowhere.gguf").start()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, or so it says")
    with pytest.raises(LlamaUnavailable, match=r"did not listen .* with .*broken\.gguf"):
        LlamaServer(model=broken).start()


def test_a_taken_port_is_refused() -> None:
    with LlamaServer(model=BASE) as first, pytest.raises(LlamaUnavailable, match=str(first.port)):
        LlamaServer(model=BASE, port=first.port).start()


def test_a_server_that_stays_silent_is_given_up() -> None:
    with pytest.raises(LlamaUnavailable, match=r"within 0\.001 s"):
        LlamaServer(model=BASE, patience=timedelta(milliseconds=1)).start()


def test_a_missing_wheel_is_named_with_the_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(LlamaUnavailable, match="uv sync --extra demo"):
        LlamaServer(model=BASE).start()


def test_a_wheel_that_does_not_load_here_is_found_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a slim image the demo ended with the import error of its server: the wheel was there, libgomp was not."""
    missing = "libgomp.so.1: cannot open shared object file"
    (tmp_path / "xllamacpp.py").write_text(f"raise ImportError({missing!r})")
    require_llama_that_loads()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(LlamaUnavailable, match=f"{missing}.*apt-get install libgomp1"):
        require_llama_that_loads()


def test_the_server_dies_with_the_process_that_started_it() -> None:
    script = (
        "from driftwatch.demo.llama import LlamaServer; import os, signal\n"
        "print(LlamaServer().start().pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    pid = int(parent.stdout)
    descriptor = None
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(descriptor) as watched:
        import select

        assert select.select([watched], [], [], 10)[0], f"process {pid} is still there"
