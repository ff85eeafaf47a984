#!/usr/bin/env bash
# Runs a command; where there is no display it gets an Xvfb of its own, which ends with it.
set -euo pipefail
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then exec "$@"; fi
display_file=$(mktemp)
Xvfb -displayfd 3 -screen 0 "${CIVITWIN_SCREEN:-1920x1080x24}" -nolisten tcp +extension GLX 3>"$display_file" >/dev/null 2>&1 &
xvfb=$!
cleanup() { kill "$xvfb" 2>/dev/null || true; wait "$xvfb" 2>/dev/null || true; rm -f "$display_file"; }
trap cleanup EXIT
for _ in $(seq 100); do [ -s "$display_file" ] && break; sleep 0.1; done
[ -s "$display_file" ] || { echo "Civitwin: no display, and Xvfb did not start within 10 s" >&2; exit 1; }
export DISPLAY=":$(tr -d '[:space:]' <"$display_file")" QT_QPA_PLATFORM=xcb
"$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null || true' INT TERM
status=0; wait "$child" || status=$?
exit "$status"
