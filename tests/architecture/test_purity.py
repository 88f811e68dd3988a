"""What import-linter cannot see: third parties nobody listed, and imports by name at run time."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "driftwatch"

# Layer -> the only third parties it may import.
ALLOWED = {
    "stats": {"numpy", "scipy"},
    "scorers": {
        *("numpy", "scipy", "rapidfuzz", "jsonschema", "referencing", "regex"),
        # The extra `scorers`.
        *("html5lib", "nltk", "rouge_score", "sacrebleu", "sqlglot"),
    },
    "domain": {"rfc8785"},
    "services": {"structlog", "pandas"},
    "config": {"pydantic", "pydantic_core"},
    "presentation": {"jinja2", "markupsafe", "vl_convert"},
    "bootstrap": set(),
    "daemon": {"apscheduler", "structlog"},
    "web": {"fastapi", "jinja2", "markupsafe", "prometheus_client", "pydantic", "starlette", "structlog", "uvicorn"},
    "selftest": set(),
    "demo": {"aiohttp", "rich", "xllamacpp"},
    "cli": {"click", "rich", "structlog"},
}
CORE = ("stats", "scorers", "domain")
# The standard library's doors to the world, closed to the core.
BANNED_IN_CORE = {
    *("asyncio", "http", "importlib", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *("shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib"),
}


def modules(layer: str) -> list[Path]:
    if (PACKAGE / f"{layer}.py").exists():
        return [PACKAGE / f"{layer}.py"]
    return sorted((PACKAGE / layer).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_only_the_third_parties_on_its_list(layer: str) -> None:
    known = ALLOWED[layer] | set(sys.stdlib_module_names) | {"driftwatch"}
    strangers = {str(p.relative_to(PACKAGE)): imported(p) - known for p in modules(layer)}
    assert not {path: names for path, names in strangers.items() if names}


@pytest.mark.parametrize("layer", CORE)
def test_the_core_opens_no_door_to_the_world(layer: str) -> None:
    doors = {str(p.relative_to(PACKAGE)): imported(p) & BANNED_IN_CORE for p in modules(layer)}
    assert not {path: names for path, names in doors.items() if names}


@pytest.mark.parametrize("layer", CORE)
def test_the_core_calls_neither_open_nor_dynamic_import(layer: str) -> None:
    banned = {"open", "__import__", "eval", "exec", "print", "input"}
    for path in modules(layer):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in banned, f"{path}:{node.lineno} calls {node.func.id}"


def test_every_layer_of_the_package_has_a_list() -> None:
    found = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p.is_dir() and p.name != "shipped")}
    found -= {"__init__", "__main__", "__pycache__", "py"}
    assert found - {"adapters", "testing"} <= set(ALLOWED)
