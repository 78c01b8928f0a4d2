"""`python -m demo life`: the whole life of one line, from its onboarding to its win back."""
