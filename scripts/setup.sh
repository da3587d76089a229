# shellcheck shell=bash
# Sourced by ./espalier and ./test with ROOT set: everything that a fresh machine with the .NET SDK needs.

for part in messages packages dotnet libtorch build environment; do
    # shellcheck source=/dev/null
    source "$ROOT/scripts/$part.sh"
done

# set_up program|tests: installs and builds what is missing, then sets what the process needs.
set_up() {
    [[ $(uname -s) == Linux ]] || fail "runs on Linux; this is $(uname -s)"
    build "$1"
    choose_environment
}
