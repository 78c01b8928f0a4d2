"""Measurements. They assert nothing and are no tests."""
