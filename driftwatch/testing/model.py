"""A model that answers by script: the same questions get the same answers, until you let it drift."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random

from driftwatch.domain.answer import Question, Reply, TokenLogprob, Usage
from driftwatch.domain.errors import EndpointError
from driftwatch.services.ports import Clock, LanguageModel

Line = str | bytes | Reply | EndpointError
"""What a script says: a text, broken bytes, a whole reply, or an error to raise."""

Script = Callable[[Question, Random], Line] | Mapping[str, str | Mapping[str, float]]
"""A function, or a table: prompt -> text, or prompt -> {text: probability}. Other prompts are answered "ok"."""


class ScriptedModel(LanguageModel):
    """Answers by script, with chance that depends only on seed, prompt and how often it was asked.

    Parameters
    ----------
    script : Script
        What it says until it drifts.
    clock : Clock, optional
        Needed only to drift at a moment.
    seed : int
        Another seed is another sample of the same model.

    Examples
    --------
    >>> import asyncio
    >>> model = ScriptedModel({"2+2?": {"4": 0.9, "5": 0.1}})
    >>> question = Question(messages=[{"role": "user", "content": "2+2?"}])
    >>> async def ask(times: int) -> list[str]:
    ...     return [(await model.ask(question)).output.decode() for _ in range(times)]
    >>> asyncio.run(ask(200)).count("4") > 160
    True
    >>> model.drift({"2+2?": "22"})
    >>> asyncio.run(ask(2))
    ['22', '22']
    """

    def __init__(self, script: Script | None = None, *, clock: Clock | None = None, seed: int = 0) -> None:
        self.identity = "scripted 1"
        self.asked: list[Question] = []
        """Every question so far, in order of arrival."""
        self._script: Script = {} if script is None else script
        self._clock = clock
        self._seed = seed
        self._times: Counter[str] = Counter()
        self._next: Script | None = None
        self._at: datetime | None = None

    def drift(self, script: Script, *, at: datetime | None = None) -> None:
        """Answer by another script, now or from a moment of the clock on; nothing else tells of it."""
        if at is None:
            self._script, self._next, self._at = script, None, None
        elif self._clock is None:
            raise ValueError("to drift at a moment the scripted model needs a clock")
        else:
            self._next, self._at = script, at

    async def ask(self, question: Question) -> Reply:
        """Answer, or raise the error that the script holds."""
        self.asked.append(question)
        prompt = _prompt(question)
        # Not the order of arrival: concurrency must not change the answers.
        chance = Random(f"{self._seed}/{prompt}/{self._times[prompt]}")  # noqa: S311
        self._times[prompt] += 1
        line = _line(self._current(), prompt, question, chance)
        if isinstance(line, EndpointError):
            raise line
        return line if isinstance(line, Reply) else _reply(line, question, chance)

    def _current(self) -> Script:
        if (
            self._next is not None
            and self._at is not None
            and self._clock is not None
            and self._clock.now() >= self._at
        ):
            self.drift(self._next)
        return self._script


def _prompt(question: Question) -> str:
    return str(question.messages[-1].get("content", "")) if question.messages else ""


def _line(script: Script, prompt: str, question: Question, chance: Random) -> Line:
    if not isinstance(script, Mapping):
        return script(question, chance)
    said = script.get(prompt, "ok")
    if isinstance(said, str):
        return said
    return chance.choices(list(said), weights=list(said.values()))[0]


def _reply(line: str | bytes, question: Question, chance: Random) -> Reply:
    output = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
    tokens = output.decode("utf-8", "replace").split(" ")
    latency_ms = 200.0 * math.exp(chance.gauss(0.0, 0.1))
    return Reply(
        output=output,
        finish_reason="stop",
        model="scripted-2026-07-20",
        system_fingerprint="fp_scripted",
        usage=Usage(input_tokens=len(_prompt(question)) // 4 + 1, output_tokens=len(tokens)),
        latency_ms=latency_ms,
        ttft_ms=latency_ms * 0.3,
        logprobs=tuple(_logprob(token, chance) for token in tokens) if question.top_logprobs else (),
    )


def _logprob(token: str, chance: Random) -> TokenLogprob:
    value = -chance.expovariate(4.0)
    return TokenLogprob(token=token, logprob=value, top={token: value})
