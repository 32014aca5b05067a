#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# boot_systemd.sh FOLDER: the systemd of the Debian in FOLDER as the first process of namespaces of its own; as root.
#
# Prints its process id, shows its console on standard error, and runs until standard input ends, so that a test that
# dies takes it along.  Nothing is mounted or set outside its namespaces, and its control groups are removed: what is
# left is the folder.
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
  read -r own_id _ </proc/self/stat # as it is outside: /proc is still the one of there
  # In a chroot / is no mount point, and what is mounted below it may show outside.  This is one, and can be made ours.
  mount --make-private "$hierarchy"
  mount --bind "$folder" "$hierarchy"
  mount --make-private "$hierarchy"
  cd "$hierarchy"
  mount -t proc proc proc
  mount --bind -o ro proc/sys proc/sys # much of it is the whole kernel's
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=755 tmpfs dev
  for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  stty columns 160
  touch dev/console
  mount --bind "$(tty)" dev/console
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  ln -s /proc/self/fd/0 dev/stdin
  mount --make-rshared . # credentials are mounted for services by others
  echo "$own_id" >&3
  exec chroot . env -i container=wps-agent-test TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system systemd.getty_auto=no 3>&-
}
export -f first_process
export folder hierarchy

# A pseudo-terminal is the console: systemd says nothing to anything else before there is a journal.
apart='unshare --mount --pid --net --uts --ipc --cgroup --fork --propagation unchanged'
exec {told}< <(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec 3>&1 >&2 </dev/null
  SHELL=$BASH exec script --quiet --flush --command "$apart bash -euo pipefail -c first_process" /dev/null
)
namespaces=$!
read -r first <&"$told" || { echo 'the namespaces of a systemd cannot be set up here' >&2; exit 1; }
echo "$first"
cat >/dev/null
