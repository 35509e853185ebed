#!/usr/bin/env bash
# Write constraints.txt anew: the newest versions that fit pyproject.toml, as a fresh environment takes them.
# Wants Python 3.11: of the two Pythons the file serves, packages leave the older one first.
# torch keeps its pin, as the newest may come with CUDA only: raise it by hand, where there is a build for the CPU.
# Usage: make_constraints.sh PYTHON3.11
set -euo pipefail
python=$1
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "Name a Python 3.11: make constraints PYTHON=python3.11" >&2
    exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder"
torch=$(sed -n '/^torch==/p' constraints.txt)
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[test,lint,slicer,train]" "$torch"
{
    sed -n '/^#/p' constraints.txt
    # What CUDA brings is no pin of ours, and "+cpu" is the name of a build, not of a version.
    "$folder/bin/python" -m pip freeze --exclude-editable --exclude pip --exclude setuptools |
        sed -E '/^(nvidia-|cuda-|triton)/d; s/^(torch==[0-9.]+)\+.*/\1/'
} >"$folder/constraints.txt"
mv "$folder/constraints.txt" constraints.txt
echo "constraints.txt: $(grep -vc '^#' constraints.txt) pins"
