"""What a button does: the same as the command, by the person who pressed it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Routes
from driftwatch.domain.errors import DriftwatchError
from driftwatch.domain.incident import Incident, Silence
from driftwatch.domain.ownership import must_be_open
from driftwatch.services.own import Person, accept, acknowledge, find_incident, mine_again, silence
from driftwatch.services.ports import Clock, Store
from driftwatch.services.watched import Watched

SILENCED_FOR = timedelta(hours=4)
"""How long the button silences; the command takes any time."""
AGAIN = timedelta(minutes=5)
"""A press that would lengthen the silence in force by less is the same press once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One button pressed by one person.

    Parameters
    ----------
    verb : str
        ``ack``, ``accept`` or ``silence``.
    thread : str
        Where the answer goes.
    """

    verb: str
    incident: int
    user_id: str
    user_name: str
    channel: str
    thread: str
    channel_name: str = ""

    @property
    def by(self) -> str:
        """Who acts, as it is kept with the incident: the name for people, the id because names change."""
        return f"{self.user_name} (Slack {self.user_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """What was done, in a sentence; `told` if those who were told of the incident hear of it anyway."""

    sentence: str
    told: bool


def press_button(
    store: Store,
    press: Press,
    clock: Clock,
    routes: Callable[[str], Mapping[Audience, Routes]],
    *,
    watched: Iterable[Watched],
) -> Pressed:
    """Do what the button says; what an acceptance leaves to do follows from what the endpoints in `watched` are asked.

    Raises
    ------
    DriftwatchError
        If the incident is not there, or its state does not allow it.
    """
    incident = find_incident(store, press.incident)
    person = Person(name=press.by, now=clock.now())
    told = bool(routes(incident.endpoint))
    if press.verb == "ack":
        acknowledge(store, incident.id, person, routes(incident.endpoint))
        return Pressed(sentence=f"{incident.name} acknowledged by {press.user_name}.", told=told)
    if press.verb == "accept":
        advice = mine_again(watched, incident.endpoint)
        ended = accept(store, incident.id, person, routes(incident.endpoint), advice=advice)
        of = f" of {_counted(len(ended.accepted_probes))}" if ended.accepted_probes else ""
        sentence = f"{incident.name} accepted as the new baseline{of} by {press.user_name}."
        return Pressed(sentence=f"{sentence} {advice}".rstrip(), told=told)
    if press.verb == "silence":
        return _silence(store, press, clock, incident)
    raise DriftwatchError(f"There is no button {press.verb!r} in this version.", slug="incident-state")


def _counted(probes: int) -> str:
    return "one probe" if probes == 1 else f"{probes} probes"


def _silence(store: Store, press: Press, clock: Clock, incident: Incident) -> Pressed:
    # The button of an old message would keep back what is to come, and nobody asked for that.
    must_be_open(incident, "silence")
    now, endpoint = clock.now(), incident.endpoint
    until = now + SILENCED_FOR
    standing = [one for one in store.silences(now=now) if one.covers(endpoint, now) and one.ends_at > until - AGAIN]
    if standing:
        # Whoever ends the first of two would believe that somebody is told again.
        longest = max(standing, key=lambda one: one.ends_at)
        raise DriftwatchError(
            f"Nobody is told about {endpoint} until {longest.ends_at:%a %d %b %H:%M} UTC already, by {longest.by}; "
            f"nothing was changed. To end it sooner: driftwatch silence --end {longest.id}",
            slug="silence-refused",
        )
    comment = f"inc-{press.incident}, by the button in Slack"
    silence(store, Silence(endpoint=endpoint, starts_at=now, ends_at=until, by=press.by, comment=comment), now=now)
    sentence = f"Nobody is told about {endpoint} until {until:%a %d %b %H:%M} UTC; by {press.user_name}."
    return Pressed(sentence=sentence, told=False)
