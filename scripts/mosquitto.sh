#!/usr/bin/env bash
# Installs the MQTT broker that the load benchmark compares with, and prints where it is.
set -euo pipefail
broker() { command -v mosquitto || { [ -x /usr/sbin/mosquitto ] && echo /usr/sbin/mosquitto; } || true; }
if [ -z "$(broker)" ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update >/dev/null
    apt-get -q install -y --no-install-recommends mosquitto >/dev/null
  else
    echo "The load benchmark compares with mosquitto. Run this line once: sudo apt-get install -y --no-install-recommends mosquitto" >&2
    exit 1
  fi
fi
broker
