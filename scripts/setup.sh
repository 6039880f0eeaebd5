#!/usr/bin/env bash
# Puts libtorch, the weights of CHGNet and SevenNet, and the library of ligands into third_party/ (or into the folder
# DRUSE_THIRD_PARTY), and installs xtb where it may. Needs python3 (3.9 or newer) with pip and, the
# first time, the network; see setup.py.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "make setup: $1" >&2; exit 1; }

command -v python3 >/dev/null || fail "python3 is not installed; install python3 (3.9 or newer) and pip, then run it again"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' \
    || fail "python3 is $(python3 -c 'import platform; print(platform.python_version())'); 3.9 or newer is needed"
exec python3 "$root/scripts/setup.py" "${DRUSE_THIRD_PARTY:-$root/third_party}"
