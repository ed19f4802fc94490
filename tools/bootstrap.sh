#!/bin/sh
# Find a Python 3.11 to 3.13 with venv and let it make .venv. Usage: sh tools/bootstrap.sh [python]
# Without an argument the usual names are tried. Plain sh: all that a machine with make surely has.
set -u
here=$(dirname "$0")
usable='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

if [ -n "${1:-}" ]; then
  set -- "$1"
else
  set -- python3.11 python3.12 python3.13 python3 python
fi
for python in "$@"; do
  if "$python" -c "$usable" >/dev/null 2>&1; then
    exec "$python" "$here/bootstrap.py"
  fi
done
echo "Python 3.11, 3.12 or 3.13 with venv is needed, and none of these is one: $*; name one with make PYTHON=/path/to/python." >&2
exit 1
