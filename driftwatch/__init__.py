"""driftwatch pages you when the model behind an unchanged endpoint was silently changed."""
