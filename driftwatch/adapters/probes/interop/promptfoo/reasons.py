"""Names that differ, and why some of promptfoo's assertions have no scorer here."""

UNKNOWN = "driftwatch has no scorer of this name"

_CODE = "it runs code, which an import never does; rewrite it as `python: checks.py:function`"
_TRACE = "it looks at an agent's trace, and driftwatch sees answers"
_SERVICE = "it asks a service of its own; wrap it in a function for `python:`"
_COMPARES = "it compares several models or prompts, and a golden set asks one endpoint"

ALIASES = {
    "model-graded-factuality": ("factuality",),
    "model-graded-closedqa": ("closed-qa", "closedqa"),
    "is-valid-openai-function-call": ("is-valid-function-call",),
    "trajectory:tool-used": ("tool-used",),
    "trajectory:tool-args-match": ("tool-args-match",),
    "trajectory:tool-sequence": ("tool-sequence",),
}
"""promptfoo's name -> ours, tried where the registry does not have promptfoo's own."""

EMBEDDED = "the embedder of `embed:` compares, not promptfoo's: look whether the threshold fits"
"""What is said of every assertion that compares vectors."""

REASONS = {
    "python": "its code has another signature and is never run by an import; "
    "rewrite it as `python: checks.py:function`, which gets (text, context)",
    "javascript": _CODE,
    "ruby": _CODE,
    "webhook": _SERVICE,
    "classifier": _SERVICE,
    "moderation": _SERVICE,
    "pi": _SERVICE,
    "search-rubric": "its judge searches the web, so that its verdict moves without the endpoint",
    "agent-rubric": "its judge is an agent with tools of its own",
    "select-best": _COMPARES,
    "max-score": _COMPARES,
    "human": "a person grades it",
    "trace-error-spans": _TRACE,
    "trace-span-count": _TRACE,
    "trace-span-duration": _TRACE,
    "skill-used": _TRACE,
    "trajectory:goal-success": _TRACE,
    "trajectory:step-count": _TRACE,
    "trajectory:tool-args-match": _TRACE,
    "trajectory:tool-sequence": _TRACE,
    "trajectory:tool-used": _TRACE,
}
"""Types without a scorer that have a better reason than that."""
