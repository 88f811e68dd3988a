"""Loads the user's own scorers: `module:function`, or `file.py:function` beside the golden set."""

import importlib
import importlib.util
import sys
from collections.abc import MutableMapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from driftwatch.scorers.callee import Callee

HASH_LENGTH = 12


class FunctionError(Exception):
    """The function is not to be had; says what would do."""

    def __init__(self, met: str, need: str) -> None:
        super().__init__(met)
        self.need = need


def load_function(named: str, folder: Path, loaded: MutableMapping[str, Any]) -> Callee:
    """Return the function, under a name that carries the hash of its source file.

    Parameters
    ----------
    folder : Path
        Where relative files are looked for.
    loaded : mutable mapping
        Modules of this load: a file that many probes name is run once.

    Raises
    ------
    FunctionError
        If the file or module cannot be imported, or has no such function.
    """
    source, colon, name = named.rpartition(":")
    if not colon or not source or not name.isidentifier():
        raise FunctionError(f"`{named}` names no function", "write `module:function` or `file.py:function`.")
    key = f"module {folder / source if source.endswith('.py') else source}"
    if key not in loaded:
        loaded[key] = _file(folder / source) if source.endswith(".py") else _module(source)
    function = getattr(loaded[key], name, None)
    if not callable(function):
        need = f"define `def {name}(text, context): …` there."
        raise FunctionError(f"{source} has no function `{name}`", need)
    return Callee(f"{named}#{_digest(loaded[key])}", function, str(folder))


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FunctionError(f"there is no file {path}", "the path is relative to the golden set's file.")
    unique = f"driftwatch_scorers_{sha256(str(path.resolve()).encode()).hexdigest()[:HASH_LENGTH]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise FunctionError(f"{path} cannot be imported", "it must be a Python file.")
    module = importlib.util.module_from_spec(spec)
    # dataclasses and pickle look a class's module up here.
    sys.modules[unique] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the user's module may raise anything
        del sys.modules[unique]
        raise _failed(str(path), error) from None
    return module


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the user's module may raise anything
        raise _failed(name, error) from None


def _failed(name: str, error: BaseException) -> FunctionError:
    met = f"{name} cannot be imported ({type(error).__name__}: {str(error)[:120]})"
    return FunctionError(met, "it must be importable by the Python that runs driftwatch.")


def _digest(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    source = Path(file).read_bytes() if file and Path(file).is_file() else module.__name__.encode()
    return sha256(source).hexdigest()[:HASH_LENGTH]
