#!/usr/bin/env bash
# Resolves pyproject.toml for every platform into constraints.txt (no hosts are written).
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$(mktemp -d); trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool" && "$tool/bin/pip" install -q uv
"$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --all-extras --no-emit-index-url \
  --no-annotate --no-header --strip-extras pyproject.toml -o constraints.txt
