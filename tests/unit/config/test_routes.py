"""Who hears what where: several routes, rules by severity, provider, endpoint and tag, and the fallback."""

import pytest

from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.keys import secrets_of
from driftwatch.bootstrap.routing import audiences, fallback
from driftwatch.bootstrap.senders import notifiers
from driftwatch.domain.decide import Audience

ROUTES = """\
endpoints:
  - {name: support-eu, model: openai/gpt-4.1-2025-04-14, params: {temperature: 0}, probes: [g.yaml], tags: [support, eu]}
  - {name: summaries, model: anthropic/claude-sonnet-4-20250514, params: {temperature: 0}, probes: [g.yaml]}
routes:
  oncall: {slack_webhook: https://hooks.example/oncall}
  quiet: {slack_token: xoxb-1, channel: "#llm-drift", slack_app_token: xapp-1}
  duty: {pagerduty: R0UT1NGKEY}
  ticket: {webhook: https://tickets.example/new, signing_key: sign-1}
  mail: {apprise: "json://127.0.0.1/x"}
"""


def heard(files, alerting: str, endpoint: str) -> dict[str, object]:
    found = audiences(files.load(f"{ROUTES}alerting: {alerting}\n"), endpoint)
    return {audience.value: routes for audience, routes in found.items()}


@pytest.mark.parametrize(
    ("alerting", "endpoint", "pages", "notices", "ops"),
    [
        ("{pages: oncall}", "summaries", "oncall", "oncall", "oncall"),
        ("{pages: oncall, notices: quiet}", "summaries", "oncall", "quiet", "quiet"),
        ("{pages: [duty, oncall], notices: quiet, ops: mail}", "summaries", ("duty", "oncall"), "quiet", "mail"),
        ("{pages: oncall, rules: [{provider: anthropic, to: duty}]}", "summaries", "duty", "duty", "duty"),
        ("{pages: oncall, rules: [{provider: anthropic, to: duty}]}", "support-eu", "oncall", "oncall", "oncall"),
        ("{pages: oncall, rules: [{severity: page, to: duty}]}", "summaries", "duty", "oncall", "oncall"),
        ("{pages: oncall, rules: [{severity: ops, to: mail}]}", "summaries", "oncall", "oncall", "mail"),
        ("{pages: oncall, rules: [{tag: supp*, to: [duty, ticket]}]}", "support-eu", *[("duty", "ticket")] * 3),
        ("{pages: oncall, rules: [{tag: support, to: duty}]}", "summaries", "oncall", "oncall", "oncall"),
        ("{pages: oncall, rules: [{endpoint: support-*, severity: notice, to: quiet}]}", "support-eu", "oncall", "quiet", "oncall"),
        ("{rules: [{endpoint: sum*, to: quiet}, {provider: '*', to: oncall}]}", "summaries", *["quiet"] * 3),
        ("{rules: [{endpoint: sum*, to: quiet}, {provider: '*', to: oncall}]}", "support-eu", *["oncall"] * 3),
    ],
)  # fmt: skip
def test_the_first_rule_that_matches_decides_else_the_three_defaults(
    files, alerting: str, endpoint: str, pages: object, notices: object, ops: object
) -> None:
    assert heard(files, alerting, endpoint) == {"pages": pages, "notices": notices, "ops": ops}


def test_the_fallback_is_operations_first_route_unless_another_is_named(files) -> None:
    assert fallback(files.load(f"{ROUTES}alerting: {{pages: oncall, ops: [mail, quiet]}}\n")) == "mail"
    assert fallback(files.load(f"{ROUTES}alerting: {{pages: oncall, ops: mail, fallback: duty}}\n")) == "duty"
    assert fallback(files.load(ROUTES)) is None


@pytest.mark.parametrize(
    ("alerting", "named"),
    [
        ("{pages: [oncall, nowhere]}", "alerting.pages[1]"),
        ("{fallback: nowhere}", "alerting.fallback"),
        ("{rules: [{to: oncall}, {to: nowhere}]}", "alerting.rules[1].to"),
        ("{rules: [{to: [oncall, nowhere]}]}", "alerting.rules[0].to[1]"),
    ],
)
def test_a_route_that_is_not_there_is_named_wherever_it_stands(files, alerting: str, named: str) -> None:
    found = files.only(f"{ROUTES}alerting: {alerting}\n")
    assert found.slug == "config-route"
    assert f"`{named}`" in found.met


@pytest.mark.parametrize(
    "route",
    [
        "{webhook: https://a.example, slack_app_token: xapp-1}",
        "{slack_webhook: https://a.example, signing_key: s}",
        "{pagerduty: k, apprise: json://x}",
        "{slack_token: x, channel: c, slack_app_token: a, slack_app_token_file: token}",
    ],
)
def test_what_belongs_to_another_sink_is_refused(files, route: str) -> None:
    (files.folder / "token").write_text("xapp-1\n")
    assert files.only(f"{files.endpoint}routes:\n  a: {route}\n").line == 7


def test_routes_that_lead_to_one_place_share_its_pace(files) -> None:
    twice = f"{ROUTES}  again: {{slack_webhook: https://hooks.example/oncall}}\n"
    found = notifiers(files.load(twice), system_clock())
    assert found["oncall"] is found["again"]
    assert len({id(sink) for sink in found.values()}) == 5


def test_every_secret_of_a_route_is_kept_out_of_logs(files) -> None:
    known = secrets_of(files.load(ROUTES))
    assert {"xoxb-1", "xapp-1", "sign-1", "R0UT1NGKEY", "https://hooks.example/oncall"} <= set(known)


def test_without_rules_nothing_is_different(files) -> None:
    settings = files.load(f"{ROUTES}alerting: {{pages: oncall, notices: quiet}}\n")
    assert audiences(settings) == audiences(settings, "summaries")
    assert audiences(settings)[Audience.OPS] == "quiet"
