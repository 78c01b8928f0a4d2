"""For all tests: nothing that Hypothesis tries is judged by how long it takes."""

from hypothesis import HealthCheck, settings

settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")
