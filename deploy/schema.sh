#!/bin/sh
# Creates Temporal's two databases, or updates their schemas. Idempotent.
# Reads POSTGRES_HOST, POSTGRES_USER and the secret postgres_password.
set -eu

SQL_PASSWORD=$(cat /run/secrets/postgres_password)
export SQL_PASSWORD

prepare() { # database, directory of its schema
    sql() {
        temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_HOST" -p 5432 -u "$POSTGRES_USER" "$@"
    }
    sql --db "$1" create
    # Does not change a schema that is newer than 0.0.
    sql --db "$1" setup-schema -v 0.0
    sql --db "$1" update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
