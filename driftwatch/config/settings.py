"""The shape of config/driftwatch.yaml: frozen, nothing unknown, every key with its unit and range."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import unquote

from pydantic import Field, JsonValue, PrivateAttr, ValidationInfo, field_validator, model_validator

from driftwatch.config.drivers import DriverChoice, key_variable
from driftwatch.config.embed import Embed
from driftwatch.config.http import Http
from driftwatch.config.model import Strict
from driftwatch.config.otel import Otel
from driftwatch.config.routes import Alerting, Route
from driftwatch.config.values import (
    Address,
    CronLine,
    Daily,
    Duration,
    FalseAlarmRate,
    Number,
    SecretAddress,
    SecretAddressFile,
    SecretFile,
    SecretText,
    TimeZone,
    Whole,
    refusal,
)
from driftwatch.domain.endpoint import Price
from driftwatch.domain.errors import Problem
from driftwatch.domain.probe import content_hash
from driftwatch.domain.schedule import Cron, Every
from driftwatch.domain.secret import Secret
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.stats.chart_names import Chart

NAME = r"^[A-Za-z0-9][A-Za-z0-9._@:/+-]{0,99}$"
MOST_ENDPOINTS = 500
SQLITE = "sqlite:///"
STORE = r"^(sqlite:///[^?]+|postgres(ql(\+psycopg)?)?://[^/?#\s]*/[^/?#\s]+(\?[^#\s]*)?)$"
STORE_FORM = (
    "write sqlite:/// and a path, or postgresql://user:${PASSWORD}@host:5432/database; "
    "@ : / ? # % in a password are written %40 %3A %2F %3F %23 %25."
)
# Not urlsplit: it takes the `[` of a password for an address of IPv6 that does not end.
_SERVER = re.compile(r"[^/]+//(?:(?P<login>[^/]*)@)?(?P<host>[^/]*)(?P<path>[^?]*)\??(?P<query>.*)")
_QUERY_PASSWORD = re.compile(r"(?:^|&)(?:ssl)?password=([^&]+)")
OURS = (
    "messages",
    "model",
    "stream",
    "stream_options",
    "n",
    "logprobs",
    "top_logprobs",
    "tools",
    "api_key",
    "base_url",
)
"""Parameters that driftwatch sets itself."""

Name = Annotated[str, Field(pattern=NAME)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class FalseAlarms(Strict):
    """How many false alarms are accepted for each endpoint, all its metrics together."""

    pages: FalseAlarmRate = FalseAlarmBudget(count=1, period_days=365)
    notices: FalseAlarmRate = FalseAlarmBudget(count=4, period_days=365)


class BudgetSettings(Strict):
    """What all replays together may cost; nothing is asked once it is spent."""

    usd_per_day: Annotated[Number, Field(ge=0, description="US dollars per UTC day.")]


class ScheduleSettings(Strict):
    """When replays are due: `every` or `cron`."""

    every: Annotated[Duration | None, Field(description="Distance between replays, at least 1s.")] = None
    fastest: Annotated[
        Duration | None, Field(description="Distance between replays while something stirs; a whole part of `every`.")
    ] = None
    cron: CronLine | None = None
    timezone: Annotated[TimeZone | None, Field(description="Zone of the cron line; UTC if left out.")] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise refusal("give `every: 1h`, or `cron:`, and not both.", slug="config-schedule")
        if self.every is not None and self.timezone is not None:
            raise refusal("`timezone` belongs to `cron`; remove it.", slug="config-schedule")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise refusal("`every` must be at least 1s.", slug="config-schedule")
        if self.fastest is not None:
            self._whole_part(self.fastest)
        return self

    def _whole_part(self, fastest: timedelta) -> None:
        if self.every is None:
            raise refusal("`fastest` belongs to `every`; remove it.", slug="config-schedule")
        if not timedelta(seconds=1) <= fastest < self.every or self.every % fastest:
            raise refusal("`fastest` must be a whole part of `every`: 15m of 1h, say.", slug="config-schedule")

    def as_schedule(self) -> Every | Cron:
        """Return the domain's schedule."""
        if self.cron is not None:
            return Cron(line=self.cron, timezone=self.timezone or "UTC")
        return Every(interval=self.every or timedelta(hours=1), fastest=self.fastest)


class BaselineSettings(Strict):
    """The reference replays."""

    replays: Annotated[Whole, Field(ge=4, le=10_000, description="How many replays make the baseline.")] = 24


class PriceSettings(Strict):
    """US dollars for a million tokens; for models that the price map does not know."""

    input_usd: Annotated[Number, Field(ge=0)]
    output_usd: Annotated[Number, Field(ge=0)]
    cached_input_usd: Annotated[Number | None, Field(ge=0)] = None

    def as_price(self) -> Price:
        """Return the domain's price."""
        return Price(**self.model_dump())


