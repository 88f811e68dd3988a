"""CPU seconds of scoring one replay: `uv run python -m benchmarks.scoring`.

200 answers of about 600 characters with 4 deterministic scorers each, as the daemon scores them (what is measured without
asking and `pass` included), beside the scorers alone; then each family that costs more, and what runs in the process
that is killed. The smallest of 15 runs, imports and compilation paid before.
"""

import sys
import time
from datetime import UTC, datetime
from random import Random

from driftwatch.bootstrap.scoring import scorer_pool
from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.errors import Outcome
from driftwatch.domain.probe import ScorerSpec
from driftwatch.scorers import build, score
from driftwatch.services.score import NamedScorer, score_replay

ANSWERS = 200
RUNS = 15
LIMIT_S = 0.1
WORDS = [
    "the",
    "parcel",
    "arrives",
    "within",
    "days",
    "of",
    "order",
    "and",
    "refund",
    "shop",
    "lamp",
    "customer",
    "please",
    "number",
    "14",
    "37.5",
    "Oslo",
]
FOUR = {
    "contains": "14 days",
    "regex": r"\b[A-Z]{2}-\d{4}\b",
    "numeric": {"value": 37.5, "tolerance": 0.1},
    "contains-json": {"schema": {"type": "object", "required": ["order"]}},
}
OTHERS = {
    "levenshtein": "the parcel arrives within 14 days",
    "f1": "the parcel arrives within 14 days",
    "rouge-n": "the parcel arrives within 14 days",
    "bleu": "the parcel arrives within 14 days",
    "gleu": "the parcel arrives within 14 days",
    "meteor": "the parcel arrives within 14 days",
    "json-diff": {"value": {"order": 1}},
    "contains-xml": None,
    "choice": {"value": "refund", "options": ["refund", "order"]},
}
BESIDE = ("contains-sql", "is-html")


def answers(seed=7):
    chance = Random(seed)
    for number in range(ANSWERS):
        text = " ".join(chance.choices(WORDS, k=95)) + f'\n```json\n{{"order": {number}, "city": "Oslo"}}\n``` AB-1234'
        reply = Reply(output=text.encode(), finish_reason="stop", latency_ms=420.0)
        yield Answer(probe_key=f"p{number}@1", at=datetime(2026, 7, 20, tzinfo=UTC), outcome=Outcome.OK, reply=reply)


def least_s(work, clock=time.process_time):
    taken = []
    for _ in range(RUNS):
        begun = clock()
        work()
        taken.append(clock() - begun)
    return min(taken)


def main():
    asked = list(answers())
    named = tuple(NamedScorer(metric=name, scorer=build(name, argument)) for name, argument in FOUR.items())
    replay = least_s(lambda: score_replay(asked, {answer.probe_key: named for answer in asked}, {}))
    alone = least_s(lambda: [score(each.scorer, answer) for answer in asked for each in named])
    print(
        f"{ANSWERS} answers x 4 scorers, as the daemon does it  {1000 * replay:7.1f} ms  (limit {1000 * LIMIT_S:.0f})"
    )
    print(f"{ANSWERS} answers x 4 scorers, the scorers alone      {1000 * alone:7.1f} ms")
    for name, argument in OTHERS.items():
        scorer = build(name, argument)
        took = least_s(lambda scorer=scorer: [score(scorer, answer) for answer in asked])
        print(f"{ANSWERS} answers x {name:<14}                   {1000 * took:7.1f} ms")
    for name in BESIDE:
        scorer = scorer_pool().bounded(ScorerSpec(name=name, metric=name))
        score(scorer, asked[0])
        took = least_s(lambda scorer=scorer: [score(scorer, answer) for answer in asked], time.perf_counter)
        print(f"{ANSWERS} answers x {name:<14} in its process    {1000 * took:7.1f} ms  (wall)")
    if replay > LIMIT_S:
        sys.exit(f"scoring took {replay:.3f} s; the limit is {LIMIT_S} s")


if __name__ == "__main__":
    main()
