#!/usr/bin/env bash
# Builds the PyInstaller one-folder app into dist/civitwin and lets it test itself.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.venv}
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bundle]'
command -v objdump >/dev/null || { [ "$(id -u)" -eq 0 ] && apt-get -q install -y --no-install-recommends binutils >/dev/null; } ||
  { echo "The bundle needs objdump: sudo apt-get install -y binutils" >&2; exit 1; }
"$VENV/bin/pyinstaller" --noconfirm --log-level WARN --distpath dist --workpath build/pyinstaller packaging/civitwin.spec
du -sh dist/civitwin | awk '{print "dist/civitwin: " $1}'
reference=$(mktemp -d); trap 'rm -rf "$reference"' EXIT
"$VENV/bin/civitwin" selftest --list >"$reference/source"
dist/civitwin/civitwin selftest --list >"$reference/bundle"
diff "$reference/source" "$reference/bundle" || { echo "The bundle's registries differ from the source's" >&2; exit 1; }
bash scripts/with_display.sh dist/civitwin/civitwin selftest --picture dist/selftest.png
