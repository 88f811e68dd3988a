"""The judges of the configuration: found by name, and whether their verdicts may wake somebody."""

import json
from typing import Any

from driftwatch.config.document import Document
from driftwatch.config.faults import nearest
from driftwatch.config.settings import Judge, Settings
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.probe import content_hash


def configured_judge(settings: Settings, name: str) -> Judge:
    """Return the judge of that name.

    Raises
    ------
    ConfigError
        If there is none (slug ``judge-missing``).
    """
    if name in settings.judges:
        return settings.judges[name]
    near = nearest(name, settings.judges)
    need = f"did you mean `{near}`?" if near else f"add `judges: {{{name[:60]}: {{model: provider/model}}}}`."
    met = f"a golden set is graded by the judge `{name[:60]}`, and none has that name"
    raise ConfigError((Document.read(settings.file).problem(("judges",), met=met, need=need, slug="judge-missing"),))


def judge_identity(wanted: Judge) -> str:
    """Return the hash of all that could move a judge's verdicts: a calibration is worth nothing for another."""
    from driftwatch.services.judge_watch import anchor_probes

    words = anchor_probes()[0].content_hash
    return content_hash([wanted.model, wanted.base_url or "", dict(wanted.params), wanted.votes, wanted.confirm, words])


def is_calibrated(settings: Settings, name: str) -> bool:
    """Return whether the judge's calibration is of this very judge, and passed.

    Raises
    ------
    ConfigError
        If the file that is named cannot be read (slug ``judge-calibration``).
    """
    wanted = configured_judge(settings, name)
    if wanted.calibration is None:
        return False
    found = _calibration(settings, name, wanted.calibration)
    return found.get("judge") == judge_identity(wanted) and found.get("passed") is True


def _calibration(settings: Settings, name: str, file: str) -> dict[str, Any]:
    path = settings.root / file
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        need = f"write it with `driftwatch judge calibrate labels.csv --judge {name} --output {file}`."
        met = f"the calibration {path} cannot be read ({type(error).__name__})"
        document = Document.read(settings.file)
        where = ("judges", name, "calibration")
        raise ConfigError((document.problem(where, met=met, need=need, slug="judge-calibration"),)) from None
    return found if isinstance(found, dict) else {}
