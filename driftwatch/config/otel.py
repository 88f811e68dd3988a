"""Where traces of replays go."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import unquote

from pydantic import BeforeValidator, Field, model_validator

from driftwatch.config.model import Strict
from driftwatch.config.values import Address, SecretFile, refusal
from driftwatch.domain.secret import Secret

_KEYS = re.compile("auth|key|token|secret|cookie|password")


def _as_text(value: object) -> object:
    # Without quotes, YAML reads 1.41 as a number.
    return f"{value}" if isinstance(value, float) else value


class Otel(Strict):
    """An OpenTelemetry collector, or Phoenix, or MLflow, that hears of every answer and its scores."""

    endpoint: Annotated[Address, Field(description="Address; /v1/traces is added where there is no path.")]
    headers_file: Annotated[SecretFile | None, Field(description="A file with name=value,name=value.")] = None
    semconv: Annotated[
        Literal["1.41", "latest"], BeforeValidator(_as_text), Field(description="Version of the GenAI conventions.")
    ] = "1.41"
    content: Annotated[bool, Field(strict=True, description="Whether prompts and answers are sent.")] = False
    scores: Annotated[
        Literal["events", "phoenix", "mlflow"],
        Field(description="Where scores go: events of the spans, and Phoenix's annotations or MLflow's feedback."),
    ] = "events"

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            self.headers  # noqa: B018  # read now, so that a mistake is told with the others
        except ValueError:
            raise refusal(
                "the file must hold name=value,name=value, with special characters percent-encoded.",
                slug="config-secret",
            ) from None
        return self

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with every request."""
        return read_headers(self.headers_file.reveal()) if self.headers_file else {}

    @property
    def secrets(self) -> list[Secret]:
        """The values of the headers that look like keys, and what follows `Bearer` in them."""
        values = [value for name, value in self.headers.items() if _KEYS.search(name)]
        return [Secret(text) for value in values for text in {value, value.rpartition(" ")[2]}]


def read_headers(text: str) -> dict[str, str]:
    """Return headers written as OTEL_EXPORTER_OTLP_HEADERS is: ``name=value,name=value``, values percent-encoded.

    Raises
    ------
    ValueError
        If a part has no name, no ``=``, or something in its value that no header may hold.

    Examples
    --------
    >>> read_headers("x-mlflow-experiment-id=3,authorization=Bearer%20abc")
    {'x-mlflow-experiment-id': '3', 'authorization': 'Bearer abc'}
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if not equals or not re.fullmatch(r"[a-z0-9_.-]+", name) or not value.isprintable() or not value.isascii():
            raise ValueError("a header is name=value")
        found[name] = value
    return found
