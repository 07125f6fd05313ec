#!/bin/sh
# After a new version was laid down, by dpkg (configure VERSION-BEFORE) or rpm (how many versions there are then).
# It makes the account and the folder when they are not there, and nothing that is there is changed.
set -e

user=kisi-sync
if ! getent passwd "$user" >/dev/null; then
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers kisi-sync.conf
  else
    useradd --system --user-group --home-dir /var/lib/kisi-sync --no-create-home --shell /usr/sbin/nologin "$user"
  fi
fi

# Its files are read by the account and by root; secrets lie there too.
[ -d /etc/kisi-sync ] || install -d -m 0750 -o root -g "$user" /etc/kisi-sync
# As systemd makes it for the service, so that verbs look for the state there before its first start, too.
[ -d /var/lib/kisi-sync ] || install -d -m 0700 -o "$user" -g "$user" /var/lib/kisi-sync

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # What runs goes on with the new program; what does not run is not started.
  systemctl try-restart kisi-sync.service 'kisi-sync@*.service' || true
fi

# Said once, on the first installation.
if [ "$1" = configure ] && [ -z "$2" ] || [ "$1" = 1 ]; then
  cat <<'TEXT'
kisi-sync is installed and not yet running.
  next: install -m 640 -g kisi-sync /usr/share/kisi-sync/config.example.yaml /etc/kisi-sync/config.yaml, and edit it
        sudo -u kisi-sync kisi-sync check --config /etc/kisi-sync/config.yaml
        systemctl enable --now kisi-sync
TEXT
fi
