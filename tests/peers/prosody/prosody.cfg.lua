-- Prosody 0.12 for one domain on loopback. The places between @ are filled in by prosody.ts.
run_as_root = true
daemonize = false
pidfile = "@FOLDER@/prosody.pid"
data_path = "@FOLDER@/data"
plugin_paths = { "@PLUGINS@" }
log = { { levels = { min = "@LOG_LEVEL@" }, to = "console" } }
interfaces = { "@CLIENT_ADDRESS@" }
c2s_ports = { @CLIENT_PORT@ }
component_ports = { @COMPONENT_PORTS@ }
component_interfaces = { "@CLIENT_ADDRESS@" }
c2s_direct_tls_ports = {}
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "version", "carbons", "pep", "offline", @MODULES@ }
-- Server-to-server only on loopback, and only where a test wants it: nothing of a test leaves the machine.
@FEDERATION@
authentication = "internal_plain"
storage = "internal"
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
limits = {}
@TLS@
@WEB_SOCKET@
@HOSTS@
