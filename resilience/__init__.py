"""Trials of the whole: faults at every vendor call, judged by the simulator's ledger."""
