#!/usr/bin/env bash
# The whole quick test suite: installs what is missing, then tools/run-tests.ts.
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")
. "$root/tools/install-needs.sh"
case " $* " in
  *' --unit '*) ;;
  *) need_packages openssl prosody kamailio baresip-core linphone-cli sip-tester python3-slixmpp ejabberd jabberd2 ;;
esac
need_node_modules
exec "$root/node_modules/node/bin/node" "$root/tools/run-tests.ts" "$@"
