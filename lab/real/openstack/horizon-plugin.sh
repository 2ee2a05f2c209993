#!/bin/bash
# Installs the Horizon plugin into this machine's Horizon as horizon/README.md says, and starts the lab's anew.
#   horizon-plugin.sh FOLDER      what `npm run build:horizon` made
#   horizon-plugin.sh --remove    takes it away; Horizon is not started anew
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/lab.env.sh"
. "$HERE/lib.sh"
[ "$(id -u)" = 0 ] || { echo "horizon-plugin: needs root" >&2; exit 1; }
PACKAGES=/usr/local/lib/python3.11/dist-packages
ENABLED=/usr/lib/python3/dist-packages/openstack_dashboard/local/enabled
SETTINGS=/etc/openstack-dashboard/local_settings.d
MANAGE=/usr/share/openstack-dashboard/manage.py
STATIC=/var/lib/openstack-dashboard/static

rm -rf "$PACKAGES/guts_dashboard" "$ENABLED"/_5[0-3]_guts*.py "$SETTINGS/_50_guts.py" "$STATIC"/guts{,_dashboard}
case ${1:-} in
  --remove) exit ;;
  '') echo "usage: horizon-plugin.sh FOLDER | --remove" >&2; exit 2 ;;
esac
install -d "$PACKAGES"
cp -r "$1/guts_dashboard" "$PACKAGES/"
install -m 644 "$1"/enabled/_5?_guts*.py "$ENABLED/"
install -m 644 "$1/local_settings.d/_50_guts.py" "$SETTINGS/"
/usr/bin/python3 "$MANAGE" collectstatic --noinput 2>&1 | tail -1
stop_services 6 horizon
exec "$HERE/up.sh"
