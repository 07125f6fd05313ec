#!/bin/sh
# After this version went: by dpkg (remove, purge, upgrade, …) or rpm (how many versions are left).
# What kisi-sync remembers is never deleted, not even by a purge: it says which rights in Kisi are its own, and holds the audit trail.
set -e

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
if [ "$1" = purge ] || [ "$1" = 0 ]; then
  echo "kisi-sync: /etc/kisi-sync, /var/lib/kisi-sync and the account kisi-sync are left as they are; delete them when you want."
fi
