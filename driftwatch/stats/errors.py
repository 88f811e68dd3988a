"""The named refusals of the engine: input that has no defined answer."""


class DegenerateError(ValueError):
    """Input or configuration for which no statistic is defined, such as NaN or an ARL below 1."""


class BudgetError(ValueError):
    """A false-alarm budget that cannot be read, or that no threshold can keep."""
