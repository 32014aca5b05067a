#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# build.sh DIR: the lab's kernel, its init and its device tree, built into DIR from Debian's kernel source.
#
# Leaves DIR/linux (User-Mode Linux, stripped), DIR/init, DIR/lab.dtb and DIR/config (what it was built with); the
# unpacked source (1.5 GB) is removed again.  Where DIR/linux is there already, only what is missing or older than its source is made.
#   Debian packages: a linux-source-* (`build.sh --package` names the one to take), flex bison bc make gcc libc6-dev xz-utils
#   WPS_LAB_SOURCE: a kernel tarball to use instead of /usr/src/linux-source-*.tar.xz
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

die() { echo "build.sh: $*" >&2; exit 1; }

# The kernels that the fragment beside this file is known to suit, the best known first.
versions="6.1 6.12"

has_candidate() { # asked for 6.1 where there is none, apt answers for 6.12
  case $(LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n "1{/^$1:\$/!q}; s/^ *Candidate: //p") in "" | "(none)") return 1 ;; esac
}

if [ "${1:-}" = --package ]; then
  for package in $(printf 'linux-source-%s ' $versions) linux-source; do
    if has_candidate "$package"; then echo "$package"; exit 0; fi
  done
  die "apt offers no linux-source package; give a kernel tarball in WPS_LAB_SOURCE"
fi

target=${1:?the folder to build into}
mkdir -p "$target"
target=$(cd "$target" && pwd)

find_source() {
  local tarball
  if [ -n "${WPS_LAB_SOURCE:-}" ]; then echo "$WPS_LAB_SOURCE"; return; fi
  for tarball in $(printf '/usr/src/linux-source-%s.tar.xz ' $versions) /usr/src/linux-source-*.tar.xz; do
    if [ -f "$tarball" ]; then echo "$tarball"; return; fi
  done
  die "no kernel source in /usr/src; \`make lab\` installs it, or as root: apt-get install linux-source"
}

build_kernel() {
  local tarball work=$target source output log=$target/build.log
  tarball=$(find_source)
  # The kernel's makefiles refuse folders with such names.
  case $target in *[[:space:]:]*) work=$(mktemp -d /var/tmp/wps-lab-kernel.XXXXXX) ;; esac
  source=$work/source output=$work/objects
  rm -rf "$source" "$output"
  mkdir -p "$source" "$output"
  echo "lab kernel: unpacking $tarball"
  tar xf "$tarball" -C "$source" --strip-components=1
  echo "lab kernel: building (5 to 15 minutes on two cores; the compiler's words go to $log)"
  {
    make -s -C "$source" ARCH=um O="$output" KCONFIG_ALLCONFIG="$here/uml.fragment" alldefconfig
    nice make -s -C "$source" -j"$(nproc)" ARCH=um O="$output" linux
  } >"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; die "the kernel did not build, see $log"; }
  cp "$output/.config" "$target/config"
  cp "$output/scripts/dtc/dtc" "$target/dtc"
  strip "$output/linux" -o "$target/linux.new"
  rm -rf "$source" "$output"
  [ "$work" = "$target" ] || rmdir "$work"
  mv "$target/linux.new" "$target/linux"
}

build_device_tree() {
  local compiler=$target/dtc
  [ -x "$compiler" ] || compiler=$(command -v dtc) || die "no device tree compiler; as root: apt-get install device-tree-compiler"
  "$compiler" -q -I dts -O dtb -o "$target/lab.dtb" "$here/lab.dts"
}

if [ ! -x "$target/linux" ] && [ "${2:-}" != --no-kernel ]; then
  started=$SECONDS
  build_kernel
  echo "lab kernel: built in $((SECONDS - started)) s"
fi
[ "$target/init" -nt "$here/init.c" ] || gcc -static -O2 -s -Wall -Wextra -o "$target/init" "$here/init.c"
[ "$target/lab.dtb" -nt "$here/lab.dts" ] || build_device_tree
