# shellcheck shell=bash
# The .NET SDK: the one thing that the scripts do not install.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en
# Build servers would outlive the build, and keep the lock and a chroot's mounts with them.
export DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
# The SDK asks for ICU, which the program itself does not need.
if ! compgen -G '/usr/lib/*/libicuuc.so.*' >/dev/null; then export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1; fi
# Some containers run as a user without a home: the SDK and NuGet then have theirs here.
if [[ -n ${HOME:-} && ! -w $HOME && -z ${DOTNET_CLI_HOME:-} ]]; then export DOTNET_CLI_HOME=$ROOT/build/home; fi

ensure_dotnet() {
    local way_out="install it from your package manager (dotnet-sdk-10.0) or from https://dotnet.microsoft.com/download/dotnet/10.0, and have dotnet on PATH"
    command -v dotnet >/dev/null || fail "the .NET SDK 10 is missing: $way_out"
    dotnet --list-sdks 2>/dev/null | grep -qE '^(1[0-9]|[2-9][0-9])\.' ||
        fail "the .NET SDK 10 is missing (dotnet --list-sdks says: $(dotnet --list-sdks 2>&1 | awk '{print $1}' | paste -sd' ')): $way_out"
}
