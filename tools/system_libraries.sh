#!/bin/sh
# Install what is missing of the lists named, unless given tools/system_packages.txt. Does nothing, and asks for no
# rights, where all of it is there.
set -eu
PATH=$PATH:/usr/sbin:/sbin
[ $# -gt 0 ] || set -- "$(dirname "$0")/system_packages.txt"

if [ "$(uname -s)" != Linux ]; then
    exit 0 # Windows and macOS bring a window system of their own
fi

known=$(ldconfig -p 2>/dev/null || true)
is_there() {
    case $1 in
        *.so.*) case $known in *"	$1 "*) return 0 ;; *) return 1 ;; esac ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
renamed=
while read -r file package newer; do
    case $file in '' | '#'*) continue ;; esac
    is_there "$file" && continue
    missing="$missing $package"
    [ -z "$newer" ] || renamed="$renamed $package=$newer"
done <<LISTS
$(cat "$@")
LISTS
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "No apt-get here. Needed is what these Debian packages hold:$missing" >&2
    exit 0
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1 || ! { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo true; }; }; then
        echo "Neither root nor sudo here. Needed: apt-get install --no-install-recommends$missing" >&2
        exit 0
    fi
    as_root=sudo
fi

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null; }
echo "Installing:$missing"
apt update >/dev/null || echo "apt-get update failed for some source; trying with what is known" >&2
for pair in $renamed; do
    if apt-cache show "${pair#*=}" >/dev/null 2>&1; then
        missing=$(printf '%s ' "$missing" | sed "s/ ${pair%=*} / ${pair#*=} /")
    fi
done
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing >/dev/null
