"""A baseline: the same onboarding with Temporal's default retries and without lookups."""
