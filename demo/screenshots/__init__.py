"""`make screenshots`: the pictures in docs/, taken of the Temporal UI in a real browser."""
