#!/bin/sh
# Installs the packages of debian-packages.txt that are missing, with sudo where that is needed;
# those under "# Measure" only when called with the word bench.
set -eu
here=$(dirname "$0")
missing=
list=$(sed '/^# Measure/,$d' "$here/debian-packages.txt")
[ "${1:-}" != bench ] || list=$(cat "$here/debian-packages.txt")
for entry in $(echo "$list" | grep -v '^#'); do
  package=${entry%%:*}
  program=${entry#"$package"}
  program=${program#:}
  if [ -n "$program" ] && command -v "$program" >/dev/null 2>&1; then continue; fi
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "missing packages:$missing" >&2
    echo "install them as root: apt-get install$missing" >&2
    exit 3
  fi
  as_root=sudo
fi
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
