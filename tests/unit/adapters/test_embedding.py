"""A real embedder, from a folder, in the process that scores: pinned by its hash, never fetched."""

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from driftwatch.adapters.scoring import ScorerPool
from driftwatch.adapters.scoring.embedding import FILES, EmbedderError, find_embedder, load_embedder, with_embedder
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.scorers import score
from driftwatch.scorers.verdict import Unscored
from tests.unit.adapters.embedders import own_embedder
from tests.unit.scorers.replies import Reply

CALLED = "The page is sent to the person on call."
LIKE = "A message goes out to whoever is on call."
UNLIKE = "Install the library with pip."


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(own_embedder(), tmp_path / "model")


def pinned(folder):
    command = f"cat {' '.join(FILES)} | sha256sum"
    return subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[0]


def probes(*scorers):
    message = Message(role="user", content="Who is told?")
    return ProbeSet(name="s", probes=(Probe(id="a", messages=(message,), scorers=scorers),))


def test_meanings_are_compared_in_the_process_that_scores(folder):
    embedder = find_embedder(folder, pinned(folder))
    spec = ScorerSpec(name="similar", argument=CALLED, metric="similar")
    told = with_embedder(probes(spec), embedder).probes[0].scorers[0]
    with ScorerPool() as pool:
        same, like, unlike = (score(pool.bounded(told), Reply(text)) for text in (CALLED, LIKE, UNLIKE))
        opposite = score(pool.bounded(replace(told, negate=True)), Reply(LIKE))
    assert same == 1.0
    assert like > 0.6 > 0.4 > unlike
    assert opposite == pytest.approx(1 - like)


def test_it_embeds_what_it_is_given_wherever_it_is_loaded(folder):
    loaded = load_embedder(f"model2vec#{pinned(folder)}", str(folder))
    assert loaded.embed([CALLED, LIKE]).shape == (2, 48)


def test_the_hash_is_part_of_the_probe_and_the_folder_is_not(folder, tmp_path):
    elsewhere = shutil.copytree(folder, tmp_path / "other")
    spec = ScorerSpec(name="similar:dot", argument={"value": CALLED, "threshold": 0.8}, metric="near")
    here, there = (with_embedder(probes(spec), find_embedder(f, pinned(f))).probes[0] for f in (folder, elsewhere))
    (elsewhere / "config.json").write_text((elsewhere / "config.json").read_text() + " ")
    other = with_embedder(probes(spec), find_embedder(elsewhere, pinned(elsewhere))).probes[0]
    assert here.key == there.key != other.key
    untouched = ScorerSpec(name="contains", argument="a", metric="contains")
    assert with_embedder(probes(untouched), find_embedder(folder, pinned(folder))) == probes(untouched)


def test_other_files_than_the_pinned_ones_are_refused(folder):
    with pytest.raises(EmbedderError, match=r"have the SHA-256 [0-9a-f]{64}") as met:
        find_embedder(folder, "0" * 64)
    assert pinned(folder) in str(met.value)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EmbedderError, match=r"has no tokenizer\.json"):
        find_embedder(folder, "0" * 64)


def test_files_that_are_exchanged_while_we_run_score_nothing_under_the_old_hash(folder):
    embedder = find_embedder(folder, pinned(folder))
    told = with_embedder(probes(ScorerSpec(name="similar", argument=CALLED, metric="s")), embedder).probes[0].scorers[0]
    (folder / "config.json").write_text("{}")
    with ScorerPool() as pool:
        value = score(pool.bounded(told), Reply(LIKE))
    assert isinstance(value, Unscored)
    assert "the scorer cannot be built: the files in" in value.reason


def test_a_model_that_is_none_is_told_and_not_a_crash(folder):
    (folder / "model.safetensors").write_bytes(b"no tensors")
    told = with_embedder(
        probes(ScorerSpec(name="similar", argument=CALLED, metric="s")), find_embedder(folder, pinned(folder))
    )
    with ScorerPool() as pool:
        value = score(pool.bounded(told.probes[0].scorers[0]), Reply(LIKE))
    assert isinstance(value, Unscored)
    assert "cannot be loaded" in value.reason


def test_our_own_process_never_loads_the_library(folder):
    """It would cost the daemon the model's memory, and the start of every command half a second."""
    code = (
        "import sys; from pathlib import Path; import driftwatch.bootstrap.watching;"
        "from driftwatch.adapters.scoring.embedding import find_embedder;"
        f"find_embedder(Path({str(folder)!r}), {pinned(folder)!r}); print('model2vec' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "False\n"
