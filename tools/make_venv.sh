#!/bin/sh
# Make a virtual environment with pip in it: tools/make_venv.sh FOLDER PYTHON
# A fresh Debian has python3 and pip but no ensurepip; its own pip then serves the new environment from outside.
set -eu
venv=$1
python=${2:-}

if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found=$("${python:-python3}" --version 2>/dev/null || echo none)
    echo "calcannot needs Python 3.11 or newer and found $found: install one and say make PYTHON=python3.12" >&2
    exit 1
fi

"$python" -m venv --clear --without-pip "$venv"
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$venv/bin/python" -m ensurepip --upgrade --default-pip >/dev/null
elif ! "$python" -m pip --python "$venv/bin/python" --disable-pip-version-check install --quiet pip; then
    rm -rf "$venv"
    echo "$python can make no virtual environment with pip: install python3-pip or python3-venv" >&2
    exit 1
fi
