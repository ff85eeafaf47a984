#!/usr/bin/env bash
# Validate imported cities: scripts/validate_tiles.sh CITY...
# Installs gltf-validator (and 3d-tiles-validator, where the registry has it) into build/peers unless PEERS
# names a folder that has them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PEERS=${PEERS:-$here/../build/peers}
mkdir -p "$PEERS"
if [ ! -d "$PEERS/node_modules/gltf-validator" ]; then
  npm install --silent --no-audit --no-fund --prefix "$PEERS" gltf-validator
fi
if [ ! -d "$PEERS/node_modules/3d-tiles-validator" ]; then
  npm install --silent --no-audit --no-fund --prefix "$PEERS" 3d-tiles-validator 2>/dev/null ||
    echo "npm has no 3d-tiles-validator here" >&2
fi
exec node "$here/validate_tiles.mjs" "$@"
