"""OpenTelemetry traces of replays: a span for each answer, an evaluation event for each score."""
