"""Scorers that may run away, run where they can be killed."""

from driftwatch.adapters.scoring.pool import ScorerPool
from driftwatch.adapters.scoring.process import ScorerProcess

__all__ = ["ScorerPool", "ScorerProcess"]
