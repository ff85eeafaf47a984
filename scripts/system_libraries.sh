#!/usr/bin/env bash
# Installs what Qt 6 and software OpenGL need from the system; without root, prints the one line to run.
set -euo pipefail
packages=(xvfb libgl1 libegl1 libglx-mesa0 libegl-mesa0 libgl1-mesa-dri libopengl0 libxkbcommon0
  libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libfreetype6 libxcb-cursor0 libxcb-icccm4
  libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-sync1
  libxcb-xfixes0 libxcb-xinerama0 libxcb-xkb1 libx11-xcb1 libxrender1 libxi6 libsm6 libice6
  libxext6 libglib2.0-0 fonts-noto-core python3-venv)
if ! command -v dpkg-query >/dev/null; then
  echo "Civitwin: this script knows Debian and Ubuntu only. Install the Qt 6 xcb libraries, Mesa and Xvfb by your system's means." >&2
  exit 0
fi
installed() { # true for a package or the t64 name that newer systems gave it
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed' ||
    dpkg-query -W -f='${Status}' "$1t64" 2>/dev/null | grep -q '^install ok installed'
}
missing=()
for p in "${packages[@]}"; do installed "$p" || missing+=("$p"); done
# A python with venv of its own (not the system's) needs no python3-venv.
if "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null; then
  missing=("${missing[@]/python3-venv/}")
fi
missing=($(printf '%s\n' "${missing[@]:-}" | sed '/^$/d'))
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  echo "Civitwin: installing ${#missing[@]} system packages …"
  apt-get -q update >/dev/null
  apt-get -q install -y --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Civitwin needs ${#missing[@]} system packages. Run this line once, then the same command again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
