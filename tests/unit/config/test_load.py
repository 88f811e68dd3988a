"""What a configuration may say, and what is said about one that is wrong."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from driftwatch.adapters.yaml_strict import parse_file
from driftwatch.config.checks import NOT_YET
from driftwatch.config.document import Document
from driftwatch.config.faults import MOST
from driftwatch.config.load import load_settings
from driftwatch.config.model import Strict
from driftwatch.config.schema import json_schema, schema_text
from driftwatch.config.settings import ScheduleSettings
from driftwatch.config.shipped import shipped
from driftwatch.domain.schedule import Cron, Every
from driftwatch.domain.secret import Secret

ROOT = Path(__file__).resolve().parents[3]

# product.md, "Configuration", word for word, but for the token's file and the alias of the judge.
PRODUCT = """\
store: sqlite:///driftwatch.db            # or postgresql://…
false_alarms: {pages: 1 per endpoint-year, notices: 4 per endpoint-year}
budget: {usd_per_day: 5}
endpoints:
  - name: support-bot
    model: openai/gpt-4.1-2025-04-14      # LiteLLM's naming; a dated snapshot, or a warning says why not
    params: {temperature: 0, max_tokens: 400, seed: 7}
    driver: auto                          # direct for OpenAI-compatible APIs, litellm for the rest
    probes: [probes/golden.yaml]
    schedule: {every: 1h}                 # or cron: "0 */2 * * mon-fri"; UTC unless timezone is named
    baseline: {replays: 24}
judges: {default: {model: anthropic/claude-…}}
routes:
  oncall: {slack_webhook: ${SLACK_WEBHOOK_URL}}
  quiet:  {slack_token_file: slack.token, channel: "#llm-drift"}
alerting: {pages: oncall, notices: quiet, ops: quiet, report: {to: quiet, weekly: mon 09:00}}
watch: {paths: [../app/prompts], git: ../app}        # local things whose change explains a shift
deadman: {url: ${HEALTHCHECK_URL}}
retention: {answers: 90d}
"""
ENVIRON = {"SLACK_WEBHOOK_URL": "https://hooks.slack.example/T/B/x", "HEALTHCHECK_URL": "https://hc.example/1"}


def test_the_example_of_the_design_loads(tmp_path: Path, files) -> None:
    (tmp_path / "slack.token").write_text("xoxb-1")
    settings = files.load(PRODUCT, **ENVIRON)
    endpoint = settings.endpoints[0]
    assert endpoint.params == {"temperature": 0, "max_tokens": 400, "seed": 7}
    assert endpoint.schedule.as_schedule() == Every(interval=endpoint.schedule.every)
    assert settings.false_alarms.notices.per_year == 4
    assert settings.routes["oncall"].secret == Secret(ENVIRON["SLACK_WEBHOOK_URL"])
    assert settings.routes["quiet"].kind == "slack_token"
    assert settings.deadman is not None
    assert settings.deadman.address == Secret(ENVIRON["HEALTHCHECK_URL"])


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "config").glob("*.yaml")))
def test_a_shipped_example_loads_and_fits_its_schema(name: str) -> None:
    path = shipped("config") / name
    environ = {"SLACK_WEBHOOK_URL": "https://a.example", "SLACK_QUIET_WEBHOOK_URL": "https://b.example"}
    settings = load_settings(path, environ | {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2"})
    assert not settings.missing_keys
    assert path.read_text().splitlines()[0] == "# yaml-language-server: $schema=driftwatch.schema.json"
    Draft202012Validator(json_schema()).validate(Document.read(path).values)
    for endpoint in settings.endpoints:
        assert all(probes.is_file() for probes in settings.probe_paths(endpoint))


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (ROOT / "config" / "driftwatch.schema.json").read_text()
    assert committed == schema_text(), "run: driftwatch schema > config/driftwatch.schema.json"


@pytest.mark.parametrize("text", ["temperatur: 1", "endpoints: 7", "budget: {usd_per_day: free}", "store: [a]"])
def test_what_the_loader_refuses_the_schema_refuses(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    assert not Draft202012Validator(json_schema()).is_valid(parse_file(tmp_path / "a.yaml").value)


def test_every_mistake_is_told_at_once_each_with_its_line(tmp_path: Path, files) -> None:
    found = files.problems(
        """\
