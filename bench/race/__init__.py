"""Several systems that onboard, side by side: throughput, cost, and the fault matrix."""
