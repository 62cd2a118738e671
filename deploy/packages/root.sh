# shellcheck shell=bash
# deploy/packages/root.sh - a clean Debian 12 with the packages of a folder in two versions; sourced by deploy/packages/test and test-running.
#
# Arguments: [--root TAR] DIR. It sets $root, $work (removed by who sources it), and in make_root $first and $next, the two versions.

tar=''
[ "${1:-}" != --root ] || { tar=$(realpath -m "$2"); shift 2; }
[ $# = 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
packages=$(cd "$1" && pwd)
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
root=$work/root
failed=0 checked=0

step() { printf '\n=== %s\n' "$*"; }
check() { # check DESCRIPTION COMMAND...
  local what=$1 said
  shift
  checked=$((checked + 1))
  if said=$("$@" 2>&1); then return; fi
  printf 'FAILED: %s\n%s\n' "$what" "${said:+  $said}"
  failed=$((failed + 1))
}
refuse() { ! "$@"; }

# inside COMMAND...: in the root, in process and mount namespaces of its own.
# shellcheck disable=SC2016 # the inner shell expands it
inside() {
  unshare --mount --pid --fork --kill-child --propagation private sh -c '
    root=$1; shift
    mount -t proc proc "$root/proc" && mount -t sysfs -o ro sysfs "$root/sys" && mount --rbind /dev "$root/dev"
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"' sh "$root" "$@"
}
apt() { # An edited conffile is kept, as by the answer that dpkg proposes.
  inside apt-get -y -qq -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    "$@" >"$work/apt.log" 2>&1 </dev/null || { cat "$work/apt.log"; return 1; }
}
# shellcheck disable=SC2016 # dpkg-query expands it
version_of() { inside dpkg-query -W -f '${Version}' "$1"; }
# shellcheck disable=SC2016 # dpkg-query expands it
status_of() { inside dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || echo not-installed; }

# next_version FROM TO FOLDER: the packages as a higher version, with a conffile that has a new line.
next_version() {
  local deb unpacked
  for deb in "$packages"/penstock-{control,dataplane,tools,doc}_*.deb; do
    unpacked=$work/unpacked
    rm -rf "$unpacked"
    dpkg-deb -R "$deb" "$unpacked"
    sed -i "s/^Version: .*/Version: $2/; s/(= $1)/(= $2)/" "$unpacked/DEBIAN/control"
    [ ! -e "$unpacked/etc/penstock/penstock.yaml" ] || echo "# of the next version" >>"$unpacked/etc/penstock/penstock.yaml"
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$unpacked" "$3" >/dev/null
  done
}

# make_root PACKAGES: with these, comma-separated, beside it.
make_root() {
  if [ -z "$tar" ]; then tar=$work/root.tar; fi
  if [ ! -s "$tar" ]; then
    mmdebstrap --quiet --variant=minbase --include=systemd,udev bookworm "$tar"
  fi
  mkdir "$root"
  tar -C "$root" -xf "$tar" --exclude='./dev/*'
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  apt-config dump | grep -E '^Acquire::(Check|http)' >"$root/etc/apt/apt.conf.d/99host" || true
  mkdir "$root/packages"
  cp "$packages"/penstock-{control,dataplane,tools,doc}_*.deb "$root/packages"
  first=$(dpkg-deb -f "$packages"/penstock-control_*.deb Version)
  next=$first.next
  next_version "$first" "$next" "$root/packages"
  (cd "$root/packages" && dpkg-scanpackages -m . >Packages 2>/dev/null)
  echo 'deb [trusted=yes] file:/packages ./' >"$root/etc/apt/sources.list.d/penstock.list"
  apt update
  # shellcheck disable=SC2086 # words
  apt install --no-install-recommends ${1//,/ }
}

report() {
  printf '\n%d checks, %d failed\n' "$checked" "$failed"
  [ "$failed" = 0 ]
}
