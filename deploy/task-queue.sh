#!/bin/sh
# Tells Temporal how many calls to Telegent it may hand out, before the first worker does. Can be run
# again, as after a change of the number; it also ends what an operator has set meanwhile.
# Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TELEGENT_REQUESTS_PER_MINUTE.
set -eu

per_second=$(awk "BEGIN { print $TELEGENT_REQUESTS_PER_MINUTE / 60 }")
temporal task-queue config set -n "$TEMPORAL_NAMESPACE" --task-queue telegent-api \
    --task-queue-type activity --queue-rps-limit "$per_second" \
    --queue-rps-limit-reason "$TELEGENT_REQUESTS_PER_MINUTE requests a minute" >/dev/null
echo "queue telegent-api hands out $per_second calls a second"
