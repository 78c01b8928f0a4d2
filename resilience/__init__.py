"""Resilience tests: fault injection and process crashes, checked against the simulator's ledger."""
