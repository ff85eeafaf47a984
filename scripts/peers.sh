#!/usr/bin/env bash
# Installs the programs that benchmarks compare with: Chromium (system), CesiumJS (npm), into build/peers.
set -euo pipefail
cd "$(dirname "$0")/.."
browser() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }
if [ -z "$(browser)" ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update >/dev/null
    apt-get -q install -y --no-install-recommends chromium >/dev/null
  else
    echo "The benchmarks against CesiumJS need Chromium. Run this line once: sudo apt-get install -y --no-install-recommends chromium" >&2
    exit 1
  fi
fi
command -v npm >/dev/null || { echo "The benchmarks against CesiumJS need Node.js and npm 20 or newer." >&2; exit 1; }
mkdir -p build/peers
cp benchmarks/peers/cesium/package.json build/peers/package.json
(cd build/peers && npm install --silent --no-audit --no-fund >/dev/null)
browser
