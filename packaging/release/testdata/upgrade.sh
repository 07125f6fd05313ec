#!/bin/bash
# Installs the version before, lives in it, upgrades, looks, removes: with the real dpkg and rpm as root, in a copy of this machine's
# root that is gone when the script ends (an overlay in a mount namespace of its own, which unshare makes).
#   unshare --mount --net bash upgrade.sh KIND BEFORE AFTER STATE CONFIG
set -euo pipefail
kind=$1 before=$2 after=$3 state=$4 config=$5

# A world of its own.
if [ -z "${INSIDE:-}" ]; then
  stage=$(mktemp -d)
  mount -t tmpfs none "$stage"
  mkdir "$stage"/{up,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$stage/up,workdir=$stage/work" "$stage/root"
  mount --rbind /dev "$stage/root/dev"
  mount -t proc proc "$stage/root/proc"
  mount -t tmpfs none "$stage/root/run"
  mkdir "$stage/root/given"
  cp "$before" "$stage/root/given/before.$kind"
  cp "$after" "$stage/root/given/after.$kind"
  cp "$state" "$stage/root/given/state.db"
  cp "$config" "$stage/root/given/config.yaml"
  cp "$0" "$stage/root/given/upgrade.sh"
  INSIDE=1 chroot "$stage/root" bash /given/upgrade.sh "$kind" - - - -
  exit
fi

fail() { echo "FAIL: $*"; exit 1; }
say() { echo "ok: $*"; }
as() { setpriv --reuid=kisi-sync --regid=kisi-sync --init-groups "$@"; }
# All that an upgrade must leave alone: names, owners, modes, contents.
kept() { find /etc/kisi-sync /var/lib/kisi-sync /etc/systemd/system/kisi-sync.service.d -printf '%p %u:%g %m\n' -type f -exec sha256sum {} \; | sort; }

case $kind in
  deb) install() { dpkg --install "$1"; }; remove() { dpkg --remove kisi-sync; dpkg --purge kisi-sync; } ;;
  rpm) install() { rpm --upgrade --nodeps "$1"; }; remove() { rpm --erase kisi-sync; } ;;
esac

install /given/before.$kind | tee /tmp/first
grep -q 'not yet running' /tmp/first || fail "the first installation says nothing about what comes next"
getent passwd kisi-sync | grep -q nologin || fail "there is no account"
[ "$(stat -c '%U:%G %a' /etc/kisi-sync)" = 'root:kisi-sync 750' ] || fail "/etc/kisi-sync is $(stat -c '%U:%G %a' /etc/kisi-sync)"
[ "$(stat -c '%U:%G %a' /var/lib/kisi-sync)" = 'kisi-sync:kisi-sync 700' ] || fail "/var/lib/kisi-sync is $(stat -c '%U:%G %a' /var/lib/kisi-sync)"
[ ! -e /etc/systemd/system/multi-user.target.wants/kisi-sync.service ] || fail "it starts without having been told to"
was=$(kisi-sync version)
say "installed, $was"
grep -q '^state: /var/lib/kisi-sync/kisi-sync.db' /usr/share/kisi-sync/config.example.yaml || fail "the example does not say where the state is"

# What an administrator and the service make of it.
command install -m 0640 -g kisi-sync /given/config.yaml /etc/kisi-sync/config.yaml
command install -m 0640 -g kisi-sync /dev/stdin /etc/kisi-sync/guests.yaml <<<'people: []'
command install -m 0640 -g kisi-sync /dev/stdin /etc/kisi-sync/kisi-api-key <<<'not really a secret'
command install -d -m 0700 -o kisi-sync -g kisi-sync /var/lib/kisi-sync # as systemd makes it
command install -m 0600 -o kisi-sync -g kisi-sync /given/state.db /var/lib/kisi-sync/kisi-sync.db
mkdir -p /etc/systemd/system/kisi-sync.service.d
echo '[Service]' >/etc/systemd/system/kisi-sync.service.d/ours.conf
kept >/tmp/before

install /given/after.$kind | tee /tmp/second
! grep -q 'not yet running' /tmp/second || fail "an upgrade talks as if it were the first installation"
kept >/tmp/after
diff /tmp/before /tmp/after || fail "the upgrade changed what is not its own"
[ "$(kisi-sync version)" != "$was" ] || fail "it is still $was"
say "upgraded to $(kisi-sync version), and nothing else changed"

# The new program takes the state over, with everything in it, under its account.
cd /etc/kisi-sync
as kisi-sync block ana@example.com --no-run --why 'after the upgrade' || fail "the new program cannot write into the state"
as kisi-sync state check || fail "the state is not whole"
as kisi-sync audit verify || fail "the audit trail is not whole"
say "the state is taken over"

kept >/tmp/before
remove
kept >/tmp/after
diff /tmp/before /tmp/after || fail "the removal changed what is not its own"
[ ! -e /usr/bin/kisi-sync ] && [ ! -e /usr/lib/systemd/system/kisi-sync.service ] || fail "something is left of the package"
say "removed; file, secrets and state are there"
