# shellcheck shell=bash
# What the scripts say. Everything goes to stderr: stdout belongs to the program (--json).

say() { printf 'espalier: %s\n' "$*" >&2; }

fail() {
    printf 'espalier: error: %s\n' "$*" >&2
    exit 1
}

# quietly TITLE COMMAND...: one line every 15 s, with the last that the command wrote; the whole output only where it fails.
quietly() {
    local title=$1 log start=$SECONDS code=0 clock
    log=$(mktemp 2>/dev/null) || fail "nothing can be written in ${TMPDIR:-/tmp}: set TMPDIR to another folder"
    say "$title ..."
    while sleep 15 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        say "$title: $((SECONDS - start)) s$(sed -n '$s/ -> .*/ is built/;$s/^ */, /p' "$log")"; done &
    clock=$!
    "${@:2}" >"$log" 2>&1 </dev/null || code=$?
    { kill "$clock" && wait "$clock"; } 2>/dev/null || true
    if ((code)); then cat "$log" >&2; fi
    rm -f "$log"
    if ((code)); then fail "$title failed; its output is above"; fi
    say "$title: done in $((SECONDS - start)) s"
}
