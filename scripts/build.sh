# shellcheck shell=bash
# Builds what changed. A stamp holds the size and the time of change of every source, so that being current costs
# milliseconds; what must really be compiled is left to MSBuild.

# fingerprint program|tests: changes when a source or the place of the repository changes.
fingerprint() {
    local folders=("$ROOT/src")
    if [[ $1 == tests ]]; then folders+=("$ROOT/tests"); fi
    find "${folders[@]}" "$ROOT"/Directory.* "$ROOT/Espalier.slnx" \( -name bin -o -name obj \) -prune -o -type f -printf '%p %s %T@\n'
}

# has_outputs program|tests: whether the files are there that must be.
has_outputs() {
    local project
    [[ -f $ROOT/src/Espalier.Cli/bin/Release/net10.0/espalier.dll ]] || return 1
    [[ $1 == tests ]] || return 0
    for project in "$ROOT"/tests/*.Tests; do [[ -f $project/bin/Release/net10.0/${project##*/}.dll ]] || return 1; done
}

# is_current program|tests: asked at every start, so it starts no process but find.
is_current() {
    local stamp=$ROOT/build/$1.stamp
    has_outputs "$1" && [[ -f $stamp && $(<"$stamp") == "$(fingerprint "$1")" ]]
}

# set_stamp program|tests: what is there now is current.
set_stamp() { fingerprint "$1" >"$ROOT/build/$1.stamp"; }

build_managed() {
    local target=$ROOT/src/Espalier.Cli/Espalier.Cli.csproj options=(-c Release -nologo -v minimal -p:RestoreLockedMode=true)
    # Analyzers take nearly half of the time. A clone's first build is somebody's who wants to use what passed them before it was
    # merged; whoever changes a source after that gets them, and so do all projects where tests are built first (.ci/run).
    if [[ $1 == program && ! -f $ROOT/build/program.stamp ]]; then options+=(-p:RunAnalyzers=false); fi
    if [[ $1 == tests ]]; then target=$ROOT/Espalier.slnx; fi
    quietly "building the $1" dotnet build "$target" "${options[@]}"
}

# build program|tests: everything that it takes, unless it is current. One build at a time.
build() {
    if is_current "$1"; then return 0; fi
    mkdir -p "$ROOT/build"
    exec 9>"$ROOT/build/.lock"
    flock -n 9 || { say "another build is running here; waiting for it"; flock 9; }
    # The lock is not handed down: a child that stays after would keep it.
    if ! is_current "$1"; then build_now "$1" 9>&-; fi
    exec 9>&-
}

build_now() {
    ensure_dotnet
    build_managed "$1"
    set_stamp "$1"
    if [[ $1 == tests ]]; then set_stamp program; fi
}
