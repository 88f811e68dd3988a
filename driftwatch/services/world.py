"""What a replay needs beside its endpoint: the store, the clock, the money, and what is remembered between replays."""

from dataclasses import dataclass, field

from driftwatch.services.copies import Copies
from driftwatch.services.counts import Counts
from driftwatch.services.own_network import OwnNetwork
from driftwatch.services.ports import Clock, Store, Traces
from driftwatch.services.references import References
from driftwatch.services.scoring_threads import ScoringThreads
from driftwatch.services.sensors import SensorReferences
from driftwatch.services.spend import SpendGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a replay needs beside its endpoint."""

    store: Store
    clock: Clock
    guard: SpendGuard
    references: References
    traces: Traces | None = None
    network: OwnNetwork | None = None
    counts: Counts = field(default_factory=Counts)
    scoring: ScoringThreads = field(default_factory=ScoringThreads)
    sensors: SensorReferences = field(init=False)
    copies: Copies = field(init=False)

    def __post_init__(self) -> None:
        """Begin without remembered references of sensors, and without remembered answers."""
        object.__setattr__(self, "sensors", SensorReferences(self.store))
        object.__setattr__(self, "copies", Copies(store=self.store))
