"""Where messages go, and which messages go where."""

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from driftwatch.config.model import Strict
from driftwatch.config.values import (
    SecretAddress,
    SecretAddressFile,
    SecretFile,
    SecretText,
    TimeZone,
    Wait,
    Weekly,
    refusal,
)
from driftwatch.domain.schedule import Cron
from driftwatch.domain.secret import Secret

RouteKind = Literal["slack_webhook", "slack_token", "webhook", "pagerduty", "apprise"]
KINDS: tuple[RouteKind, ...] = get_args(RouteKind)
RouteName = Annotated[str, Field(min_length=1, description="A name from `routes`.")]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


RouteNames = Annotated[
    tuple[RouteName, ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ],
            "description": "A name from `routes`, or a list of them.",
        }
    ),
]
Pattern = Annotated[str, Field(min_length=1, max_length=200, description="A name; * stands for any characters.")]


SlackUser = Annotated[str, Field(pattern="^[UW][A-Z0-9]{2,20}$", description="A Slack user's id: U012AB3CD.")]
SlackGroup = Annotated[str, Field(pattern="^S[A-Z0-9]{2,20}$", description="A Slack user group's id: S012AB3CD.")]


class Route(Strict):
    """One sink: a Slack incoming webhook, a Slack bot, a plain webhook, PagerDuty, or a service known to apprise."""

    pairs: ClassVar[tuple[str, ...]] = (*KINDS, "slack_app_token", "signing_key")

    slack_webhook: SecretAddress | None = None
    slack_webhook_file: SecretAddressFile | None = None
    slack_token: SecretText | None = None
    slack_token_file: SecretFile | None = None
    channel: Annotated[str | None, Field(min_length=1, max_length=100, description="With slack_token only.")] = None
    slack_app_token: Annotated[SecretText | None, Field(description="With slack_token: buttons in socket mode.")] = None
    slack_app_token_file: SecretFile | None = None
    allowed_users: Annotated[
        tuple[SlackUser, ...], Field(description="Ids of those who may press the buttons; everybody else.")
    ] = ()
    allowed_groups: Annotated[
        tuple[SlackGroup, ...], Field(description="Ids of user groups whose members may press the buttons.")
    ] = ()
    webhook: SecretAddress | None = None
    webhook_file: SecretAddressFile | None = None
    signing_key: Annotated[SecretText | None, Field(description="With webhook: signs the body (HMAC-SHA256).")] = None
    signing_key_file: SecretFile | None = None
    pagerduty: Annotated[SecretText | None, Field(description="Integration key of the Events API v2.")] = None
    pagerduty_file: SecretFile | None = None
    apprise: Annotated[SecretText | None, Field(description="An apprise address; needs the extra `apprise`.")] = None
    apprise_file: SecretFile | None = None

    @model_validator(mode="after")
    def _one_sink(self) -> Self:
        given = [name for name in KINDS if self._given(name)]
        if len(given) != 1:
            raise refusal(f"give exactly one of {', '.join(KINDS)} (or its _file).", slug="config-route")
        if (given[0] == "slack_token") != (self.channel is not None):
            raise refusal("`slack_token` and `channel` go together.", slug="config-route")
        if self.app_token and given[0] != "slack_token":
            raise refusal("`slack_app_token` goes with `slack_token`.", slug="config-route")
        if (self.allowed_users or self.allowed_groups) and not self.app_token:
            raise refusal("`allowed_users` and `allowed_groups` go with `slack_app_token`.", slug="config-route")
        if self.signing and given[0] != "webhook":
            raise refusal("`signing_key` goes with `webhook`.", slug="config-route")
        return self

    def _given(self, name: str) -> Secret | None:
        value: Secret | None = getattr(self, name) or getattr(self, f"{name}_file")
        return value

    @property
    def kind(self) -> RouteKind:
        """Which sink it is."""
        return next(name for name in KINDS if self._given(name))

    @property
    def secret(self) -> Secret:
        """The sink's address, token or key."""
        found = self._given(self.kind)
        assert found is not None, "the validator has seen to it"  # noqa: S101  # for mypy
        return found

    @property
    def app_token(self) -> Secret | None:
        """What Slack's buttons are heard with."""
        return self._given("slack_app_token")

    @property
    def signing(self) -> Secret | None:
        """What a webhook's body is signed with."""
        return self._given("signing_key")

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything of this route that must never be shown."""
        return tuple(s for s in (self.secret, self.app_token, self.signing) if s is not None)


class ReportRoute(Strict):
    """The weekly report."""

    to: RouteName
    weekly: Weekly = "mon 09:00"
    timezone: TimeZone = "UTC"

    @property
    def schedule(self) -> Cron:
        """When it is due."""
        day, _, at = self.weekly.partition(" ")
        hour, minute = map(int, at.split(":"))
        return Cron(line=f"{minute} {hour} * * {day}", timezone=self.timezone)


class Rule(Strict):
    """Which messages go elsewhere; what is left out matches everything."""

    severity: Annotated[
        Literal["page", "notice", "ops"] | None, Field(description="Pages, notices, or about driftwatch itself.")
    ] = None
    provider: Annotated[Pattern | None, Field(description="What stands before the slash in `model`.")] = None
    endpoint: Pattern | None = None
    tag: Pattern | None = None
    to: RouteNames

    def matches(self, *, severity: str, provider: str, endpoint: str, tags: tuple[str, ...]) -> bool:
        """Say whether a message of this severity about this endpoint is meant."""
        return (
            self.severity in (None, severity)
            and fnmatchcase(provider, self.provider or "*")
            and fnmatchcase(endpoint, self.endpoint or "*")
            and (self.tag is None or any(fnmatchcase(tag, self.tag) for tag in tags))
        )


class Group(Strict):
    """How long a message waits for other endpoints of the same provider and model family."""

    wait: Annotated[Wait, Field(description="From an alarm to its message; 0s for none.")] = timedelta(seconds=60)
    interval: Annotated[Wait, Field(description="Between two messages of one group; 0s for none.")] = timedelta(
        minutes=5
    )


class Alerting(Strict):
    """Which messages go to which routes; what is left out is not sent."""

    pages: RouteNames | None = None
    notices: RouteNames | None = None
    ops: RouteNames | None = None
    rules: Annotated[
        tuple[Rule, ...], Field(description="The first that matches decides, before the three above.")
    ] = ()
    fallback: Annotated[
        RouteName | None, Field(description="Told what another route refuses or does not take for 5 min; `ops` else.")
    ] = None
    report: ReportRoute | None = None
    confirm: Annotated[bool, Field(description="Ask the probes that moved again before a page.")] = True
    group: Group = Group.usual()
