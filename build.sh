#!/usr/bin/env bash
# Installs what is missing and does one of these jobs:
#   ./build.sh train [OPTION…]        trains ResNet-18 on Fashion-MNIST; takes the options of 'resnet train'
#   ./build.sh test  [OPTION…]        runs all tests, with --long also those that take many minutes, with --coverage measures the line coverage
#                                     of the libraries; other options go to 'dotnet test'
#   ./build.sh bench [PART] [OPTION…] compares with TorchSharp, PyTorch and ONNX Runtime and writes docs/performance.md; the parts are
#                                     data, train and infer, each of which can be measured alone: --rounds N, --seconds S, --photographs FOLDER;
#                                     layers compares each layer of a network with ONNX Runtime's; scaling trains on several processes;
#                                     serve compares the service with one around ONNX Runtime, --overload MINUTES also overloads it
set -euo pipefail
readonly caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
# The minimum line coverage of the libraries, in percent.
readonly floor=95
readonly root=$PWD logs=artifacts/log coverage=artifacts/coverage
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# step WHAT REQUIREMENT COMMAND…: prints a line and, if the command fails, its output and its requirement.
step() {
  local what=$1 requirement=$2 log=$logs/${1//[^A-Za-z0-9]/-}.log began=$SECONDS
  mkdir -p "$logs"
  printf '%s … ' "$what"
  if "${@:3}" >"$log" 2>&1 </dev/null; then printf 'done (%d s)\n' $((SECONDS - began)); return; fi
  printf 'failed\n' >&2
  cat "$log" >&2
  printf 'build.sh: %s did not work. It needs %s.\n' "$what" "$requirement" >&2
  return 1
}

# install CONSEQUENCE PACKAGE…: installs Debian packages if this user may do so without a password. The job continues without them.
install() {
  local missing=() package as_root=()
  for package in "${@:2}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  command -v apt-get >/dev/null && ${as_root[@]+"${as_root[@]}"} true 2>/dev/null &&
    step 'Updating the list of Debian packages' 'a reachable Debian mirror' ${as_root[@]+"${as_root[@]}"} apt-get update &&
    step "Installing ${missing[*]}" 'these Debian packages' ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${missing[@]}" ||
    printf 'build.sh: without the Debian packages %s, %s.\n' "${missing[*]}" "$1" >&2
}

build() { step "Building $1" 'the packages of Directory.Packages.props' dotnet build "$2" -c Release --nologo -v quiet || exit 1; }

# start PROGRAM ARGUMENT…: replaces this process by a program in artifacts/bin. Paths are relative to the caller's folder.
start() { cd "$caller"; exec "$root/artifacts/bin/$1" "${@:2}"; }

# A line that several test projects cover counts once.
merge_coverage() {
  dotnet tool restore && dotnet reportgenerator "-reports:$coverage/*/coverage.cobertura.xml" "-targetdir:$coverage" \
    '-reporttypes:TextSummary;Html' "minimumCoverageThresholds:lineCoverage=$floor"
}

# Runs the test projects one after the other, so that each has the machine to itself, and adds up their results.
test_all() {
  local project log counts broken low=0 passed=0 failed=0 skipped=0 p f s
  rm -rf "$coverage"
  for project in tests/*/*.csproj; do
    log=$logs/$(basename "$project" .csproj).log broken=0
    dotnet test "$project" -c Release --no-build --nologo "$@" 2>&1 | tee "$log" || broken=1
    # A run without counts, such as a crash, counts as one failure.
    counts=$(sed -nE 's/.*Failed: *([0-9]+), Passed: *([0-9]+), Skipped: *([0-9]+).*/\1 \2 \3/p' "$log" | tail -n 1)
    read -r f p s <<<"${counts:-$broken 0 0}"
    [ "$broken" = 0 ] || [ "$f" -gt 0 ] || f=1
    failed=$((failed + f)) passed=$((passed + p)) skipped=$((skipped + s))
  done
  if [ -n "${RESNET_COVERAGE:-}" ]; then
    step 'Merging the coverage' "the tool of dotnet-tools.json, and tests that run $floor % of the libraries' lines" merge_coverage || low=1
    sed -n 's/^ *Line coverage/Line coverage/p' "$coverage/Summary.txt" || low=1
  fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ] && [ "$low" = 0 ]
}

job=${1:-}
case $job in
  train | test | bench) shift ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; [ $# = 0 ] || fail "There is no job '$job': give train, test or bench."; exit ;;
esac
command -v dotnet >/dev/null || fail "The .NET SDK 10 is missing: https://dotnet.microsoft.com/download says how to install it."
dotnet --version >/dev/null 2>&1 || fail "The .NET SDK is older than global.json asks for: install the .NET SDK 10 from https://dotnet.microsoft.com/download."
install 'Fashion-MNIST is downloaded' dataset-fashion-mnist
[ "$job" = train ] || install 'what compares with PyTorch is skipped' python3-torch python3-torchvision

case $job in
  train)
    build 'the command resnet' src/ResNet.Cli
    start ResNet.Cli/release/resnet train "$@"
    ;;
  test)
    install 'the tests in a browser are skipped' chromium
    install 'the tests of several processes are skipped' openmpi-bin
    install 'the tests of several hosts are skipped' iproute2
    install 'the test of an application that is compiled in advance is skipped' clang zlib1g-dev
    options=()
    for option in "$@"; do
      case $option in --long) export RESNET_LONG_TESTS=1 ;; --coverage) export RESNET_COVERAGE=1 ;; *) options+=("$option") ;; esac
    done
    build everything ResNet.sln
    build 'the tests of the packages' tests/ResNet.Packages.Tests
    test_all ${options[@]+"${options[@]}"}
    ;;
  bench)
    case ${1:-} in
      data | train | infer | layers | scaling | serve) ;;
      '' | --*) set -- "$@" --page "$root/docs/performance.md" ;;
      *) fail "There is no benchmark '$1': give data, train, infer, layers, scaling, serve or none for the first three." ;;
    esac
    [ "${1:-}" != scaling ] || install 'several processes cannot be measured' openmpi-bin
    install 'no program that is compiled in advance is measured' clang zlib1g-dev
    build 'the benchmarks' benchmarks
    if command -v clang >/dev/null; then
      step 'Compiling the first prediction in advance' 'clang and zlib1g-dev' dotnet publish benchmarks/Native -c Release --nologo -v quiet || exit 1
    fi
    start Benchmarks/release/Benchmarks "$@" --output "$root/artifacts/bench"
    ;;
esac
