"""The same onboarding as it is written first: default retries, and no look before a repeat."""
