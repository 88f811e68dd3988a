"""Writes an imported golden set: whole or not at all, and only after the strict loader has taken it."""

from pathlib import Path
from tempfile import NamedTemporaryFile

from driftwatch.adapters.probes.interop.importing import Imported
from driftwatch.adapters.probes.interop.written import as_json_lines, as_yaml
from driftwatch.adapters.probes.load import JSON_LINES, load_probe_set
from driftwatch.adapters.yaml_strict import MAX_BYTES, MAX_NODES
from driftwatch.domain.errors import DriftwatchError

HEAD = (
    "Imported from {source} by `driftwatch import`.",
    "Keep the ids when you edit: they are the probes' names in the store.",
)


def save_probes(imported: Imported, target: Path, *, source: Path, force: bool = False) -> None:
    """Write a golden set to `target`.

    Raises
    ------
    DriftwatchError
        If the file is there and `force` is not given, cannot be written, or the set is too large for YAML.
    """
    if target.exists() and not force:
        need = "Name another with `--output`, or overwrite it with `--force`."
        raise DriftwatchError(f"{target}: there is such a file already. {need}", slug="import-exists")
    text = _text(imported, target, source)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, suffix=target.suffix, delete=False
        ) as stream:
            stream.write(text)
        partial = Path(stream.name)
    except OSError as error:
        need = "Name a file that can be written with `--output`."
        raise DriftwatchError(f"{target}: cannot be written ({error.strerror}). {need}", slug="import-exists") from None
    try:
        load_probe_set([partial])
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _text(imported: Imported, target: Path, source: Path) -> str:
    if target.suffix.lower() in JSON_LINES:
        return as_json_lines(imported.name, imported.probes)
    head = [line.format(source=ascii(source.name)) for line in HEAD]
    text = as_yaml(imported.name, imported.probes, head=head)
    if len(text) > MAX_BYTES or sum(map(_nodes, imported.probes)) > MAX_NODES // 2:
        need = "Write JSON lines instead: `--output probes/name.jsonl`."
        raise DriftwatchError(f"{target}: the golden set is too large for YAML. {need}", slug="import-exists")
    return text


def _nodes(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + _nodes(item) for item in value.values())
    return 1 + sum(map(_nodes, value)) if isinstance(value, list) else 1
