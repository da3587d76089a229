# shellcheck shell=bash
# What the scripts say. Everything goes to stderr: stdout belongs to the program (--json).

say() { printf 'espalier: %s\n' "$*" >&2; }

fail() {
    printf 'espalier: error: %s\n' "$*" >&2
    exit 1
}

# quietly TITLE COMMAND...: one line while it works; the whole output only where the command fails.
quietly() {
    local title=$1 log start=$SECONDS
    shift
    log=$(mktemp 2>/dev/null) || fail "nothing can be written in ${TMPDIR:-/tmp}: set TMPDIR to another folder"
    say "$title ..."
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
        say "$title: done in $((SECONDS - start)) s"
    else
        cat "$log" >&2
        rm -f "$log"
        fail "$title failed; its output is above"
    fi
}
