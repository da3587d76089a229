# shellcheck shell=bash
# Sourced by ./espalier and ./test with ROOT set: everything that a fresh machine with the .NET SDK needs.

for part in messages dotnet build; do
    # shellcheck source=/dev/null
    source "$ROOT/scripts/$part.sh"
done

# set_up program|tests: fetches and builds what is missing.
set_up() {
    # Bash's own variables: two processes less at every start.
    [[ $OSTYPE-$HOSTTYPE == linux*-x86_64 || -n ${LIBTORCH:-} ]] ||
        fail "runs on Linux on x86-64; this is $(uname -s) on $(uname -m): set LIBTORCH to a libtorch 2.10 or later for it"
    build "$1"
}
