# shellcheck shell=bash
# Builds what changed. A stamp holds the size and the time of change of every source, so that being current costs
# milliseconds; what must really be compiled is left to MSBuild.

# fingerprint FOLDER...: changes when a source or the place of the repository changes.
fingerprint() {
    {
        printf '%s\n' "$ROOT"
        find "$@" \( -name bin -o -name obj \) -prune -o -type f -printf '%p %s %T@\n'
        stat -c '%n %s %Y' "$ROOT"/Directory.* "$ROOT/Espalier.slnx"
    } | sha256sum
}

# sources_of program|tests: the folders that decide whether it is current.
sources_of() {
    printf '%s\n' "$ROOT/src"
    if [[ $1 == tests ]]; then printf '%s\n' "$ROOT/tests"; fi
}

stamp_of() { printf '%s\n' "$ROOT/build/$1.stamp"; }

# outputs_of program|tests: the files that must be there.
outputs_of() {
    local project
    printf '%s\n' "$ROOT/src/Espalier.Cli/bin/Release/net10.0/espalier.dll"
    [[ $1 == tests ]] || return 0
    for project in "$ROOT"/tests/*.Tests; do printf '%s\n' "$project/bin/Release/net10.0/${project##*/}.dll"; done
}

is_current() {
    local stamp sources outputs output
    stamp=$(stamp_of "$1")
    mapfile -t sources < <(sources_of "$1")
    mapfile -t outputs < <(outputs_of "$1")
    for output in "${outputs[@]}"; do [[ -f $output ]] || return 1; done
    [[ -f $stamp && $(<"$stamp") == "$(fingerprint "${sources[@]}")" ]]
}

# set_stamp program|tests: what is there now is current.
set_stamp() {
    local sources
    mapfile -t sources < <(sources_of "$1")
    fingerprint "${sources[@]}" >"$(stamp_of "$1")"
}

build_managed() {
    local target=$ROOT/src/Espalier.Cli/Espalier.Cli.csproj
    if [[ $1 == tests ]]; then target=$ROOT/Espalier.slnx; fi
    quietly "building the $1" dotnet build "$target" -c Release -nologo -v quiet -p:RestoreLockedMode=true
}

# build program|tests: everything that it takes, unless it is current. One build at a time.
build() {
    if is_current "$1"; then return 0; fi
    mkdir -p "$ROOT/build"
    exec 9>"$ROOT/build/.lock"
    flock -n 9 || { say "another build is running here; waiting for it"; flock 9; }
    # The lock is not handed down: a child that stays behind would keep it.
    if ! is_current "$1"; then build_now "$1" 9>&-; fi
    exec 9>&-
}

build_now() {
    ensure_dotnet
    build_managed "$1"
    set_stamp "$1"
    if [[ $1 == tests ]]; then set_stamp program; fi
}
