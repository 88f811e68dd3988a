"""Where messages go, and which messages go where."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from driftwatch.config.model import Strict
from driftwatch.config.values import SecretAddress, SecretAddressFile, SecretFile, SecretText, Weekly, refusal
from driftwatch.domain.secret import Secret

RouteKind = Literal["slack_webhook", "slack_token", "webhook"]
RouteName = Annotated[str, Field(min_length=1, description="A name from `routes`.")]


class Route(Strict):
    """One sink: a Slack incoming webhook, a Slack bot token with a channel, or a plain webhook."""

    pairs: ClassVar[tuple[str, ...]] = ("slack_webhook", "slack_token", "webhook")

    slack_webhook: SecretAddress | None = None
    slack_webhook_file: SecretAddressFile | None = None
    slack_token: SecretText | None = None
    slack_token_file: SecretFile | None = None
    channel: Annotated[str | None, Field(min_length=1, max_length=100, description="With slack_token only.")] = None
    webhook: SecretAddress | None = None
    webhook_file: SecretAddressFile | None = None

    @model_validator(mode="after")
    def _one_sink(self) -> Self:
        given = [name for name in self.pairs if self._given(name)]
        if len(given) != 1:
            raise refusal(
                "give exactly one of slack_webhook, slack_token, webhook (or its _file).", slug="config-route"
            )
        if (given[0] == "slack_token") != (self.channel is not None):
            raise refusal("`slack_token` and `channel` go together.", slug="config-route")
        return self

    def _given(self, name: str) -> Secret | None:
        value: Secret | None = getattr(self, name) or getattr(self, f"{name}_file")
        return value

    @property
    def kind(self) -> RouteKind:
        """Which sink it is."""
        return (
            "slack_webhook"
            if self._given("slack_webhook")
            else "slack_token"
            if self._given("slack_token")
            else "webhook"
        )

    @property
    def secret(self) -> Secret:
        """The sink's address or token."""
        found = self._given(self.kind)
        assert found is not None, "the validator has seen to it"  # noqa: S101  # for mypy
        return found


class ReportRoute(Strict):
    """The weekly report."""

    to: RouteName
    weekly: Weekly = "mon 09:00"


class Alerting(Strict):
    """Which messages go to which route; what is left out is not sent."""

    pages: RouteName | None = None
    notices: RouteName | None = None
    ops: RouteName | None = None
    report: ReportRoute | None = None
