"""The paths that every daemon serves from its start: no FastAPI, no dashboard."""

from driftwatch.web import health, metrics, reload

ROUTES = (
    ("/healthz", health.healthz, "GET"),
    ("/readyz", health.readyz, "GET"),
    ("/metrics", metrics.metrics, "GET"),
    ("/-/reload", reload.reload, "POST"),
)
"""Path, handler and method."""
