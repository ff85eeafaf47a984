#!/usr/bin/env bash
# Makes PostgreSQL's server programs available (Debian and Ubuntu); prints their folder.
# Without root, prints the one line to run. No server is started, none is set up.
set -euo pipefail
programs() { # the newest version's folder
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] && [ -x "$found/initdb" ] && echo "$found"
}
if programs; then exit 0; fi
if command -v initdb >/dev/null && command -v postgres >/dev/null; then dirname "$(command -v initdb)"; exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "Civitwin: this script knows Debian and Ubuntu only. Install PostgreSQL 13 or newer by your system's means." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Civitwin's tests need PostgreSQL. Run this line once, then the same command again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends postgresql" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
config=/etc/postgresql-common/createcluster.conf
if [ ! -e "$config" ]; then # the tests bring their own; Debian would start one at once
  mkdir -p "$(dirname "$config")"
  echo "create_main_cluster = false" >"$config"
fi
echo "Civitwin: installing PostgreSQL …" >&2
apt-get -q update >/dev/null
apt-get -q install -y --no-install-recommends postgresql >/dev/null
programs
