#!/bin/sh
# Writes the secrets of docker-compose.yml to deploy/secrets/. Files that exist are left alone.
# Your Telegent credentials come from TELEGENT_ACCOUNT_KEY and TELEGENT_ACCOUNT_SECRET; without
# them the files get what the simulator accepts.
set -eu

cd "$(dirname "$0")"
mkdir -p secrets
# The folder keeps other users out. The files are readable, because the containers' users, which
# are not you, read them through mounts that bypass the folder.
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

write postgres_password "$(random 24 | tr '+/' '-_')"
write payload_keys "k1:$(random 32)"
write codec_operators "operator:$(random 24 | tr '+/' '-_')"
write grafana_password "$(random 24 | tr '+/' '-_')"
write id_key "$(random 32)"
write webhook_token "$(random 24 | tr '+/' '-_')"
write account_key "${TELEGENT_ACCOUNT_KEY:-DID-simulator}"
write account_secret "${TELEGENT_ACCOUNT_SECRET:-simulator-secret-not-real}"
