#!/usr/bin/env bash
# System libraries, a virtual environment and the tested dependencies (constraints.txt).
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}; VENV=${VENV:-.venv}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Civitwin needs Python 3.11 or newer; $PYTHON is $("$PYTHON" -V 2>&1). Try: make PYTHON=python3.11 …" >&2; exit 1; }
PYTHON="$PYTHON" bash scripts/system_libraries.sh
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
echo "Civitwin: installing dependencies into $VENV …"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,formats,nats,postgresql,video]'
touch "$VENV/.done"
