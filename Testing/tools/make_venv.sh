#!/usr/bin/env bash
# Make a virtual environment, or keep the one that is there if it works and has the same Python version.
# Usage: make_venv.sh FOLDER PYTHON
set -euo pipefail
folder=$1
python=${2:-}

if [ -z "$python" ]; then
    echo "No Python 3.10 or newer was found. Install one, or name it: make PYTHON=/path/to/python3" >&2
    exit 1
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || {
    echo "$python does not run. Name a working Python: make PYTHON=/path/to/python3" >&2
    exit 1
}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "$python is Python $version; OsteoScreen needs 3.10 or newer. Name another one: make PYTHON=/path/to/python3" >&2
    exit 1
fi

if ! "$python" -c 'import venv, ensurepip; ensurepip.version()' 2>/dev/null; then
    package="python$version-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "== Installing the system package $package: without it Python cannot make a virtual environment"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    else
        echo "$python cannot make a virtual environment: its module ensurepip is absent." >&2
        echo "Install it (on Debian or Ubuntu: sudo apt install $package) and run make again." >&2
        exit 1
    fi
fi

there=$("$folder/bin/python" -c 'import sys; import pip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
if [ "$there" != "$version" ]; then
    echo "== Making the virtual environment $folder with Python $version"
    "$python" -m venv --clear "$folder"
fi
