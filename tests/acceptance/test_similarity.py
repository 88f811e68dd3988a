"""An embedder in the configuration: meanings are compared by the daemon's own steps, and its hash is part of the facts."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from driftwatch.adapters.scoring.embedding import FILES, find_embedder
from driftwatch.bootstrap import models, scoring, watching
from driftwatch.config.load import load_settings
from driftwatch.config.settings import Settings
from driftwatch.domain.errors import ConfigError
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.our_side import requalifying
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import SmallWorld
from tests.unit.adapters.embedders import own_embedder

CONFIG = """
endpoints:
  - {name: support-bot, model: scripted/one, probes: [golden.yaml], driver: scripted, baseline: {replays: 8}}
embed: {model_path: MODEL, sha256: HASH}
"""
PROBES = """
probes:
  - id: told
    prompt: Who is told?
    scorers:
      - similar: {value: The page is sent to the person on call., threshold: 0.6}
"""
SAID = ["The page goes to the person on call.", "The person on call gets the page."]
REWORDED = "A message is sent out to the person who is on call."
OTHER = "Install the library with pip, then run the tests."


def pinned(folder: Path) -> str:
    """Return the hash that a user would write: it stands in the message about a wrong one."""
    try:
        find_embedder(folder, "0" * 64)
    except ValueError as error:
        return str(error).rpartition(" ")[2]
    raise AssertionError("any hash would do")


def settings_of(folder: Path, *, sha256: str | None = None, embed: bool = True) -> Settings:
    (folder / "golden.yaml").write_text(PROBES)
    text = CONFIG if embed else CONFIG.partition("embed:")[0]
    text = text.replace("MODEL", str(own_embedder())).replace("HASH", sha256 or pinned(own_embedder()))
    (folder / "driftwatch.yaml").write_text(text)
    return load_settings(folder / "driftwatch.yaml", {})


def world(folder: Path, model: ScriptedModel) -> SmallWorld:
    settings = settings_of(folder)
    here = SmallWorld(folder, model, baseline=8)
    endpoint = replace(models.endpoint_of(settings, settings.endpoints[0]), attempts=1)
    here.watched = watching.watch(settings, endpoint, here.clock, model=model)
    return here


def test_every_answer_is_compared_with_what_the_user_wrote_and_with_the_probes_own_first_answers(
    tmp_path: Path,
) -> None:
    here = world(tmp_path, ScriptedModel(lambda _, chance: chance.choice(SAID)))

    async def story() -> None:
        await here.replay(6)
        for line in (REWORDED, OTHER, "zzz qqq", ""):
            here.model.drift(lambda *_, line=line: line)
            await here.replay(1)

    try:
        asyncio.run(story())
    finally:
        scoring.end_scorers()
    slots = [record.slot for record in here.store.slots("support-bot")]
    found = [{score.metric: score.value for score in here.store.scores("support-bot", slot)} for slot in slots]
    assert [isinstance(scores["similarity"], Unscored) for scores in found[:6]] == [True] * 4 + [False] * 2
    assert [scores["similarity"] for scores in found[4:6]] == [1.0, 1.0]
    reworded, other, unknown, empty = found[6:]
    assert 0.7 < reworded["similarity"] < 1 > reworded["similar"] > 0.7
    assert reworded["pass"] == 1.0
    assert max(other["similarity"], other["similar"]) < 0.5
    assert other["pass"] == 0.0
    assert {unknown["similarity"], unknown["similar"]} == {Unscored("the embedder knows no word of the answer")}
    assert (empty["similarity"], empty["similar"]) == (0.0, 0.0)


def test_another_embedder_is_another_probe_and_another_baseline(tmp_path: Path) -> None:
    here = world(tmp_path, ScriptedModel({}))
    other = tmp_path / "other"
    other.mkdir()
    for name in FILES:
        (other / name).write_bytes((own_embedder() / name).read_bytes() + b" " * (name == "config.json"))
    settings = settings_of(tmp_path)
    assert settings.embed is not None
    changed = settings.model_copy(
        update={"embed": settings.embed.model_copy(update={"model_path": str(other), "sha256": pinned(other)})}
    )
    endpoint = models.endpoint_of(changed, changed.endpoints[0])
    watched = watching.watch(changed, endpoint, here.clock, model=ScriptedModel({}))
    assert endpoint.probe_set.probes[0].key != here.watched.endpoint.probe_set.probes[0].key
    assert requalifying(watched.fingerprint, here.watched.fingerprint) == ("scoring",)


def test_without_an_embedder_no_answer_is_compared_and_a_golden_set_that_wants_it_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, embed=False)
    with pytest.raises(ConfigError, match="has the scorer `similar`, and no embedder is configured") as met:
        models.endpoint_of(settings, settings.endpoints[0])
    assert met.value.problems[0].slug == "embed-missing"
    (tmp_path / "golden.yaml").write_text(PROBES.partition("    scorers:")[0])
    endpoint = models.endpoint_of(settings, settings.endpoints[0])
    watched = watching.watch(settings, endpoint, SmallWorld(tmp_path, ScriptedModel({})).clock, model=ScriptedModel({}))
    assert (watched.similarity, "similarity" in watched.metrics) == (None, False)


def test_files_that_were_not_pinned_are_told_with_their_line(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, sha256="f" * 64)
    with pytest.raises(ConfigError, match="have the SHA-256") as met:
        models.endpoint_of(settings, settings.endpoints[0])
    (problem,) = met.value.problems
    assert (problem.slug, problem.line) == ("embed-model", 4)
