#!/usr/bin/env bash
# Validate imported cities: scripts/validate_tiles.sh CITY...
# Installs gltf-validator and 3d-tiles-tools (and 3d-tiles-validator, where the registry has it) into build/peers
# unless PEERS names a folder that has them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PEERS=${PEERS:-$here/../build/peers}
mkdir -p "$PEERS"
# Without scripts: what 3d-tiles-tools would build for SQLite files is not needed here.
add() { [ -d "$PEERS/node_modules/$1" ] || npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$PEERS" "$1"; }
add gltf-validator
add 3d-tiles-tools
add 3d-tiles-validator 2>/dev/null || echo "npm has no 3d-tiles-validator here" >&2
exec node "$here/validate_tiles.mjs" "$@"
