# shellcheck shell=bash
# What the process needs to know before libtorch and its BLAS are loaded.

# OpenBLAS 0.3.21 (Debian 12) falls back to a generic kernel on processors it does not know: 31 instead of 188 GFLOP/s
# were measured. The vector units say which kernel runs. Whoever sets OPENBLAS_CORETYPE themselves is not overruled.
# SkylakeX needs nothing beyond AVX-512 F, VL, BW and DQ, and AMD's processors run the Haswell kernel as fast as their own.
# Espalier.Torch (Native/BlasKernel.cs) chooses the same way for a program that starts without these scripts.
choose_blas_kernel() {
    [[ -z ${OPENBLAS_CORETYPE:-} ]] || return 0
    local line flags=""
    while IFS= read -r line; do
        if [[ $line == flags* ]]; then flags=" ${line#*: } "; break; fi
    done </proc/cpuinfo
    if [[ $flags == *" avx512f "* && $flags == *" avx512vl "* && $flags == *" avx512bw "* && $flags == *" avx512dq "* ]]; then
        export OPENBLAS_CORETYPE=SkylakeX
    elif [[ $flags == *" avx2 "* && $flags == *" fma "* ]]; then
        export OPENBLAS_CORETYPE=Haswell
    fi
}

# Where several BLAS libraries are installed, the system's choice may be the reference one, or an OpenBLAS with threads
# of its own beside libtorch's OpenMP. The OpenMP one is put first for this process; the system's choice stays as it is.
choose_blas_library() {
    local openmp=/usr/lib/$multiarch/openblas-openmp
    [[ -z ${LIBTORCH:-} && -e $openmp/libblas.so.3 ]] || return 0
    if [[ ! /usr/lib/$multiarch/libblas.so.3 -ef $openmp/libblas.so.3 || ! /usr/lib/$multiarch/libopenblas.so.0 -ef $openmp/libopenblas.so.0 ]]; then
        export LD_LIBRARY_PATH=$openmp${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    fi
}

# OpenMP's threads spin while they wait, libgomp's for some 17 ms: on a machine where others compute too, they burn the time that the
# thread they wait for would need. A short spin still spans the gap between two operators (docs/decisions/0013). Whoever sets
# OMP_WAIT_POLICY or GOMP_SPINCOUNT themselves is not overruled. Espalier.Torch (Native/ThreadWaiting.cs) chooses the same way.
choose_thread_waiting() {
    [[ -z ${OMP_WAIT_POLICY:-}${GOMP_SPINCOUNT:-} ]] || return 0
    export GOMP_SPINCOUNT=300
}

choose_environment() {
    choose_blas_kernel
    choose_blas_library
    choose_thread_waiting
    export ESPALIER_NATIVE=${ESPALIER_NATIVE:-$(native_folder)/libespalier.so}
}
