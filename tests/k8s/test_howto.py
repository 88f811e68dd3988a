"""The commands of docs/howto/kubernetes.md that need no cluster, run as they stand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.systemd.printed import commands

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto" / "kubernetes.md"
pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not here")


def test_the_secrets_hold_every_file_that_the_pod_mounts(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    env = {
        **os.environ,
        "OPENAI_API_KEY": "key",
        "SLACK_WEBHOOK_URL": "https://example.invalid/hook",
        "KUBECONFIG": "/dev/null",
    }
    for block in [block for blocks in commands(PAGE).values() for block in blocks]:
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=env, check=True, capture_output=True
        )
    secret = yaml.safe_load((tmp_path / "secrets.yaml").read_text())
    rendered = subprocess.run(
        ["kubectl", "kustomize", "k8s/overlays/sqlite"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    [pod] = [one["spec"]["template"]["spec"] for one in yaml.safe_load_all(rendered) if one["kind"] == "StatefulSet"]
    [source] = [
        s["secret"] for v in pod["volumes"] if v["name"] == "config" for s in v["projected"]["sources"] if "secret" in s
    ]
    assert source["name"] == secret["metadata"]["name"]
    assert {item["key"] for item in source["items"]} == set(secret["data"])


def test_every_other_command_is_marked_as_one_that_needs_a_cluster() -> None:
    text = PAGE.read_text()
    assert text.count("```sh\n") == sum(map(len, commands(PAGE).values())) == 2
    assert text.count("```console\n") == 2