class ModelSettings(Strict):
    """A model and the key to it: what endpoints and judges share."""

    pairs: ClassVar[tuple[str, ...]] = ("api_key",)

    model: Annotated[
        str, Field(pattern=r"^[^\s/]+/\S+$", max_length=300, description="LiteLLM's naming: provider/model.")
    ]
    base_url: Address | None = None
    api_key: SecretText | None = None
    api_key_file: SecretFile | None = None
    params: Annotated[Mapping[str, JsonValue], Field(description="Sampling parameters, passed on untouched.")] = {}

    @field_validator("params")
    @classmethod
    def _sendable(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if taken := sorted(set(value) & set(OURS)):
            raise refusal(f"`{taken[0]}` is set by driftwatch itself; remove it.")
        try:
            content_hash(dict(value))
        except (ValueError, RecursionError):
            need = "its numbers must be finite and below 2^53, its text without broken characters."
            raise refusal(need) from None
        return value

    @property
    def key(self) -> Secret | None:
        """The key, wherever it was given."""
        return self.api_key or self.api_key_file

    @model_validator(mode="before")
    @classmethod
    def _key_by_custom(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or {"api_key", "api_key_file"} & set(data):
            return data
        model, base_url = data.get("model"), data.get("base_url")
        known = isinstance(model, str) and (base_url is None or isinstance(base_url, str))
        variable = key_variable(str(model), base_url) if known else None
        found = (info.context or {}).get("environ", {}).get(variable or "")
        return data | {"api_key": found.strip()} if found and found.strip() else data


class AskedSettings(ModelSettings):
    """How a model is asked: what endpoints and judges share."""

    driver: DriverChoice = "auto"
    price: PriceSettings | None = None
    timeout: Annotated[Duration, Field(description="Total time of one attempt.")] = timedelta(seconds=60)
    attempts: Annotated[Whole, Field(ge=1, le=10, description="Requests per question at most.")] = 3
    concurrency: Annotated[Whole, Field(ge=1, le=16, description="Questions in flight at most.")] = 16
    max_bytes: Annotated[Whole, Field(ge=1, le=50_000_000, description="Longest answer, in bytes.")] = 1_000_000


class EndpointSettings(AskedSettings):
    """One pinned model that is watched."""

    name: Annotated[Name, Field(description="Your name for it: letters, digits and . _ @ : / + -")]
    probes: Annotated[tuple[Text, ...], Field(min_length=1, description="Golden set files.")]
    schedule: ScheduleSettings = ScheduleSettings.usual(every=timedelta(hours=1))
    baseline: BaselineSettings = BaselineSettings.usual()
    charts: Annotated[
        Mapping[Text, Annotated[tuple[Chart, ...], Field(min_length=1)]],
        Field(description="Metric to the charts that page for it; the mixture where none are named."),
    ] = {}
    top_logprobs: Annotated[Whole, Field(ge=0, le=20, description="Alternatives per token; 0 asks for none.")] = 0
    tags: tuple[Text, ...] = ()

    @field_validator("charts")
    @classmethod
    def _each_once(cls, value: Mapping[str, tuple[Chart, ...]]) -> Mapping[str, tuple[Chart, ...]]:
        if twice := next((name for name, charts in value.items() if len(set(charts)) < len(charts)), None):
            raise refusal(f"name each chart of `{twice[:60]}` once.", slug="config-charts")
        return value


class AnchorSettings(Strict):
    """How a judge is watched itself: frozen answers that it grades again and again."""

    every: Annotated[Duration | None, Field(description="At most so often; in every replay if left out.")] = None
    replays: Annotated[Whole, Field(ge=4, le=10_000, description="How many of them make its baseline.")] = 24


class Judge(AskedSettings):
    """A model that grades answers."""

    params: Annotated[Mapping[str, JsonValue], Field(description="Sampling parameters; temperature 0 if left out.")] = {
        "temperature": 0
    }
    votes: Annotated[
        Literal[1, 3, 5, 7, 9], Field(description="How often each answer is graded; the majority decides.")
    ] = 1
    confirm: Annotated[bool, Field(description="With one vote: a fail counts only if a second vote agrees.")] = True
    calibration: Annotated[Text | None, Field(description="What `driftwatch judge calibrate --output` wrote.")] = None
    uncalibrated: Annotated[
        Literal["notice", "page"], Field(description="The loudest that its streams may be without a calibration.")
    ] = "notice"
    anchors: AnchorSettings = AnchorSettings.usual()


class Watch(Strict):
    """Local things whose change explains a shift."""

    paths: tuple[Text, ...] = ()
    git: Text | None = None


class Deadman(Strict):
    """An address that hears from us while we are alive."""

    pairs: ClassVar[tuple[str, ...]] = ("url",)

    url: SecretAddress | None = None
    url_file: SecretAddressFile | None = None

    @property
    def address(self) -> Secret | None:
        """The address, wherever it was given."""
        return self.url or self.url_file


class Connectivity(Strict):
    """By what our own network is told from a vendor's."""

    url: Annotated[Address, Field(description="Whoever answers there, with any status, proves that our network works.")]


class SelfTestSettings(Strict):
    """Known drifts through the whole pipeline, to a message that operations get."""

    daily: Daily = time(6)


class Retention(Strict):
    """How long raw answers are kept; scores stay."""

    answers: Duration = timedelta(days=90)


class Settings(Strict):
    """Everything in config/driftwatch.yaml."""

    store: Annotated[str, Field(pattern=STORE, repr=False)] = "sqlite:///driftwatch.db"
    store_file: Annotated[
        SecretFile | None, Field(description="A file that holds the address of the store and nothing else.")
    ] = None
    false_alarms: FalseAlarms = FalseAlarms.usual()
    budget: BudgetSettings | None = None
    endpoints: Annotated[tuple[EndpointSettings, ...], Field(min_length=1, max_length=MOST_ENDPOINTS)]
    judges: Mapping[Name, Judge] = {}
    routes: Mapping[Name, Route] = {}
    alerting: Alerting = Alerting.usual()
    watch: Watch | None = None
    connectivity: Connectivity | None = None
    deadman: Deadman | None = None
    selftest: SelfTestSettings = SelfTestSettings.usual()
    retention: Retention = Retention.usual()
    http: Http = Http.usual()
    otel: Otel | None = None
    embed: Embed | None = None

    _file: Path = PrivateAttr(default=Path("config/driftwatch.yaml"))
    _warnings: tuple[Problem, ...] = PrivateAttr(default=())
    _missing_keys: tuple[Problem, ...] = PrivateAttr(default=())

    def remember(self, *, file: Path, warnings: tuple[Problem, ...], missing_keys: tuple[Problem, ...]) -> None:
        """Keep where the settings came from and what was noticed; for the loader alone."""
        self._file, self._warnings, self._missing_keys = file, warnings, missing_keys

    @property
    def file(self) -> Path:
        """The file that was read."""
        return self._file

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed, but worth a look."""
        return self._warnings

    @property
    def missing_keys(self) -> tuple[Problem, ...]:
        """One problem for each endpoint whose vendor wants a key that was not found."""
        return self._missing_keys

    @property
    def root(self) -> Path:
        """The project's folder, which relative paths start from: see `project_root`."""
        return project_root(self._file)

    @model_validator(mode="after")
    def _one_store(self) -> Self:
        if self.store_file is not None and "store" in self.model_fields_set:
            raise refusal("give `store` or `store_file`, not both.", slug="config-secret")
        if not re.match(STORE, self._store_address):
            raise refusal(f"the file of `store_file` must hold an address: {STORE_FORM}", slug="config-secret")
        return self

    @property
    def _store_address(self) -> str:
        return self.store if self.store_file is None else self.store_file.reveal()

    @property
    def store_path(self) -> Path | None:
        """The store's file, absolute; None for a store on a server."""
        address = self._store_address
        return (self.root / address.removeprefix(SQLITE)).absolute() if address.startswith(SQLITE) else None

    @property
    def store_url(self) -> str:
        """The store as SQLAlchemy takes it, a file with its absolute path. It may hold a password."""
        return self._store_address if self.store_path is None else f"{SQLITE}{self.store_path}"

    @property
    def store_name(self) -> str:
        """The store for people: its file, or its address without password and parameters."""
        if self.store_path is not None:
            return str(self.store_path)
        login, host, path, _ = self._store_parts
        user = login.partition(":")[0]
        return f"postgresql://{user}{'@' if user else ''}{host}{path}"

    @property
    def store_secrets(self) -> tuple[Secret, ...]:
        """What of the store's address must never be shown: the password as it is, and as it is written."""
        login, _, _, query = self._store_parts
        given = [login.partition(":")[2], *_QUERY_PASSWORD.findall(query)]
        return tuple(Secret(text) for one in given if one for text in dict.fromkeys((one, unquote(one))))

    @property
    def _store_parts(self) -> tuple[str, str, str, str]:
        """User and password, host and port, path, and parameters of the store's address."""
        found = _SERVER.match(self._store_address)
        login, host, path, query = found.group("login", "host", "path", "query") if found else ("",) * 4
        return login or "", host, path, query

    def probe_paths(self, endpoint: EndpointSettings) -> tuple[Path, ...]:
        """Return an endpoint's golden set files, relative ones seen from the project's folder."""
        return tuple(self.root / name for name in endpoint.probes)


def project_root(file: Path) -> Path:
    """Return the folder that a configuration's relative paths start from.

    It is the folder of the file, or the one above where that folder is called ``config``; so the
    same file works from any working directory.

    Examples
    --------
    >>> project_root(Path("/srv/watch/config/driftwatch.yaml")).as_posix()
    '/srv/watch'
    >>> project_root(Path("/etc/driftwatch/driftwatch.yaml")).as_posix()
    '/etc/driftwatch'
    """
    folder = file.absolute().parent
    return folder.parent if folder.name == "config" else folder
