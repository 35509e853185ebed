#!/usr/bin/env bash
# Install what training needs (torch, MONAI) into a virtual environment, where torch comes built for the CPU.
# For Linux on x86 the package index gives torch with CUDA, several GB that no test uses; that is taken only on a build
# server (environment variable CI), where no test may be skipped. Docs/training.md says how to get it at home.
# Usage: install_training.sh VENV
set -euo pipefail
venv=$1

pins=()
if "$venv/bin/python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))'; then
    pins=(--constraint constraints.txt)
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --dry-run --no-deps --report "$report" \
    "torch>=2.4,<3" ${pins[@]+"${pins[@]}"} 2>/dev/null; then
    echo "   torch has no wheel for this Python on this machine"
    exit 1
fi
if ! "$venv/bin/python" Testing/tools/is_cpu_build.py "$report"; then
    if [ -z "${CI:-}" ]; then
        echo "   torch comes with CUDA here, several GB; not taken (Docs/training.md says how to install it)"
        exit 1
    fi
    echo "   torch comes with CUDA here; taken, as this is a build server"
fi
bash Testing/tools/install.sh "$venv" ".[train]"
