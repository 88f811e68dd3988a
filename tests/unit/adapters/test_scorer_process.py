"""Scorers in a process of their own: real ones that never return, crash, print, and are edited."""

import os
import select
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from driftwatch.adapters.probes import load_probe_set
from driftwatch.adapters.scoring import ScorerPool, ScorerProcess
from driftwatch.adapters.scoring.process import STOPPING
from driftwatch.domain.probe import ScorerSpec
from driftwatch.scorers import Callee, score
from driftwatch.scorers.verdict import Unscored
from tests.unit.scorers.replies import Reply, call

CHECKS = """
import os, sys

def polite(text, context):
    return "please" in text

def endless(text, context):
    while "stop" not in text:
        pass
    return True

def catastrophic(text, context):
    import re
    return re.match("(a|aa)+$", text) is not None

def crash(text, context):
    os._exit(3)

def talkative(text, context):
    print("noise" * 1000)
    os.write(1, b"more noise")
    return len(context["tool_calls"]) == 1

def leaves_a_child(text, context):
    import subprocess
    subprocess.Popen(["sh", "-c", "echo started; sleep 300"], stdout=open(text, "w"))
    while True:
        pass

def wrong(text, context):
    return "yes"

def process(text, context):
    return 1 / os.getpid()

def same_process(text, context):
    return os.getpid() == int(text)
"""


@pytest.fixture
def process():
    with ScorerProcess() as running:
        yield running


@pytest.fixture
def own_in(tmp_path):
    """What makes the scorer of one function of a file, loaded as the daemon loads it."""
    (tmp_path / "checks.py").write_text(CHECKS)

    def made_in(process):
        def scorer(name, **options):
            argument = {"value": f"checks.py:{name}", **options}
            (tmp_path / "a.yaml").write_text(
                f"probes: [{{id: a, prompt: a, scorers: [{{python: {argument}}}]}}]\n".replace("'", '"')
            )
            return process.bounded(load_probe_set([tmp_path / "a.yaml"]).probes[0].scorers[0])

        return scorer

    return made_in


@pytest.fixture
def own(own_in, process):
    return own_in(process)


def test_a_function_answers_as_it_would_here(own):
    polite = own("polite")
    assert [score(polite, Reply(text)) for text in ("yes please", "no")] == [1.0, 0.0]


def test_it_runs_in_another_process(own):
    assert score(own("same_process"), Reply(str(os.getpid()))) == 0.0


@pytest.mark.parametrize(("name", "text"), [("endless", "go"), ("catastrophic", "a" * 80 + "b")])
def test_one_that_never_returns_is_a_timeout_and_the_next_answer_is_scored(own, name, text):
    scorer = own(name, timeout="500ms")
    assert score(scorer, Reply(text)) == Unscored("timeout: the scorer took longer than 0.5 s on this answer")
    assert score(own("polite"), Reply("please")) == 1.0


def test_what_a_scorer_started_ends_with_it(own, tmp_path):
    """Only the process itself was killed: what it had started lived on, one more with every answer that was late."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as heard:
        value = score(own("leaves_a_child", timeout="3s"), Reply(str(pipe)))
        assert value == Unscored("timeout: the scorer took longer than 3 s on this answer")
        said = []
        while select.select([heard], [], [], 30)[0] and (words := heard.read(99)):
            said.append(words)
        # The end of the pipe is there once nobody is left who could write to it.
        assert (b"".join(said), words) == (b"started\n", b"")


def test_one_that_ends_the_process_costs_its_own_score_only(own):
    value = score(own("crash"), Reply("x"))
    assert isinstance(value, Unscored)
    assert value.reason.startswith("the scorer's process ended")
    assert score(own("polite"), Reply("please")) == 1.0


def test_what_it_prints_is_not_taken_for_an_answer(own, capfd):
    assert score(own("talkative"), Reply("x", tool_calls=(call("a"),))) == 1.0
    assert capfd.readouterr().out == ""


def test_nonsense_from_it_stays_unscored(own):
    value = score(own("wrong"), Reply("x"))
    assert isinstance(value, Unscored)
    assert "a score is a number from 0 to 1" in value.reason


def test_an_answer_of_a_megabyte_and_half_a_surrogate_pair_pass_through(own):
    text = "\ud800" + "é" * 999_990 + "please"
    assert score(own("polite"), Reply(text)) == 1.0


def test_a_file_that_was_edited_is_not_scored_under_the_old_hash(own, tmp_path):
    polite = own("polite")
    (tmp_path / "checks.py").write_text(CHECKS.replace('"please"', '"thanks"'))
    value = score(polite, Reply("please"))
    assert isinstance(value, Unscored)
    assert "edited while driftwatch runs" in value.reason


def test_a_parser_without_a_bound_of_its_own_is_killed(process):
    """html5lib takes the square of the depth: 10,000 open elements took 13 s here."""
    scorer = process.bounded(ScorerSpec(name="is-html", metric="is-html"))
    value = score(scorer, Reply("<div>" * 40_000 + ">"))
    assert value == Unscored("timeout: the scorer took longer than 2 s on this answer")
    assert score(scorer, Reply("<p>a</p>")) == 1.0


def test_extraction_and_negation_go_along(process):
    spec = ScorerSpec(name="is-sql", argument="SQLite", metric="a", negate=True, extract="flexible")
    assert score(process.bounded(spec), Reply("```sql\nSELECT 1\n```")) == 0.0


def test_a_function_that_only_this_process_has_is_not_sent_away(process):
    spec = ScorerSpec(name="python", argument=Callee("here:f", lambda text, context: True), metric="python")
    assert process.bounded(spec) is None


def test_closing_ends_a_scorer_that_never_returns_and_nothing_is_scored_any_more(own, process, tmp_path):
    """It waited for its turn: up to ten minutes for every answer that was left."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    values = []
    asks = Thread(target=lambda: values.append(score(own("leaves_a_child", timeout="10m"), Reply(str(pipe)))))
    asks.start()
    assert select.select([heard], [], [], 60)[0]
    process.close()
    process.close()
    asks.join(60)
    os.close(heard)
    assert values == [STOPPING]
    assert score(own("polite"), Reply("please")) == STOPPING


def test_a_scorer_that_is_late_keeps_no_other_waiting(own_in, tmp_path):
    with ScorerPool() as pool:
        own = own_in(pool)
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        heard = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        values = []
        asks = Thread(target=lambda: values.append(score(own("leaves_a_child", timeout="10m"), Reply(str(pipe)))))
        asks.start()
        assert select.select([heard], [], [], 60)[0]
        assert score(own("polite"), Reply("please")) == 1.0
        assert values == []
        pool.close()
        asks.join(60)
        os.close(heard)
    assert values == [STOPPING]


def test_one_after_the_other_they_are_scored_by_the_same_process(own_in):
    with ScorerPool() as pool:
        own = own_in(pool)
        pids = {score(own("process"), Reply("x")) for _ in range(3)}
        assert len(pids) == 1


def test_no_more_are_scored_at_once_than_there_are_processes(own_in):
    with ScorerPool(2) as pool:
        scorer = own_in(pool)("process")
        with ThreadPoolExecutor(8) as threads:
            pids = set(threads.map(lambda _: score(scorer, Reply("x")), range(40)))
        assert 1 <= len(pids) <= 2


def test_a_pool_sends_away_no_function_that_only_this_process_has():
    spec = ScorerSpec(name="python", argument=Callee("here:f", lambda text, context: True), metric="python")
    with ScorerPool() as pool:
        assert pool.bounded(spec) is None
