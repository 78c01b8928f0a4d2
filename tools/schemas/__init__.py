"""JSON Schemas of all payloads in Temporal, for callers in any language: `make schemas`."""
