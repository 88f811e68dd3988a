"""From a file to settings, or to everything that is wrong with it at once."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from driftwatch.config import checks
from driftwatch.config.document import Document, dotted
from driftwatch.config.faults import MOST, problems_of
from driftwatch.config.interpolate import Interpolation
from driftwatch.config.secrets import secret_path
from driftwatch.config.settings import Settings, project_root
from driftwatch.domain.errors import ConfigError, Problem


def load_settings(path: Path, environ: Mapping[str, str], *, stands_for: Path | None = None) -> Settings:
    """Read a configuration file strictly.

    Parameters
    ----------
    path : Path
        config/driftwatch.yaml. Relative paths in it start from `project_root`.
    environ : mapping
        Environment variables: for ``${VAR}``, for the vendors' keys, and CREDENTIALS_DIRECTORY.
    stands_for : Path, optional
        The file that `path` is a copy of: relative paths start from there.

    Returns
    -------
    Settings
        Its `warnings` tell what is allowed and worth a look; `missing_keys` which endpoints
        cannot be asked for want of a key.

    Raises
    ------
    ConfigError
        With every problem of the file, in the order of its lines.
    """
    document = Document.read(path)
    fill = Interpolation(environ, document.problem)
    values = fill.walk(document.values)
    root = project_root(stands_for or path)
    problems = [*document.problems, *fill.problems, *checks.faults(values, document)]
    try:
        settings = Settings.model_validate(values, context={"root": root, "environ": environ})
    except ValidationError as error:
        problems.extend(problems_of(error, document, failed=fill.failed))
        raise _refusal(problems) from None
    problems.extend(checks.unkeepable(settings, document))
    if problems:
        raise _refusal(problems)
    settings.remember(
        file=stands_for or path,
        warnings=tuple(checks.warnings(values, document, root=root, environ=environ)),
        missing_keys=tuple(checks.missing_keys(settings, document)),
    )
    return settings


def secret_files(path: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield every key of the file that names a secret's file, and that file; none is opened.

    Raises
    ------
    ConfigError
        If the configuration is no YAML.
    """
    document = Document.read(path)
    values = Interpolation(environ, document.problem).walk(document.values)
    for where, name in checks.secret_files(values):
        yield dotted(where), secret_path(name, root=project_root(path), environ=environ)


def _refusal(problems: Iterable[Problem]) -> ConfigError:
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0)
    return ConfigError(tuple(ordered[:MOST]))
