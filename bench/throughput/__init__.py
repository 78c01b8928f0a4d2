"""Throughput and cost of onboardings, for several systems in one run; see `__main__`."""
