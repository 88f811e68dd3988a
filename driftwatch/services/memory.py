"""What an epoch remembers beside its scores: what the vendor says it is, and what our side was at its start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.judge_drift import OBSERVED
from driftwatch.domain.replay import ReplayScores

STREAM = "epoch-memory"
"""Name under which it is saved beside the detectors' states."""
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Every model id and system fingerprint heard in an epoch, at most `MOST` of each; our side at its first replay."""

    models: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    ours: Mapping[str, str] = field(default_factory=dict)

    def after(self, replay: ReplayScores) -> "Memory":
        """Return the memory after one more replay."""
        return Memory(
            models=_bounded(self.models | replay.models),
            fingerprints=_bounded(self.fingerprints | replay.system_fingerprints),
            ours=self.ours or dict(replay.fingerprint.parts),
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

    def changed(self, replay: ReplayScores) -> tuple[str, ...]:
        """Return the parts of our side that are not what they were at the epoch's first replay."""
        changed = Fingerprint(parts=self.ours).changed(replay.fingerprint) if self.ours else ()
        return tuple(part for part in changed if not part.startswith(OBSERVED))

    def encode(self) -> bytes:
        """Return the memory as bytes for the store."""
        return json.dumps([sorted(self.models), sorted(self.fingerprints), dict(self.ours)]).encode()

    @classmethod
    def decode(cls, saved: bytes) -> "Memory":
        """Return the memory that `encode` wrote."""
        models, fingerprints, ours = json.loads(saved)
        return cls(models=frozenset(models), fingerprints=frozenset(fingerprints), ours=ours)


def _bounded(names: frozenset[str]) -> frozenset[str]:
    return frozenset(sorted(names)[:MOST])
