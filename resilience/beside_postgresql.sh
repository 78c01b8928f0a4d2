#!/bin/sh
# Runs the core of the resilience suite and the measurement of throughput on Temporal's development server
# and on Temporal with PostgreSQL: `make postgresql`. Reads PYTHON. Exit status 1 if anything went wrong.
set -u

failed=0
step() { # module and its options
    echo "== ${RESILIENCE_DATABASE:-development server}: $*"
    "$PYTHON" -m "$@" || failed=1
}

for database in "" postgresql; do
    export RESILIENCE_DATABASE="$database"
    step resilience.fault_matrix --share 0.1
    step resilience.crash --share 0.1 --lanes 6
    step resilience.soak --onboardings 100
done
step resilience.two_servers
step bench.throughput --system "this project" --system "this project on PostgreSQL" --shared-catalogue
step bench.server_settings
exit $failed
