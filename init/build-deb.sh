#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# build-deb.sh PYTHON FOLDER: makes FOLDER/wps-agent_VERSION_all.deb for Debian 12 and 13 and Raspberry Pi OS.
#
# PYTHON writes the manual pages and the completion, so it must know wpsagent.  Nothing is compiled, and no debhelper is
# needed: the package is a folder, a list of what it needs, and four short scripts.
set -euo pipefail
python=$(realpath -s "$1")
mkdir -p "$2"
target=$(realpath "$2")
cd "$(dirname "$(readlink -f "$0")")/.."
umask 022

version=$("$python" -c 'import wpsagent; print(wpsagent.__version__)')
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

# ---- the files

copy() { install -D -m "$1" "$2" "$root$3"; }

packages=/usr/lib/python3/dist-packages
for source in agent/wpsagent board/wpsagent_board; do
  while IFS= read -r file; do copy 644 "$source/$file" "$packages/$(basename "$source")/$file"; done \
    < <(cd "$source" && find . -type f -not -name '*.pyc' -printf '%P\n')
done

install -d "$root/usr/bin"
cat >"$root/usr/bin/wps-agent" <<'END'
#!/usr/bin/python3
import sys

from wpsagent.cli import main

sys.exit(main())
END
chmod 755 "$root/usr/bin/wps-agent"

copy 644 init/wps-agent.service /usr/lib/systemd/system/wps-agent.service
copy 644 init/other-users.conf /usr/share/doc/wps-agent/examples/other-users.conf
for hook in init/hooks/*; do copy 755 "$hook" "/usr/share/wps-agent/hooks/$(basename "$hook")"; done
install -d -m 700 "$root/etc/wps-agent"

"$python" init/manual.py "$root/man"
for page in 8 toml.5; do
  gzip -9n "$root/man/wps-agent.$page"
  copy 644 "$root/man/wps-agent.$page.gz" "/usr/share/man/man${page#toml.}/wps-agent.$page.gz"
done
rm -r "$root/man"
"$python" -m wpsagent.cli completion bash >"$root/completion"
copy 644 "$root/completion" /usr/share/bash-completion/completions/wps-agent
rm "$root/completion"

documents=/usr/share/doc/wps-agent
copy 644 README.md "$documents/README.md"
{ cat LICENSE; printf '\n\nwpsagent/dashboard/mqtt is mqtt.js:\n\n'; cat agent/wpsagent/dashboard/mqtt/LICENSE.md; } >"$root/copyright"
copy 644 "$root/copyright" "$documents/copyright"
rm "$root/copyright"
gzip -9nc CHANGELOG.md >"$root/changelog"
copy 644 "$root/changelog" "$documents/changelog.gz"
rm "$root/changelog"
"$python" -m wpsagent.cli config example >"$root$documents/wps-agent.toml.example"
chmod 644 "$root$documents/wps-agent.toml.example"

# ---- what Debian wants to know

install -d "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: wps-agent
Version: $version
Architecture: all
Maintainer: wps-agent
Section: net
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: python3 (>= 3.11), python3-pyroute2 (>= 0.7.2), python3-cryptography (>= 38), python3-paho-mqtt (>= 1.6.1)
Recommends: python3-gpiozero (>= 1.6.2)
Suggests: mosquitto, python3-lgpio
Description: Wi-Fi Protected Setup: button, LED, access point, station, MQTT
 A daemon for small boards that binds a push-button and an LED to Wi-Fi Protected
 Setup.  It is the access point or the station itself, over nl80211, without
 hostapd or wpa_supplicant, and reports over MQTT.
END

script() { cat >"$root/DEBIAN/$1" && chmod 755 "$root/DEBIAN/$1"; }

# deb-systemd-helper remembers whether somebody disabled the service, also over removal and installing again;
# deb-systemd-invoke heeds policy-rc.d.  Both are in every Debian (init-system-helpers is essential).
# Without a configuration the service has nothing to do: its unit says so, and it is started by whoever writes one.
script postinst <<'END'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
  py3compile -p wps-agent
  # The group that may give commands, if control_group says so; others have it too.
  getent group netdev >/dev/null || groupadd --system netdev
  deb-systemd-helper unmask wps-agent.service >/dev/null || true
  if deb-systemd-helper --quiet was-enabled wps-agent.service; then
    deb-systemd-helper enable wps-agent.service >/dev/null || true
  else
    deb-systemd-helper update-state wps-agent.service >/dev/null || true
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    action=start
    [ -z "$2" ] || action=restart
    deb-systemd-invoke $action wps-agent.service >/dev/null || true
  fi
  [ -e /etc/wps-agent/wps-agent.toml ] || \
    echo "wps-agent: write /etc/wps-agent/wps-agent.toml (wps-agent config example), then: systemctl start wps-agent"
fi
END

script prerm <<'END'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop wps-agent.service >/dev/null || true
fi
py3clean -p wps-agent
END

# Whoever purges it wants its passphrases gone too.
script postrm <<'END'
#!/bin/sh
set -e
case $1 in
  remove)
    deb-systemd-helper mask wps-agent.service >/dev/null || true
    ;;
  purge)
    deb-systemd-helper purge wps-agent.service >/dev/null || true
    deb-systemd-helper unmask wps-agent.service >/dev/null || true
    rm -rf /etc/wps-agent /var/lib/wps-agent
    ;;
esac
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
END

dpkg-deb --root-owner-group -Zxz --build "$root" "$target/wps-agent_${version}_all.deb" >/dev/null
echo "$target/wps-agent_${version}_all.deb"
