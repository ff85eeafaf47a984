#!/usr/bin/env bash
# Prints one JSON line a figure; arguments choose topics (e.g. frame ingest). Exit 1 if one misses its limit.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
unset DISPLAY WAYLAND_DISPLAY
exec bash scripts/with_display.sh "$VENV/bin/python" -m benchmarks "$@"
