#!/usr/bin/env bash
# Installs a build into a prefix of its own, moves that elsewhere, and builds a user's program against it,
# by find_package and by pkg-config.
#   run.sh <build directory> <C++ compiler>
set -euo pipefail
build=$1 cxx=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/installed" >"$work/install.log"
prefix="$work/moved elsewhere"
mv "$work/installed" "$prefix"

cmake -S "$here" -B "$work/cmake" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" \
  -DCMAKE_PREFIX_PATH="$prefix" >"$work/configure.log"
cmake --build "$work/cmake"
"$work/cmake/user"

unset APPLICATIONINSIGHTS_CONNECTION_STRING OTEL_SDK_DISABLED
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name posthaste.pc)")
eval "flags=($(pkg-config --cflags --libs posthaste))"
"$cxx" -std=c++20 "$here/main.cpp" "${flags[@]}" -o "$work/by-pkg-config"
LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name libposthaste.so)") "$work/by-pkg-config"

# The library is all that a user gets: no header of ours or of a third party beside the public ones.
unexpected=$(find "$prefix/include" -type f ! -path '*/include/posthaste/*.h')
[[ -z $unexpected ]] || { echo "installed, but not public: $unexpected"; exit 1; }
soname=$(readelf -d "$(find "$prefix" -name 'libposthaste.so')" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[[ $soname =~ ^libposthaste\.so\.[0-9]+$ ]] || { echo "SONAME '$soname' has no version"; exit 1; }
