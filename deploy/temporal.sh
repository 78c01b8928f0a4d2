#!/bin/sh
# Starts the Temporal server, which reads the database password only from its environment.
set -eu

POSTGRES_PWD=$(cat /run/secrets/postgres_password)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
