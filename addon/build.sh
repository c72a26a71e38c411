#!/bin/sh
# Builds the optional addon into addon/build/udp-batch.node. Wants a C compiler and `npm ci` done (for the headers that
# come with the pinned Node). Delete the file to go back to node:dgram.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
node="$here/../node_modules/node/bin/node"
[ -x "$node" ] || { echo "build.sh: run npm ci first" >&2; exit 1; }
include=$(find -L "$here/../node_modules/node/node_modules" -maxdepth 4 -type d -path '*/include/node' | head -n 1)
[ -n "$include" ] || include=/usr/include/node
mkdir -p "$here/build"
"${CC:-cc}" -O2 -Wall -Wextra -shared -fPIC -I"$include" -DNAPI_VERSION=8 -o "$here/build/udp-batch.node.new" "$here/udp-batch.c"
mv "$here/build/udp-batch.node.new" "$here/build/udp-batch.node"
echo "built addon/build/udp-batch.node"
