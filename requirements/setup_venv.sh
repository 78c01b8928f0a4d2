#!/bin/sh
# Sets up a virtual environment from a hash-locked requirements file:
#
#   sh requirements/setup_venv.sh FOLDER REQUIREMENTS [PROJECT]
#
# and installs the project in the folder PROJECT into it, in editable mode. It returns at once when the
# environment is complete and up to date. FOLDER/.complete is written last and records what was
# installed, so the next run starts over after an interrupted or failed installation.
#
# PYTHON names the interpreter to use. Without it an existing environment keeps its own; a new one gets
# the newest supported Python on PATH. uv is used when it is on PATH (UV names another, UV=none uses pip).
set -eu
umask 022

venv=$1
requirements=$2
project=${3:-}
stamp=$venv/.complete
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_PYTHON_DOWNLOADS=never

fail() {
  echo "$1" >&2
  exit 1
}

# Prints the version and the path of an interpreter that can be used; of a virtual environment, the path
# of the interpreter that it was made from.
probe() {
  "$1" -c '
import sys
if sys.version_info < (3, 11):
    sys.exit(1)
if len(sys.argv) == 1:
    import ensurepip, venv
print(sys.version.split()[0], getattr(sys, "_base_executable", None) or sys.executable)
' ${uv:+uv} 2>/dev/null
}

choose_python() {
  if [ -n "${PYTHON:-}" ]; then
    probe "$PYTHON" ||
      fail "PYTHON=$PYTHON is not a usable Python 3.11 or newer (with its venv module): name another one, or leave PYTHON out."
    return
  fi
  if [ -e "$stamp" ] && probe "$venv/bin/python"; then return; fi
  for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    if probe "$name"; then return; fi
  done
  fail "No usable Python 3.11 or newer (with its venv module) is on PATH: install one, or name it with PYTHON=/path/to/python3."
}

create_with_uv() {
  rm -rf "$venv"
  "$uv" venv --quiet --no-project --python "$python" "$venv" &&
    "$uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r "$requirements"
}

create_with_pip() {
  rm -rf "$venv"
  "$python" -m venv "$venv" &&
    "$venv/bin/python" -m pip install --quiet --require-hashes -r "$requirements"
}

# The build backend, setuptools, and pip itself are among the hash-locked requirements.
install_project() {
  if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e "$project"
  else
    # Without setuptools's warning about every editable installation.
    PYTHONWARNINGS=ignore "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation -e "$project"
  fi
}

uv=$(command -v "${UV:-uv}" || true)
chosen=$(choose_python)
version=${chosen%% *}
python=${chosen#* }

# With the path, because the scripts of an environment do not work in another folder.
environment="$version $PWD/$venv $(cksum <"$requirements")"
metadata=${project:+$(cksum <"$project/pyproject.toml")}
recorded() { sed -n "$1p" "$stamp" 2>/dev/null; }
has_environment() { [ "$(recorded 1)" = "$environment" ] && probe "$venv/bin/python" >/dev/null; }
is_complete() { has_environment && [ "$(recorded 2)" = "$metadata" ]; }

if is_complete; then exit 0; fi
# Of two make commands at the same time, the second waits for the first.
if command -v flock >/dev/null; then
  exec 9>"$venv.lock"
  flock --nonblock 9 || { echo "Waiting for another command that sets up $venv …"; flock 9; }
fi

if ! has_environment; then
  echo "Setting up $venv with Python $version …"
  if [ -z "$uv" ]; then
    create_with_pip
  else
    # uv does not read the configuration of pip, for example the address of a mirror.
    create_with_uv || { echo "uv could not set up $venv; trying pip …" >&2; uv=; create_with_pip; }
  fi || fail "$venv was not set up, for the reason above. The next make command starts over."
  echo "$environment" >"$stamp"
fi
if ! is_complete; then
  install_project || {
    rm -f "$stamp"
    fail "The project was not installed in $venv, for the reason above. The next make command starts over."
  }
  printf '%s\n' "$environment" "$metadata" >"$stamp"
fi
