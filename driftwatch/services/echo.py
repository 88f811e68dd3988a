"""What the vendor says it is: the models and fingerprints its answers echo, remembered over an epoch."""

import json
from dataclasses import dataclass

from driftwatch.domain.replay import ReplayScores

STREAM = "echoed-model"
"""Name under which the memory is saved beside the detectors' states."""
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Every model id and system fingerprint seen in this epoch, at most `MOST` of each."""

    models: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()

    def heard(self, replay: ReplayScores) -> "Echo":
        """Return the memory after one more replay."""
        return Echo(
            models=_bounded(self.models | replay.models),
            fingerprints=_bounded(self.fingerprints | replay.system_fingerprints),
        )

    def announced(self, replay: ReplayScores) -> str:
        """Say what the vendor changed in its echoed identity, in words; empty for nothing.

        A model id never heard in this epoch is an announcement. A new system fingerprint alone is
        not: vendors rotate them within one model.
        """
        news = replay.models - self.models
        if not self.models or not news:
            return ""
        return f"the endpoint now answers as {', '.join(sorted(news))}; before as {', '.join(sorted(self.models))}"

    def encode(self) -> bytes:
        """Return the memory as bytes for the store."""
        return json.dumps([sorted(self.models), sorted(self.fingerprints)]).encode()

    @classmethod
    def decode(cls, saved: bytes) -> "Echo":
        """Return the memory that `encode` wrote."""
        models, fingerprints = json.loads(saved)
        return cls(models=frozenset(models), fingerprints=frozenset(fingerprints))


def _bounded(names: frozenset[str]) -> frozenset[str]:
    return frozenset(sorted(names)[:MOST])