endpint: 3
false_alarms: {pages: 1 per year}
endpoints:
  - name: bot
    model: openai/gpt-4.1-2025-04-14
    temperature: 0
    params: {temperature: 0.7}
    probes: [a.yaml]
    concurrency: 99
    schedule: {cron: "61 * * * *"}
  - {name: bot, model: openai/o3-2025-04-16, params: {seed: 1}, probes: []}
routes:
  quiet: {slack_webhook: ${NOPE}}
alerting: {pages: quite}
""",
    )
    assert [(p.line, p.slug) for p in found] == [
        (1, "config-unknown-key"),
        (2, "config-false-alarms"),
        (6, "config-unknown-key"),
        (7, "endpoint-not-pinned"),
        (9, "config-wrong-value"),
        (10, "config-schedule"),
        (11, "config-duplicate-endpoint"),
        (11, "config-wrong-value"),
        (13, "config-variable"),
        (14, "config-route"),
    ]
    assert str(found[3]) == (
        f"{tmp_path}/driftwatch.yaml:7: `endpoints[0].params.temperature` is 0.7; a pinned endpoint needs 0, or a seed. "
        "Set `temperature: 0`, or add `seed:`. See: driftwatch explain endpoint-not-pinned"
    )


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("endpint: []", "did you mean `endpoints`?"),
        ("false-alarms: {}", "did you mean `false_alarms`?"),
        ("alerting: {page: x}", "did you mean `pages`?"),
        ("xyz: 1", "known here: alerting, budget,"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(line: str, hint: str, files) -> None:
    assert hint in files.only(files.endpoint + line).need


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("    schedule: hourly", "must be a mapping, as in {every: …}; its keys: every, fastest, cron, timezone."),
        ("budget: 5", "must be a mapping, as in {usd_per_day: …}."),
        ("routes: {quiet: hook}", "must be a mapping, as in {slack_webhook: …}; its keys: slack_webhook, "),
    ],
)
def test_a_bare_value_where_keys_belong_is_told_which(line: str, hint: str, files) -> None:
    """It was told that a mapping of keys was needed, and no key."""
    assert hint in files.only(files.endpoint + line).need


def test_a_repeated_key_is_told_together_with_what_else_is_wrong(files) -> None:
    found = files.problems(files.endpoint + "budget: {usd_per_day: 1}\nbudget: {usd_per_day: 2}\nendpint: 1\n")
    assert [(p.line, p.slug) for p in found] == [(7, "duplicate-key"), (8, "config-unknown-key")]


def test_a_sampling_parameter_beside_params_is_sent_there(files) -> None:
    assert "under `params:`" in files.only(files.endpoint + "    max_tokens: 5\n").need


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attempts", "true"),
        ("attempts", "0"),
        ("concurrency", "17"),
        ("top_logprobs", "1.5"),
        ("name", "123"),
        ("name", '"a b"'),
        ("name", '"\\x1b[2J"'),
        ("timeout", "30"),
        ("timeout", "0s"),
        ("timeout", "99999w"),
        ("baseline", "{replays: 1}"),
        ("price", "{input_usd: -1, output_usd: 0}"),
        ("base_url", "localhost:8080"),
        ("base_url", '"http://[::1"'),
        ("driver", "fast"),
        ("tags", "[1]"),
        ("schedule", "{}"),
        ("schedule", "{every: 1h, cron: 0 0 * * *}"),
        ("schedule", "{every: 1h, timezone: UTC}"),
        ("schedule", "{cron: 0 0 31 feb *}"),
        ("schedule", "{cron: 0 0 * * *, timezone: Europe}"),
        ("schedule", "{cron: 0 0 * * *, timezone: ../../etc/passwd}"),
    ],
)
def test_a_wrong_value_is_refused_on_its_line(key: str, value: str, files) -> None:
    text = (
        files.endpoint.replace("  - name: bot\n", "  - name: bot\n" if key != "name" else "  -\n")
        + f"    {key}: {value}\n"
    )
    assert files.only(text).line == text.count("\n")


@pytest.mark.parametrize(
    "params", ["{stream: true, seed: 1}", "{seed: 1, x: 99999999999999999999}", '{seed: 1, y: "\\ud800"}']
)
def test_params_that_cannot_be_sent_or_hashed_are_refused(params: str, files) -> None:
    assert files.only(files.endpoint.replace("{temperature: 0}", params)).line == 4


@pytest.mark.parametrize(
    ("params", "pinned"),
    [
        ("{temperature: 0}", True),
        ("{seed: 7}", True),
        ("{temperature: 1, seed: 7}", True),
        ("{}", False),
        ("{top_p: 1}", False),
    ],
)
def test_an_endpoint_is_pinned_by_temperature_zero_or_a_seed(params: str, pinned: bool, files) -> None:
    text = files.endpoint.replace("{temperature: 0}", params)
    if pinned:
        assert files.load(text).endpoints[0].name == "bot"
    else:
        assert files.only(text).slug == "endpoint-not-pinned"


def test_an_alias_is_a_warning_unless_the_server_is_the_users_own(files) -> None:
    aliased = files.endpoint.replace("gpt-4.1-2025-04-14", "gpt-4.1")
    assert "endpoint-not-pinned" in [w.slug for w in files.load(aliased).warnings]
    own = aliased + "    base_url: http://127.0.0.1:8080/v1\n"
    assert "endpoint-not-pinned" not in [w.slug for w in files.load(own).warnings]


def test_a_key_that_is_not_acted_on_yet_is_a_warning(tmp_path: Path, files) -> None:
    (tmp_path / "slack.token").write_text("xoxb-1")
    warned = [w.met for w in files.load(PRODUCT, **ENVIRON).warnings if w.slug == "config-not-yet"]
    assert [met.split("`")[1] for met in warned] == list(NOT_YET)


def test_nobody_to_wake_is_a_warning(files) -> None:
    assert "config-no-pages" in [w.slug for w in files.load(files.endpoint).warnings]


def test_a_budget_that_no_schedule_can_keep_is_refused(files) -> None:
    text = files.endpoint + "    schedule: {every: 1d}\nfalse_alarms: {pages: 1 per endpoint-week}\n"
    assert files.only(text).slug == "config-false-alarms"


@pytest.mark.parametrize(
    "route",
    [
        "{}",
        "{slack_token: x}",
        "{webhook: https://a.example, channel: c}",
        "{webhook: https://a.example, slack_webhook: https://b.example}",
        "{webhook: https://a.example, webhook_file: address}",
        "{webhook: ftp://a.example}",
        "7",
    ],
)
def test_a_route_has_exactly_one_sink(route: str, tmp_path: Path, files) -> None:
    (tmp_path / "address").write_text("https://a.example\n")
    assert files.only(f"{files.endpoint}routes:\n  a: {route}\n").line == 7


@pytest.mark.parametrize("text", ["", "# nothing\n", "7", "[1, 2]", "null", "--- a"])
def test_a_file_that_is_no_mapping_is_refused(text: str, files) -> None:
    assert files.only(text).slug == "config-wrong-value"


def test_no_more_problems_are_told_than_anybody_reads(files) -> None:
    found = files.problems("".join(f"key{n}: 1\n" for n in range(5000)))
    assert len(found) == MOST


def test_relative_paths_start_above_the_folder_called_config(tmp_path: Path, files) -> None:
    (tmp_path / "config").mkdir()
    files.path = tmp_path / "config" / "driftwatch.yaml"
    settings = files.load(files.endpoint)
    assert settings.store_path == tmp_path / "driftwatch.db"
    assert settings.probe_paths(settings.endpoints[0]) == (tmp_path / "golden.yaml",)


def test_a_cron_line_carries_its_zone_into_the_domain(files) -> None:
    text = files.endpoint + '    schedule: {cron: "0 6 * * MON-fri", timezone: Europe/Berlin}\n'
    assert files.load(text).endpoints[0].schedule.as_schedule() == Cron(
        line="0 6 * * 1,2,3,4,5", timezone="Europe/Berlin"
    )


def test_settings_cannot_be_changed(files) -> None:
    with pytest.raises(ValueError, match="frozen"):
        files.load(files.endpoint).store = "other"  # type: ignore[misc]


def test_the_schema_is_json_that_editors_read() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text()))


def below(settings: type[Strict]) -> list[type[Strict]]:
    """Return all classes made of one."""
    return [each for one in settings.__subclasses__() for each in (one, *below(one))]


USUAL = [
    field.default
    for settings in below(Strict)
    for field in settings.model_fields.values()
    if isinstance(field.default, Strict)
]


@pytest.mark.parametrize("usual", USUAL, ids=lambda usual: type(usual).__name__)
def test_what_is_usual_is_what_a_reader_of_nothing_gets(usual: Strict) -> None:
    """It is not checked where it stands, so that a start builds the settings once, as a whole."""
    given = {"every": "1h"} if isinstance(usual, ScheduleSettings) else {}
    assert usual == type(usual)(**given)
