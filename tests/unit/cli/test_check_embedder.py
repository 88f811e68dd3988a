"""`driftwatch check` tries the embedder, as the scoring processes will."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from driftwatch.adapters.scoring.embedding import FILES
from tests.unit.adapters.embedders import own_embedder

CONFIG = """\
endpoints: [{name: bot, model: tiny/one, base_url: "http://127.0.0.1:9/v1", params: {temperature: 0}, probes: [golden.yaml]}]
embed: {model_path: model, sha256: HASH}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "golden.yaml").write_text('probes: [{id: a, prompt: "Hi?", scorers: [{similar: "Hello."}]}]')
    return Path(shutil.copytree(own_embedder(), tmp_path / "model"))


def settle(model: Path, hashed: str | None = None) -> None:
    pinned = hashed or sha256(b"".join((model / name).read_bytes() for name in FILES)).hexdigest()
    (model.parent / "config" / "driftwatch.yaml").write_text(CONFIG.replace("HASH", pinned))


def test_an_embedder_that_works_is_said_to(driftwatch, model: Path) -> None:
    settle(model)
    result = driftwatch("check")
    assert result.exit_code == 0, result.output
    assert f"embed: {model}, 48 numbers a text" in result.stdout


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_files_that_are_pinned_and_no_model_are_found_before_a_replay(driftwatch, model: Path, name: str) -> None:
    """The check was content with the hash; every answer of every replay was unscored then."""
    (model / name).write_text("{}")
    settle(model)
    result = driftwatch("check")
    assert result.exit_code == 2
    assert f"{model} cannot be loaded" in result.stdout
    assert "driftwatch explain embed-model" in result.stdout


@pytest.mark.parametrize("scorers", ["[{similar: Hello.}]", "[]"])
def test_exchanged_files_are_told_once_with_their_hash(driftwatch, model: Path, scorers: str) -> None:
    (model.parent / "golden.yaml").write_text(f'probes: [{{id: a, prompt: "Hi?", scorers: {scorers}}}]')
    settle(model, "ab" * 32)
    result = driftwatch("check")
    assert result.exit_code == 2
    assert result.stdout.count("have the SHA-256") == 1


def test_a_folder_that_is_not_there_is_named_with_what_is_needed(driftwatch, model: Path) -> None:
    settle(model)
    shutil.rmtree(model)
    assert "has no config.json; name the folder of a model2vec model" in driftwatch("check").stdout
