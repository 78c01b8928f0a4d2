"""What settings of the Temporal server on PostgreSQL change; see `__main__`."""
