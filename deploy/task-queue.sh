#!/bin/sh
# Sets the rate limit of the API task queue before the first worker does. Idempotent; run it again
# after a change of the rate. It also resets a rate that an operator has set.
# Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TELEGENT_REQUESTS_PER_MINUTE.
set -eu

per_second=$(awk "BEGIN { print $TELEGENT_REQUESTS_PER_MINUTE / 60 }")
temporal task-queue config set -n "$TEMPORAL_NAMESPACE" --task-queue telegent-api \
    --task-queue-type activity --queue-rps-limit "$per_second" \
    --queue-rps-limit-reason "$TELEGENT_REQUESTS_PER_MINUTE requests a minute" >/dev/null
echo "queue telegent-api hands out $per_second calls a second"
