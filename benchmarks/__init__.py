"""Measurements of driftwatch, each with the command that made it."""
