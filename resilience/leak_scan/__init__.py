"""Whether anything that must stay secret can be read where it is stored, logged, shown or sent."""
