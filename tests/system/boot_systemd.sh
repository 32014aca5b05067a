#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# boot_systemd.sh FOLDER: the systemd of the Debian in FOLDER as the first process of namespaces of its own; as root.
#
# Prints its process id and runs until standard input ends, so that a test that dies takes it along.  Nothing is mounted
# outside its namespace, and its control groups are removed: what is left is the folder.
set -euo pipefail
folder=$1

hierarchy=$(findmnt -n -f -o TARGET -t cgroup2) || { echo 'no cgroup2 is mounted on this machine' >&2; exit 1; }
group=$(mktemp -d "$hierarchy/wps-agent-test.XXXXXX")
first= namespaces=
finish() {
  [ -z "$first" ] || kill -KILL "$first" || true
  [ -z "$namespaces" ] || wait "$namespaces" || true # nobody is in them any more
  find "$group" -depth -type d -exec rmdir {} +
}
trap finish EXIT

first_process() {
  cd "$1"
  read -r own_id _ </proc/self/stat # as it is outside: /proc is still the one of there
  mount --bind . .
  cd "$1"
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=755 tmpfs dev
  for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  ln -s /proc/self/fd/0 dev/stdin
  pivot_root . mnt
  umount -l mnt
  mount --make-rshared / # credentials are mounted for services by others
  echo "$own_id"
  exec env -i container=wps-agent-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system >/dev/null 2>&1
}
export -f first_process

exec {told}< <(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec unshare --mount --pid --net --uts --ipc --cgroup --fork --propagation private \
    bash -euo pipefail -c 'first_process "$1"' first_process "$folder" </dev/null
)
namespaces=$!
read -r first <&"$told" || { echo 'the namespaces of a systemd cannot be set up here' >&2; exit 1; }
echo "$first"
cat >/dev/null
