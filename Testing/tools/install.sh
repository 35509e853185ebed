#!/usr/bin/env bash
# Install this project (editable) into a virtual environment, with the pinned versions where the pins are made for its Python.
# Shows the name of each package as it is fetched; the whole output of pip only where it fails.
# Usage: install.sh VENV REQUIREMENT      such as: install.sh .venv ".[test]"
set -euo pipefail
venv=$1
requirement=$2

pins=()
if "$venv/bin/python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))'; then
    pins=(--constraint constraints.txt)
else
    echo "   constraints.txt is made for Python 3.11 and 3.12; taking the newest versions that fit"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
    --editable "$requirement" ${pins[@]+"${pins[@]}"} 2>&1 | tee "$log" |
    sed -unE 's/^Collecting ([A-Za-z0-9._-]+).*/   \1/p; s/^Processing .*\/([A-Za-z0-9_]+)-[0-9][^/]*$/   \1/p; s/^Installing collected packages.*/   unpacking/p'; then
    cat "$log" >&2
    exit 1
fi
