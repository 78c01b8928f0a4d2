"""The same onboarding on DBOS, whose steps are retried as its documentation shows."""
