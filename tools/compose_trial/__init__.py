"""Runs docker-compose.yml on this machine without a registry, and says what differs from its words.

Every image that cannot be pulled is stood in for by a local one of the same name.
"""
