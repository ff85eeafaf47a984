#!/usr/bin/env bash
# All tests, Xvfb inside. Extra arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
unset DISPLAY WAYLAND_DISPLAY  # the tests bring their own window system, whatever the machine has
bash scripts/postgresql.sh >/dev/null  # the server's programs; each run starts its own
exec bash scripts/with_display.sh "${VENV:-.venv}/bin/python" -m pytest "$@"
