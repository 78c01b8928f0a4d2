"""Benchmarks. They assert nothing and are not tests."""
