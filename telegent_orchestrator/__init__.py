"""What other services import to start, watch, correct and cancel onboardings and port-ins."""
