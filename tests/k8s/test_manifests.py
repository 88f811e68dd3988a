"""The overlays as kubectl renders them: what holds between their parts, which no schema knows."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftwatch.config.load import load_settings
from driftwatch.daemon.life import FLUSH_S, GRACE_S

ROOT = Path(__file__).parents[2]
OVERLAYS = ("sqlite", "postgres")
pytestmark = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl, which renders the overlays, is not here"
)


@cache
def rendered(overlay: str) -> dict[str, dict[str, Any]]:
    told = subprocess.run(
        ["kubectl", "kustomize", str(ROOT / "k8s" / "overlays" / overlay)], capture_output=True, text=True, check=True
    )
    assert not told.stderr, told.stderr
    return {
        one["kind"] + "/" + re.sub("-[a-z0-9]{10}$", "", one["metadata"]["name"]): one
        for one in yaml.safe_load_all(told.stdout)
    }


def workload(overlay: str) -> dict[str, Any]:
    return next(
        one for name, one in rendered(overlay).items() if name in ("StatefulSet/driftwatch", "Deployment/driftwatch")
    )


def pod(overlay: str) -> dict[str, Any]:
    return workload(overlay)["spec"]["template"]["spec"]


def container(overlay: str) -> dict[str, Any]:
    [only] = pod(overlay)["containers"]
    return only


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_configuration_loads_from_the_tree_that_the_pod_sees(overlay: str, tmp_path: Path) -> None:
    [volume] = [one for one in pod(overlay)["volumes"] if one["name"] == "config"]
    maps = {one["metadata"]["name"]: one["data"] for one in rendered(overlay).values() if one["kind"] == "ConfigMap"}
    for source in volume["projected"]["sources"]:
        if "secret" in source:
            held = dict.fromkeys(
                (item["key"] for item in source["secret"]["items"]), "https://example.invalid/secret-of-24-letters"
            )
            if "store" in held:
                held["store"] = "postgresql://driftwatch:secret@db.example.invalid/driftwatch"
        else:
            held = maps[source["configMap"]["name"]]
        items = (source.get("configMap") or source["secret"]).get("items") or [
            {"key": key, "path": key} for key in held
        ]
        for item in items:
            path = tmp_path / item["path"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(held[item["key"]])
    settings = load_settings(tmp_path / "driftwatch.yaml", {})
    assert settings.store_url.startswith("sqlite:////var/lib/driftwatch/" if overlay == "sqlite" else "postgresql://")
    host, port = settings.http.address or ("", 0)
    assert (host, port) == ("0.0.0.0", container(overlay)["ports"][0]["containerPort"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_liveness_asks_for_the_loop_alone_and_readiness_for_more(overlay: str) -> None:
    only = container(overlay)
    paths = {probe: only[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert {only[probe]["httpGet"]["port"] for probe in paths} == {only["ports"][0]["name"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted_and_write_to_volumes_alone(overlay: str) -> None:
    mounts = {one["mountPath"]: one.get("readOnly", False) for one in container(overlay)["volumeMounts"]}
    assert mounts == {"/etc/driftwatch": True, "/var/lib/driftwatch": False, "/tmp": False}
    security = container(overlay)["securityContext"]
    assert security["readOnlyRootFilesystem"] is security["runAsNonRoot"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert (
        rendered(overlay)["Namespace/driftwatch"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "restricted"
    )
    assert "env" not in container(overlay), "secrets come as files"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_find_the_pods(overlay: str) -> None:
    labels = workload(overlay)["spec"]["template"]["metadata"]["labels"].items()
    kinds = rendered(overlay)
    selectors = [
        workload(overlay)["spec"]["selector"]["matchLabels"],
        kinds["Service/driftwatch"]["spec"]["selector"],
        kinds["NetworkPolicy/driftwatch"]["spec"]["podSelector"]["matchLabels"],
    ]
    if overlay == "postgres":
        selectors.append(kinds["PodDisruptionBudget/driftwatch"]["spec"]["selector"]["matchLabels"])
        selectors += [one["labelSelector"]["matchLabels"] for one in pod(overlay)["topologySpreadConstraints"]]
    assert all(selector and selector.items() <= labels for selector in selectors)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_policy_lets_names_be_asked_for(overlay: str) -> None:
    """kustomize's includeSelectors once added our own label to the selector of the cluster's DNS, which has none of it."""
    egress = rendered(overlay)["NetworkPolicy/driftwatch"]["spec"]["egress"]
    [names] = [rule for rule in egress if {port["port"] for port in rule["ports"]} == {53}]
    assert names["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_stop_has_the_time_that_the_daemon_may_take(overlay: str) -> None:
    assert pod(overlay)["terminationGracePeriodSeconds"] > GRACE_S + FLUSH_S


def test_sqlite_has_one_writer_with_a_disk_of_its_own() -> None:
    spec = workload("sqlite")["spec"]
    assert workload("sqlite")["kind"] == "StatefulSet"
    assert spec["replicas"] == 1
    assert [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]] == ["state"]
    assert "state" not in [volume["name"] for volume in pod("sqlite")["volumes"]]
    assert spec["serviceName"] == rendered("sqlite")["Service/driftwatch"]["metadata"]["name"]


def test_postgres_has_a_standby_that_a_drained_node_leaves_alone() -> None:
    assert workload("postgres")["kind"] == "Deployment"
    assert workload("postgres")["spec"]["replicas"] == 2
    assert rendered("postgres")["PodDisruptionBudget/driftwatch"]["spec"]["minAvailable"] == 1
    assert len(pod("postgres")["topologySpreadConstraints"]) == 2
