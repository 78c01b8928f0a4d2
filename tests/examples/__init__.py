"""The examples for other services, run as their documents say."""
