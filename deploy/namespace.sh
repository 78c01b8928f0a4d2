#!/bin/sh
# Creates the namespace unless it exists, sets its retention, and waits until it can be used.
# Idempotent. Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and RETENTION (such as 90d).
set -eu

wait_for() { # description, then the command to wait for
    what=$1
    shift
    attempts=0
    until "$@" >/dev/null 2>&1; do
        attempts=$((attempts + 1))
        if [ "$attempts" -ge 60 ]; then
            echo "not available after $attempts attempts: $what; the last attempt said:" >&2
            "$@"
            exit 1
        fi
        sleep 2
    done
}

wait_for "Temporal at $TEMPORAL_ADDRESS" temporal operator cluster health
if temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    temporal operator namespace update -n "$TEMPORAL_NAMESPACE" --retention "$RETENTION" >/dev/null
else
    temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
# The services of the server learn of a new namespace at different times.
wait_for "namespace $TEMPORAL_NAMESPACE" temporal workflow list -n "$TEMPORAL_NAMESPACE" --limit 1
echo "namespace $TEMPORAL_NAMESPACE is ready"
