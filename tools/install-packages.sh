#!/usr/bin/env bash
# install-packages.sh NAME...: installs Debian packages without letting their services start. Runs as root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
saved=

# One at a time on this machine: the guard below is shared by all.
exec 9<"$(command -v apt-get)"
flock 9

restore() {
  rm -f "$policy"
  [ -z "$saved" ] || mv "$saved" "$policy"
}
# policy-rc.d that exits 101 forbids every start of a service (Debian's invoke-rc.d).
if ! [ -e "$policy" ] || { "$policy" prosody start >/dev/null 2>&1; [ $? != 101 ]; }; then
  if [ -e "$policy" ]; then
    saved=$policy.before-stoxgate
    mv "$policy" "$saved"
  fi
  trap restore EXIT
  trap 'exit 129' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get -q -o DPkg::Lock::Timeout=300 update
apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
