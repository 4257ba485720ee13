#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Puts Debian 12's arm64 packages, or sources, into a folder, with an apt of its own:
# nothing of this computer's dpkg or apt is changed, and its architecture does not
# matter. What is in the folder already is used as it is, without a network.
#
#   fetch.sh FOLDER PACKAGE...
#
# Prints the files' names, one for each PACKAGE, which is
#
#   NAME        a package, such as busybox-static
#   NAME@       the package with a version in its name that the meta package NAME
#               stands for: linux-image-arm64@ is linux-image-6.1.0-N-arm64
#   NAME:source the archive with the sources of NAME as its authors publish them
#
# DEBIAN_MIRROR=URL, if set, is used instead of the mirror in this computer's apt
# settings, or deb.debian.org.

set -eu

folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
state=$folder/.apt

say() { echo "guests: $*" >&2; }

fail()
{
    say "$*"
    exit 1
}

# The newest file of a package in the folder, if there is one.
present()
{
    case $1 in
    *:source)
        ls -v "$folder/${1%:source}"_*.orig.tar.* 2>/dev/null | tail -n 1
        return ;;
    *@) pattern=$(echo "${1%@}" | sed 's/^linux-image-/linux-image-[0-9]*[0-9]-/') ;;
    *)  pattern=$1 ;;
    esac
    # shellcheck disable=SC2086
    ls -v "$folder"/${pattern}_*_arm64.deb 2>/dev/null | tail -n 1
}

# Lines of a sources.list, from this computer's own if it is a Debian 12.
sources()
{
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    options=
    [ ! -f $keyring ] || options="[signed-by=$keyring] "
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        echo "deb $options$DEBIAN_MIRROR bookworm main"
        return
    fi
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        grep -E '/debian(-security)?/? bookworm[a-z-]* main$' | sort -u |
        sed "s|^|deb $options|" >"$state/found"
    if ! grep -q ' bookworm main$' "$state/found"; then
        {
            echo "deb ${options}http://deb.debian.org/debian bookworm main"
            echo "deb ${options}http://deb.debian.org/debian-security bookworm-security main"
        } >"$state/found"
    fi
    cat "$state/found"
}

# An apt that knows nothing but arm64, the sources above and the way to the network.
prepare_apt()
{
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/parts"
    : >"$state/status"
    sources >"$state/sources.list"
    case $missing in
    *:source*)
        sed 's/^deb /deb-src /' "$state/sources.list" >"$state/found"
        cat "$state/found" >>"$state/sources.list" ;;
    esac
    {
        apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check|ForceIPv)[^ ]* ".+";' || true
        cat <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "$state/parts";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$state/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/parts";
Dir::State "$state";
Dir::State::status "$state/status";
Dir::State::lists "$state/lists";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
END
    } >"$state/apt.conf"
    APT_CONFIG=$state/apt.conf
    export APT_CONFIG
}

no_network()
{
    sed 's/^/    /' "$state/log" >&2
    fail "Debian's packages could not be fetched. Without a network, put the files of
        $missing
    for arm64 (of sources: the .orig.tar), from any Debian 12 mirror, into
        $folder
    or name a mirror that can be reached: DEBIAN_MIRROR=http://... make"
}

# One at a time, also in a make of several jobs.
if command -v flock >/dev/null; then
    exec 9>"$folder/.lock"
    flock 9
fi

missing=
for package in "$@"; do
    [ -n "$(present "$package")" ] || missing="$missing $package"
done

if [ -n "$missing" ]; then
    command -v apt-get >/dev/null ||
        fail "no apt on this computer. Put the files of$missing for arm64, from a Debian 12 mirror, into $folder"
    mkdir -p "$state"
    prepare_apt
    say "reading Debian's list of packages"
    apt-get -q update -o APT::Update::Error-Mode=any >"$state/log" 2>&1 || no_network
    for package in $missing; do
        case $package in
        *:source)
            say "fetching the sources of ${package%:source}"
            (cd "$folder" && apt-get -q source --download-only --tar-only "${package%:source}") \
                >"$state/log" 2>&1 || no_network
            continue ;;
        esac
        name=${package%@}
        if [ "$name" != "$package" ]; then
            name=$(apt-cache depends "$name" |
                sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
            [ -n "$name" ] || fail "${package%@} does not say which kernel it stands for"
        fi
        size=$(apt-cache show "$name" | sed -n 's/^Size: //p' | head -n 1)
        say "fetching $name, $(((${size:-0} + 524288) / 1048576)) MiB"
        (cd "$folder" && apt-get -q download "$name") >"$state/log" 2>&1 || no_network
    done
fi

for package in "$@"; do
    file=$(present "$package")
    [ -n "$file" ] || fail "$package was fetched, but there is no file of it in $folder"
    echo "$file"
done
