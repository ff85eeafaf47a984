#!/usr/bin/env bash
# program.sh PROGRAM PACKAGE WHO: makes a system program available that only tests or benchmarks use,
# and prints where it is. Without root, prints the one line to run.
set -euo pipefail
program=$1 package=$2 who=$3
find_it() { PATH="$PATH:/usr/sbin:/sbin" command -v "$program" || true; }
if [ -z "$(find_it)" ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update >/dev/null
    apt-get -q install -y --no-install-recommends "$package" >/dev/null
  else
    echo "$who: $program is missing. Run this line once: sudo apt-get install -y --no-install-recommends $package" >&2
    exit 1
  fi
fi
find_it
