"""What happens, in which order, for how long."""
