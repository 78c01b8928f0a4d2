#!/bin/sh
# Writes the secrets of docker-compose.yml to deploy/secrets/, except for files that exist.
# Your Telegent credentials are read from TELEGENT_ACCOUNT_KEY and TELEGENT_ACCOUNT_SECRET; without
# them the simulator's are written, with a note on standard error.
set -eu

cd "$(dirname "$0")"
mkdir -p secrets
# The folder is closed to other users. The files are readable for all, because the users of the
# containers read them through mounts that bypass the folder.
chmod 700 secrets

random() { # number of bytes, as base64
    head -c "$1" /dev/urandom | base64 | tr -d '\n'
}

write() { # file, content
    if [ -e "secrets/$1" ]; then
        echo "secrets/$1 exists, left alone"
    else
        printf '%s' "$2" >"secrets/$1"
        chmod 444 "secrets/$1"
        echo "secrets/$1 written"
    fi
}

credential() { # file, name of the variable, its value, value for the simulator
    if [ -e "secrets/$1" ]; then
        if [ -n "$3" ] && [ "$3" != "$(cat "secrets/$1")" ]; then
            echo "secrets/$1 holds something else than $2: remove the file to have it written" >&2
        fi
    elif [ -z "$3" ]; then
        echo "$2 is not set: secrets/$1 gets what only the simulator accepts" >&2
    fi
    write "$1" "${3:-$4}"
}

write postgres_password "$(random 24 | tr '+/' '-_')"
write payload_keys "k1:$(random 32)"
write codec_operators "operator:$(random 24 | tr '+/' '-_')"
write grafana_password "$(random 24 | tr '+/' '-_')"
write id_key "$(random 32)"
write webhook_token "$(random 24 | tr '+/' '-_')"
credential account_key TELEGENT_ACCOUNT_KEY "${TELEGENT_ACCOUNT_KEY:-}" DID-simulator
credential account_secret TELEGENT_ACCOUNT_SECRET "${TELEGENT_ACCOUNT_SECRET:-}" \
    simulator-secret-not-real
