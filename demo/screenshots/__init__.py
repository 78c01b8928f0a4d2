"""`make screenshots`: the screenshots in docs/, taken of the Temporal UI in Chromium."""
