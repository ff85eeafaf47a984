#!/usr/bin/env bash
# All tests, Xvfb inside. Extra arguments go to pytest.
# Without any, two halves run at the same time: windows and pictures wait for other things than hubs do.
set -euo pipefail
cd "$(dirname "$0")/.."
unset DISPLAY WAYLAND_DISPLAY  # the tests bring their own window system, whatever the machine has
bash scripts/postgresql.sh >/dev/null  # the server's programs; each run starts its own
bash scripts/program.sh nft nftables "Tests of a network that loses packets are left out" >/dev/null || true
PYTEST=(bash scripts/with_display.sh "${VENV:-.venv}/bin/python" -m pytest)
[ $# -eq 0 ] || exec "${PYTEST[@]}" "$@"

WINDOWS=(tests/scenes tests/widgets tests/viewer)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"${PYTEST[@]}" -o cache_dir=.pytest_cache/windows "${WINDOWS[@]}" >"$said" 2>&1 &
windows=$!
trap 'kill -TERM "$windows" 2>/dev/null || true; rm -f "$said"' INT TERM
status=0
"${PYTEST[@]}" "${WINDOWS[@]/#/--ignore=}" || status=$?
echo "— scenes, widgets, viewer:"
wait "$windows" || status=$?
cat "$said"
exit "$status"
