# shellcheck shell=bash
# A chroot of another Debian, for tests/on-debian. Sourced with ROOT set, as root, in a mount namespace of its own:
# whatever is mounted here is gone when the last process ends, however it ends.

# debian_mirror: the Debian archive that this machine's apt uses.
debian_mirror() {
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }')
    # Without package lists apt knows no origins, only places.
    [[ -n $mirror ]] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$' || true)
    [[ -n ${ESPALIER_DEBIAN_MIRROR:-$mirror} ]] ||
        fail "this machine's apt knows no Debian archive: set ESPALIER_DEBIAN_MIRROR to the URL of one"
    printf '%s\n' "${ESPALIER_DEBIAN_MIRROR:-$mirror}"
}

# make_chroot SUITE FOLDER: a minimal Debian, made once and used again. What was begun here and not finished is cleared away;
# a folder that holds anything else is left as it is.
make_chroot() {
    local suite=$1 folder=$2 mirror
    [[ ! -e $folder/.complete ]] || return 0
    mkdir -p "$folder"
    [[ -e $folder/.begun || -z $(ls -A "$folder") ]] ||
        fail "$folder is not empty and was not made here: name another folder, or, if it is a Debian that is ready, 'touch $folder/.complete'"
    command -v debootstrap >/dev/null || fail "needs debootstrap on this machine"
    mirror=$(debian_mirror)
    touch "$folder/.begun"
    find "$folder" -mindepth 1 -maxdepth 1 ! -name .begun -exec rm -rf --one-file-system {} +
    quietly "debootstrap $suite" debootstrap --variant=minbase --include=libstdc++6,libgcc-s1,ca-certificates \
        ${ESPALIER_DEBIAN_KEYRING:+"--keyring=$ESPALIER_DEBIAN_KEYRING"} "$suite" "$folder" "$mirror"
    printf 'deb %s %s main\n' "$mirror" "$suite" >"$folder/etc/apt/sources.list"
    touch "$folder/.complete"
}

# bind PLACE FOLDER [OPTIONS]: the same place inside, where it exists outside.
bind() {
    [[ -e $1 ]] || return 0
    if [[ -d $1 ]]; then mkdir -p "$2$1"; else mkdir -p "$2$(dirname "$1")"; touch "$2$1"; fi
    mount --bind "$1" "$2$1"
    if [[ -n ${3:-} ]]; then mount -o "remount,bind,$3" "$2$1"; fi
}

# mount_system FOLDER: what every process expects, and how this machine reaches the network.
mount_system() {
    local folder=$1 place
    mount -t proc proc "$folder/proc"
    mount --bind /sys "$folder/sys"
    mount --rbind /dev "$folder/dev"
    mount -t tmpfs -o mode=1777 shm "$folder/dev/shm"
    mount -t tmpfs -o mode=1777 tmp "$folder/tmp"
    for place in /etc/resolv.conf /etc/hosts; do cp -L "$place" "$folder$place"; done
    trust_outside "$folder"
    apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' >"$folder/etc/apt/apt.conf.d/99outside" || true
}

# trust_outside FOLDER: the certificates that this machine trusts are trusted inside.
trust_outside() {
    local bundle=/etc/ssl/certs/ca-certificates.crt
    [[ -e $bundle ]] || return 0
    mkdir -p "$1${bundle%/*}"
    cp -L "$bundle" "$1$bundle"
}

# mount_dotnet FOLDER: the SDK as if it were installed inside, and this machine's NuGet settings and local feeds.
# The packages themselves are fetched inside, the first time.
mount_dotnet() {
    local folder=$1 sdk source
    sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
    bind "$sdk" "$folder" ro
    ln -sfn "$sdk/dotnet" "$folder/usr/bin/dotnet"
    mkdir -p "$folder$user_home/.nuget"
    if [[ -d $HOME/.nuget/NuGet ]]; then cp -RL "$HOME/.nuget/NuGet" "$folder$user_home/.nuget/"; fi
    while read -r source; do bind "$source" "$folder" ro; done < <(dotnet nuget list source --format short | sed -nE 's/^E (\/.*)/\1/p')
    chroot "$folder" chown -R "$user:" "$user_home"
}

# copy_repository FOLDER: what a clone would hold, with the changes made here.
copy_repository() {
    rm -rf --one-file-system "$1"
    mkdir -p "$1"
    git -c safe.directory='*' -C "$ROOT" ls-files -z --cached --others --exclude-standard --deduplicate |
        (cd "$ROOT" && while IFS= read -rd '' file; do if [[ -e $file ]]; then printf '%s\0' "$file"; fi; done) |
        tar -C "$ROOT" --null -T - -cf - | tar -C "$1" -xf -
}

# Who works in a chroot where root is not needed.
user=gardener user_home=/srv/gardener

# make_user FOLDER: an ordinary user without rights of any kind.
make_user() {
    grep -q "^$user:" "$1/etc/passwd" || chroot "$1" useradd --create-home --home-dir "$user_home" --shell /bin/bash "$user"
}

# inside FOLDER COMMAND...: runs a command in the chroot as root, with a clean environment and this machine's settings for NuGet.
inside() { inside_as root /root / "$@"; }

# inside_as_user PLACE FOLDER COMMAND...: the same as the ordinary user, in a folder of the chroot.
inside_as_user() { inside_as "$user" "$user_home" "$@"; }

inside_as() {
    local who=$1 home=$2 place=$3 folder=$4 name settings=()
    shift 4
    while read -r name; do settings+=("$name=${!name}"); done < <(compgen -e | grep -iE '^(nuget|https?_proxy$|no_proxy$|ssl_cert|espalier_)' || true)
    chroot --userspec="$who:$who" "$folder" /usr/bin/env -i -C "$place" HOME="$home" USER="$who" TERM=dumb LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${settings[@]}" "$@"
}
