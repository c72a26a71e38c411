# Installs what the checkout needs, for ./demo and ./test. Sourced by bash; expects $root, the checkout.

fail() { printf '%s\n' "$*" >&2; exit 1; }

# need_packages NAME...: Debian packages, installed without starting their services.
need_packages() {
  local name missing=()
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null)" = 'ii ' ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "These Debian packages are needed, and there is no apt-get here: ${missing[*]}"
  printf 'Installing with apt-get: %s\n' "${missing[*]}" >&2
  if [ "$(id -u)" = 0 ]; then
    bash "$root/tools/install-packages.sh" "${missing[@]}" >&2 || fail "apt-get could not install: ${missing[*]}"
  elif command -v sudo >/dev/null; then
    sudo bash "$root/tools/install-packages.sh" "${missing[@]}" >&2 || fail "apt-get could not install: ${missing[*]}"
  else
    fail "These Debian packages are needed. Run this as root, or install them first: apt-get install ${missing[*]}"
  fi
}

# need_node_modules: node_modules as package-lock.json says; the pinned Node comes with it.
need_node_modules() {
  local version
  # Two runs at the same time must not both unpack; the lock goes with the process.
  exec 8<"$root/package-lock.json"
  flock 8
  if ! node_modules_are_current; then
    command -v node >/dev/null || fail 'Node.js 20 or newer is needed to install the rest: https://nodejs.org, or apt-get install nodejs npm'
    version=$(node -p 'parseInt(process.versions.node)')
    [ "$version" -ge 20 ] || fail "Node.js 20 or newer is needed to install the rest; this is $(node --version)"
    command -v npm >/dev/null || fail 'npm is needed to install the rest: apt-get install npm'
    printf 'Installing node_modules (npm ci) ...\n' >&2
    (cd "$root" && npm ci --no-audit --no-fund >&2) || fail 'npm ci did not succeed'
    node_modules_are_current || fail 'node_modules is not what package-lock.json says, even after npm ci'
  fi
  exec 8<&-
}

# npm writes what it installed to node_modules/.package-lock.json: compare each entry that is not optional.
node_modules_are_current() {
  local node=$root/node_modules/node/bin/node
  [ -x "$node" ] && [ -f "$root/node_modules/.package-lock.json" ] || return 1
  "$node" - "$root" <<'JS'
const { readFileSync } = require('node:fs');
const read = (name) => JSON.parse(readFileSync(`${process.argv[2]}/${name}`, 'utf8')).packages;
const wanted = read('package-lock.json');
const installed = read('node_modules/.package-lock.json');
for (const [path, entry] of Object.entries(wanted)) {
  if (path === '' || (entry.optional && installed[path] === undefined)) continue;
  const found = installed[path];
  if (found?.version !== entry.version || found.integrity !== entry.integrity) process.exit(1);
}
JS
}
