# shellcheck shell=bash
# Debian and Ubuntu packages: what is missing is named first, then installed with apt-get.

package_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# apt_lists_stale: true where apt has no package lists, or none younger than a day.
apt_lists_stale() { [[ -z $(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 -print -quit 2>/dev/null) ]]; }

# ensure_packages NAME...: installs those that are missing; fails, naming them, where that cannot be done.
ensure_packages() {
    local name missing=()
    for name in "$@"; do
        package_installed "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0

    command -v apt-get >/dev/null ||
        fail "needs ${missing[*]} (Debian's names), and there is no apt-get here to install them: install them by hand, or set LIBTORCH=/path to a libtorch and have cmake, make and g++ on PATH"
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        fail "needs the packages ${missing[*]}: run as root once, or: apt-get install ${missing[*]}"
    fi

    say "installing with apt-get: ${missing[*]}"
    if apt_lists_stale; then quietly "apt-get update" as_root apt-get update; fi
    for name in "${missing[@]}"; do
        apt-cache show "$name" >/dev/null 2>&1 ||
            fail "this system has no package $name: unpack a libtorch 1.13 or later (pytorch.org, C++ package) and set LIBTORCH to its folder"
    done
    quietly "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# ensure_commands COMMAND=PACKAGE...: the packages of those commands that are not on PATH.
ensure_commands() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    if ((${#missing[@]})); then ensure_packages "${missing[@]}"; fi
}
