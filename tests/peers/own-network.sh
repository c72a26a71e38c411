#!/usr/bin/env bash
# own-network.sh 4|6 COMMAND…: runs it in private namespaces with the hosts of own-network.ts; as root, or as any user where
# user namespaces are allowed. When it ends everything that it left running is ended.
set -euo pipefail
if [ "${1:-}" != inside ]; then
  user=()
  [ "$(id -u)" = 0 ] || user=(--map-root-user)
  exec setpriv --pdeathsig KILL -- unshare "${user[@]}" --mount --net --pid --fork --mount-proc --kill-child "$0" inside "$@"
fi
family=$2
shift 2
ip link set lo up
# An interface whose other end listens to nobody: what goes to 66 gets no answer, not even a refusal.
ip link add silent type veth peer name nowhere
ip link set silent up
ip link set nowhere up
hosts=(10 20 21 22 30 31 40 41 53 99)
case $family in
  4)
    for host in "${hosts[@]}"; do ip address add "10.77.0.$host/32" dev lo; done
    # Not of the loopback interface: ICE takes none of its addresses (RFC 8445 §5.1.1.1).
    ip address add 10.77.0.70/32 dev silent
    ip route add 10.77.0.66/32 dev silent src 10.77.0.40
    ip neighbour add 10.77.0.66 lladdr 02:00:00:00:00:66 dev silent nud permanent
    dns=10.77.0.53 ;;
  6)
    ip address del 127.0.0.1/8 dev lo
    for host in "${hosts[@]}"; do ip address add "fd00:77::$host/128" dev lo nodad; done
    ip route add fd00:77::66/128 dev silent src fd00:77::40
    ip neighbour add fd00:77::66 lladdr 02:00:00:00:00:66 dev silent nud permanent
    dns=fd00:77::53 ;;
esac
etc=$(mktemp -d)
printf 'nameserver %s\noptions timeout:1 attempts:2\n' "$dns" >"$etc/resolv.conf"
if [ "$family" = 4 ]; then printf '127.0.0.1 localhost\n'; else printf '::1 localhost\n'; fi >"$etc/hosts"
mount --bind "$etc/resolv.conf" /etc/resolv.conf
mount --bind "$etc/hosts" /etc/hosts
# The mounts keep the files.
rm -r "$etc"
exec "$@"
