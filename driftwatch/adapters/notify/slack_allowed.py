"""Who may press a button: everybody in the channel, or the users and user groups that its route names."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from driftwatch.adapters.notify.slack_web import SlackWeb
from driftwatch.domain.errors import DeliveryError, DriftwatchError
from driftwatch.services.ports import Clock
from driftwatch.services.press import Press

REMEMBERED_S = 300.0
"""How long Slack's answer stands to who is in a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Whom one route allows; nobody named is everybody.

    Parameters
    ----------
    channel : str
        As the configuration has it, a name or an id.
    users, groups : frozenset of str
        Ids of users (``U…``) and of user groups (``S…``).
    """

    channel: str
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def everybody(self) -> bool:
        """Whether whoever sees the message may press."""
        return not self.users and not self.groups


class Doorkeeper:
    """Refuses presses that the routes of an app do not allow; where Slack cannot say who is in a group, it refuses.

    Parameters
    ----------
    bot : SlackWeb
        Asked who is in a group (scope usergroups:read).
    routes : sequence of Allowed
        Every route of the app. One whose channel cannot be told from the press counts only where it restricts.
    """

    def __init__(self, bot: SlackWeb, routes: Sequence[Allowed], *, clock: Clock) -> None:
        self._bot, self._routes, self._clock = bot, tuple(routes), clock
        self._members: dict[str, tuple[float, frozenset[str]]] = {}

    async def let_in(self, press: Press) -> None:
        """Return where the press is allowed.

        Raises
        ------
        DriftwatchError
            If it is not (slug ``button-refused``).
        """
        here = [one for one in self._routes if one.channel.lstrip("#") in (press.channel, press.channel_name)]
        rules = here or [one for one in self._routes if not one.everybody]
        if not rules or any(one.everybody or press.user_id in one.users for one in rules):
            return
        groups = sorted({group for one in rules for group in one.groups})
        members = await asyncio.gather(*(self._members_of(group) for group in groups))
        if not any(press.user_id in some for some in members):
            raise DriftwatchError(
                f"You may not press here, {press.user_name}: the route allows certain people only. "
                "Nothing was changed. Ask one of them, or whoever keeps the configuration of driftwatch.",
                slug="button-refused",
            )

    async def _members_of(self, group: str) -> frozenset[str]:
        known = self._members.get(group)
        if known is not None and self._clock.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        try:
            answer = await self._bot.ask("usergroups.users.list", {"usergroup": group})
        except DeliveryError as error:
            raise DriftwatchError(
                f"Slack does not say who is in the group {group} ({error}), so nothing was changed. "
                "The bot needs the scope usergroups:read.",
                slug="button-refused",
            ) from None
        found = frozenset(str(user) for user in answer.get("users", ()))
        self._members[group] = self._clock.monotonic(), found
        return found
