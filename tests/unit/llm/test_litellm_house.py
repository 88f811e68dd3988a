"""LiteLLM let in without phoning home: each in a fresh process, for an import happens once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NO_NETWORK = """
import socket, sys
def refuse(*args, **kwargs):
    raise SystemExit(f"network access: {args}")
socket.getaddrinfo = refuse
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse
"""


def run(code: str, **environment: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("LITELLM")} | environment
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_loading_makes_no_network_access_and_reads_no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DRIFTWATCH_TRAP=sprung\n")
    monkeypatch.chdir(tmp_path)
    out = run(
        NO_NETWORK + "import os\nfrom driftwatch.adapters.llm import litellm_house\n"
        "litellm = litellm_house.load()\n"
        "print(os.environ.get('DRIFTWATCH_TRAP'), litellm.telemetry, litellm.callbacks, litellm.success_callback,"
        " litellm.failure_callback, litellm.drop_params, litellm.suppress_debug_info)",
        # Set otherwise by the user, they are overruled.
        LITELLM_LOCAL_MODEL_COST_MAP="False",
        LITELLM_MODE="DEV",
    )
    assert out.split() == ["None", "False", "[]", "[]", "[]", "False", "True"]


def test_a_model_is_made_and_named_without_importing_litellm() -> None:
    out = run(
        "import sys\nfrom driftwatch.adapters.llm.litellm import LiteLLMModel\n"
        "from driftwatch.adapters.clock import SystemClock\n"
        "print(LiteLLMModel(model='openai/m', clock=SystemClock()).identity)\n"
        "assert 'litellm' not in sys.modules, 'imported too early'"
    )
    assert out.startswith("litellm 1.")
    assert " prices " in out


def test_the_warm_up_and_requests_outside_a_question_reach_no_network() -> None:
    run(
        NO_NETWORK + "import asyncio\n"
        "from driftwatch.adapters.llm.litellm import LiteLLMModel\n"
        "from driftwatch.adapters.clock import SystemClock\n"
        "from driftwatch.domain.answer import Question\n"
        "model = LiteLLMModel(model='anthropic/claude-sonnet-4-20250514', clock=SystemClock())\n"
        "question = Question(messages=({'role': 'user', 'content': 'x'},))\n"
        "import os; os.environ['ANTHROPIC_API_KEY'] = 'sk-x'\n"
        "model._warm_up(question)\n"
        "import litellm\n"
        "async def outside():\n"
        "    try:\n"
        "        await litellm.acompletion(model='openai/m', messages=[{'role': 'user', 'content': 'x'}],\n"
        "                                  api_key='k', num_retries=0, max_retries=0)\n"
        "    except litellm.InternalServerError as error:\n"
        "        print(error)\n"
        "    else:\n"
        "        raise SystemExit('answered')\n"
        "asyncio.run(outside())\n"
    )
