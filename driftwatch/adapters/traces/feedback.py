"""Scores as Phoenix and MLflow show them: annotations of spans, feedback on traces, over their REST APIs."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from driftwatch.adapters.traces.spans import Redact, Told, span_id, trace_id
from driftwatch.domain.replay import Score
from driftwatch.scorers.verdict import Unscored

BATCH = 500
TIMEOUT_S = 10.0


class FeedbackError(Exception):
    """The scores were not taken."""


class Feedback:
    """Sends the golden set's own scores after their spans.

    What is measured without asking (length, latency, …) stays in the spans' events: MLflow takes one request a score.

    Parameters
    ----------
    kind : {"phoenix", "mlflow"}
    base : str
        The server's address, without ``/v1/traces``.
    """

    def __init__(self, kind: str, base: str, headers: Mapping[str, str], redact: Redact) -> None:
        self._kind, self._base, self._redact = kind, base, redact
        self._client = httpx.Client(headers=dict(headers), timeout=TIMEOUT_S, trust_env=False)

    def send(self, told: Told) -> None:
        """Send the scores of one replay.

        Raises
        ------
        FeedbackError
            If the server does not take them.
        """
        try:
            for path, body in self._phoenix(told) if self._kind == "phoenix" else self._mlflow(told):
                taken = self._client.post(f"{self._base}{path}", json=body)
                if not taken.is_success:
                    raise FeedbackError(f"HTTP {taken.status_code} from {path}")
        except httpx.HTTPError as error:
            raise FeedbackError(type(error).__name__) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _phoenix(self, told: Told) -> Iterator[tuple[str, dict[str, Any]]]:
        listed = [
            {
                "span_id": f"{span_id(told.replay.slot, score.probe_key, score.sample):016x}",
                "name": score.metric,
                "annotator_kind": "CODE",
                "identifier": "driftwatch",
                "result": self._result(score),
            }
            for score in _own(told)
        ]
        for start in range(0, len(listed), BATCH):
            yield "/v1/span_annotations", {"data": listed[start : start + BATCH]}

    def _result(self, score: Score) -> dict[str, Any]:
        if isinstance(score.value, Unscored):
            return {"label": "unscored", "explanation": self._redact(score.value.reason)}
        return {"score": float(score.value)}

    def _mlflow(self, told: Told) -> Iterator[tuple[str, dict[str, Any]]]:
        trace = f"tr-{trace_id(told.replay.slot):032x}"
        for score in _own(told):
            assessment: dict[str, Any] = {
                "assessment_name": score.metric,
                "trace_id": trace,
                "span_id": f"{span_id(told.replay.slot, score.probe_key, score.sample):016x}",
                "source": {"source_type": "CODE", "source_id": "driftwatch"},
            }
            if isinstance(score.value, Unscored):
                error = {"error_code": "UNSCORED", "error_message": self._redact(score.value.reason)}
                assessment["feedback"] = {"error": error}
            else:
                assessment["feedback"] = {"value": float(score.value)}
            yield f"/api/3.0/mlflow/traces/{trace}/assessments", {"assessment": assessment}


def _own(told: Told) -> Iterator[Score]:
    asked = {(probe.key, spec.metric) for probe in told.endpoint.probe_set.probes for spec in probe.scorers}
    return (score for score in told.scores if (score.probe_key, score.metric) in asked)
