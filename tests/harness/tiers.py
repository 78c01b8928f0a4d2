"""Which cases of a test run on every change."""

import pytest


def sampled(first: object, *others: object) -> list[object]:
    """Cases of a parametrized test: the first for `make test`, the others for the resilience tier.

    A case of several values is a tuple.
    """
    rest = [other if isinstance(other, tuple) else (other,) for other in others]
    return [first, *(pytest.param(*values, marks=pytest.mark.resilience) for values in rest)]
