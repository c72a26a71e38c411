#!/bin/sh
# build.sh [FILE]: builds the optional addon into FILE, by default addon/build/udp-batch.node. Wants a C compiler and `npm ci` done (for the headers that
# come with the pinned Node). Delete the file to go back to node:dgram.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
node="$here/../node_modules/node/bin/node"
[ -x "$node" ] || { echo "build.sh: run npm ci first" >&2; exit 1; }
include=$(find -L "$here/../node_modules/node/node_modules" -maxdepth 4 -type d -path '*/include/node' | head -n 1)
[ -n "$include" ] || include=/usr/include/node
out=${1:-$here/build/udp-batch.node}
mkdir -p "$(dirname "$out")"
"${CC:-cc}" -O2 -Wall -Wextra -shared -fPIC -I"$include" -DNAPI_VERSION=8 -o "$out.new" "$here/udp-batch.c"
mv "$out.new" "$out"
echo "built $out"
