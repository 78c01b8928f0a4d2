"""How long tests wait for what must come."""

TEST_TIMEOUT = 90.0
"""Seconds. They only end what would hang: a busy machine needs many, and judges nothing by them."""
