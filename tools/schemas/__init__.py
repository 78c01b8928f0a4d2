"""JSON Schemas of what crosses Temporal, for callers in any language: `make schemas`."""
