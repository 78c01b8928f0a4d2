"""The demo: everything on this machine, live in the terminal."""
