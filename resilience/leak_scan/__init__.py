"""Leak scan: whether secrets can be read where they are stored, logged, shown or sent."""
