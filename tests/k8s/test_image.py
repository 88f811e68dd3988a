"""The recipe of the image: what it copies is enough to build from, and it runs as the manifests say."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from driftwatch.cli.frame import COMMANDS, main

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def said(instruction: str) -> list[str]:
    return re.findall(rf"^\s*{instruction}\s+(.*)$", RECIPE, flags=re.MULTILINE)


@pytest.mark.slow
def test_what_is_copied_makes_the_same_wheel_as_the_whole_tree(tmp_path: Path) -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for copied in said("COPY"):
        *sources, target = copied.split()
        if sources[0].startswith("--from"):
            continue
        for source in sources:
            assert source in allowed, f".dockerignore leaves {source} out"
            place = tmp_path / "src" / (target if (ROOT / source).is_dir() else source)
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, place)
    held = []
    for tree in (tmp_path / "src", ROOT):
        out = tmp_path / f"wheel-{tree.name}"
        subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(out), str(tree)], check=True)
        [wheel] = out.glob("*.whl")
        held.append({name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" not in name})
    assert held[0] == held[1]


def test_every_command_of_the_image_is_one_of_ours() -> None:
    [health] = [json.loads(one.partition("CMD ")[2]) for one in said("HEALTHCHECK")]
    [entry], [run] = [json.loads(one) for one in said("ENTRYPOINT")], [json.loads(one) for one in said("CMD")]
    for command in (health, entry + run):
        assert command[:3] == ["driftwatch", "--config", "/etc/driftwatch/driftwatch.yaml"]
        assert command[3] in COMMANDS
        assert CliRunner().invoke(main, [*command[1:], "--help"]).exit_code == 0


def test_it_runs_as_the_user_that_the_pod_names() -> None:
    deployment = yaml.safe_load((ROOT / "k8s" / "base" / "deployment.yaml").read_text())
    security = deployment["spec"]["template"]["spec"]["securityContext"]
    assert said("USER") == [f"{security['runAsUser']}:{security['runAsGroup']}"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert said("EXPOSE") == [str(container["ports"][0]["containerPort"])]
    [command] = [json.loads(one) for one in said("CMD")]
    assert container["args"][2:] == command
