#!/bin/sh
# Before this version goes: by dpkg (remove, upgrade, …) or rpm (how many versions are left). An upgrade leaves the service running;
# the next version restarts it.
set -e

if [ "$1" = remove ] || [ "$1" = 0 ]; then
  if [ -d /run/systemd/system ]; then
    systemctl disable --now kisi-sync.service || true
    systemctl stop 'kisi-sync@*.service' || true
  fi
fi
