# shellcheck shell=bash
# Which libtorch: the folder in LIBTORCH where that is set, else the system's.

multiarch=$(uname -m)-linux-gnu

# libtorch_library: the file of the library itself.
libtorch_library() {
    if [[ -n ${LIBTORCH:-} ]]; then
        printf '%s\n' "$LIBTORCH/lib/libtorch_cpu.so"
    else
        printf '%s\n' "/usr/lib/$multiarch/libtorch_cpu.so"
    fi
}

# native_folder: one build folder for each libtorch, so that two do not overwrite each other.
native_folder() {
    if [[ -n ${LIBTORCH:-} ]]; then
        local hash
        hash=$(printf '%s' "$LIBTORCH" | sha256sum)
        printf '%s\n' "$ROOT/build/native-${hash:0:8}"
    else
        printf '%s\n' "$ROOT/build/native"
    fi
}

ensure_libtorch() {
    if [[ -n ${LIBTORCH:-} ]]; then
        [[ -e $(libtorch_library) ]] || fail "LIBTORCH is $LIBTORCH, but $(libtorch_library) does not exist: set it to a folder that has lib/ and include/, or unset it"
    else
        ensure_packages libtorch-dev libopenblas0-openmp
    fi
    ensure_commands cmake=cmake make=make g++=g++
}
