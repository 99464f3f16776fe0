#!/usr/bin/env bash
# Sets up what is missing and does one of these jobs:
#   ./build.sh train [OPTION…]        trains ResNet-18 on Fashion-MNIST, or what the options of 'imagenette train' say
#   ./build.sh test  [OPTION…]        runs every test, with --long those that take many minutes, too; other options go to 'dotnet test'
#   ./build.sh bench [PART] [OPTION…] measures beside PyTorch, torchvision and ONNX Runtime, and writes docs/performance.md; the parts are data,
#                                     train and infer, of which one can be measured alone: --rounds N, --seconds S, --photographs FOLDER
#
# TORCH_ENGINE=Package or System overrules what set-up finds out about the package feed; see CONTRIBUTING.md.
set -euo pipefail
readonly caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly engine_file=TorchEngine.props
readonly logs=artifacts/log
readonly engine_packages=(libtorch-dev libvips42 g++ cmake dataset-fashion-mnist)
readonly reference_packages=(python3-torch python3-torchvision)
readonly browser_packages=(chromium)
readonly onnx_runtime=onnxruntime-node@1.30.0
readonly node_folder=artifacts/node
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# step WHAT REQUIREMENT COMMAND…: a line on what is done; where it fails, all that the command said and what it needs.
step() {
  local what=$1 requirement=$2 log=$logs/${1//[^A-Za-z0-9]/-}.log began=$SECONDS
  shift 2
  mkdir -p "$logs"
  printf '%s … ' "$what"
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'done (%d s)\n' $((SECONDS - began))
  else
    printf 'failed\n' >&2
    cat "$log" >&2
    fail "$what did not work. It needs $requirement."
  fi
}

choose_engine() {
  local engine=${TORCH_ENGINE:-}
  [ -n "$engine" ] || engine=$(sed -n 's:.*<TorchEngine>\(.*\)</TorchEngine>.*:\1:p' "$engine_file" 2>/dev/null || true)
  if [ -z "$engine" ]; then
    printf 'Asking the package feed for TorchSharp … '
    mkdir -p "$logs"
    if dotnet restore samples/Imagenette -p:TorchEngine=Package -p:ArtifactsPath="$PWD/artifacts/probe" >"$logs/feed.log" 2>&1; then
      engine=Package
      printf 'it has it\n'
    else
      engine=System
      printf "it cannot restore it; using this system's libtorch (the feed's answer is in %s)\n" "$logs/feed.log"
    fi
  fi
  case $engine in
    Package | System) ;;
    *) fail "TORCH_ENGINE is '$engine', but has to be Package or System." ;;
  esac
  [ "$engine" = Package ] || install_engine
  local content="<Project><PropertyGroup><TorchEngine>$engine</TorchEngine></PropertyGroup></Project>"
  [ "$(cat "$engine_file" 2>/dev/null)" = "$content" ] || printf '%s\n' "$content" >"$engine_file"
}

install_engine() {
  if ! command -v apt-get >/dev/null; then
    command -v cmake >/dev/null && [ -n "${LIBTORCH:-}" ] && return
    fail "The package feed had no TorchSharp ($engine_file says so; delete it to ask again) and this system has no apt-get. Install libtorch, libvips, a C++ compiler and cmake, set LIBTORCH to libtorch's folder, and start again."
  fi
  install_debian_packages "${engine_packages[@]}"
}

# What the parity tests compare with. They are skipped where it is missing, so nothing here fails the run or asks for a password.
install_reference() {
  ! "${PARITY_PYTHON:-/usr/bin/python3}" -c 'import torch, torchvision' 2>/dev/null || return 0
  if [ -z "${PARITY_PYTHON:-}" ] && command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    (install_debian_packages "${reference_packages[@]}") && return
  fi
  printf 'build.sh: warning: there is no PyTorch to compare with, so the parity tests are skipped. On Debian they need %s.\n' "${reference_packages[*]}" >&2
}

# What the tests of reports load their pages with; likewise.
install_browser() {
  ! command -v chromium >/dev/null && [ ! -x /usr/bin/chromium ] || return 0
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    (install_debian_packages "${browser_packages[@]}") && return
  fi
  printf 'build.sh: warning: there is no chromium, so the tests that load reports in it are skipped. On Debian they need %s.\n' "${browser_packages[*]}" >&2
}

# What the tests run exported networks in; likewise.
install_onnx_runtime() {
  [ ! -d "$node_folder/node_modules/${onnx_runtime%@*}" ] || return 0
  if command -v npm >/dev/null; then
    (step "Installing $onnx_runtime" 'Node and a registry of its packages' npm install --prefix "$node_folder" --ignore-scripts --no-audit --no-fund "$onnx_runtime") && return
  fi
  printf 'build.sh: warning: there is no ONNX Runtime for Node, so the tests that run exported networks in it are skipped. They need node and npm.\n' >&2
}

install_debian_packages() {
  local missing=() package
  for package in "$@"; do
    # LIBTORCH names a libtorch that is there already. Later releases call libraries with 64-bit time …t64.
    [ "$package" != libtorch-dev ] || [ -z "${LIBTORCH:-}" ] || continue
    [[ $(dpkg-query -W -f '${db:Status-Status} ' "$package" "${package}t64" 2>/dev/null || true) =~ (^| )installed\  ]] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; } ||
      fail "Packages are missing and this user may not install them. Run this, then start again:
  sudo apt-get update && sudo apt-get install -y ${missing[*]}"
    sudo=(sudo)
    "${sudo[@]}" -v
  fi
  step 'Updating the list of Debian packages' 'a reachable Debian mirror' "${sudo[@]}" apt-get update
  step "Installing ${missing[*]}" 'these Debian packages' \
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

set_up() {
  command -v dotnet >/dev/null || fail "The .NET SDK 10 is missing: https://dotnet.microsoft.com/download says how to install it."
  dotnet --version >/dev/null 2>&1 || fail "The .NET SDK is older than global.json asks for: install the .NET SDK 10 from https://dotnet.microsoft.com/download."
  choose_engine
}

train() {
  set_up
  step 'Building the console' 'the packages of Directory.Packages.props and a C++ compiler' dotnet build samples/Imagenette -c Release --nologo -v quiet
  local console=$PWD/artifacts/bin/Imagenette/release/imagenette
  # Paths on the command line are the caller's.
  cd "$caller"
  exec "$console" train "$@"
}

# Runs the test projects one after the other, so that each has the machine to itself, and adds up their results.
test_all() {
  local option options=()
  for option in "$@"; do
    if [ "$option" = --long ]; then export RESNET_LONG_TESTS=1; else options+=("$option"); fi
  done
  set_up
  install_reference
  install_browser
  install_onnx_runtime
  step 'Building everything' 'the packages of Directory.Packages.props and a C++ compiler' dotnet build ResNet.sln -c Release --nologo -v quiet
  step 'Building the tests of the packages' 'the packages of Directory.Packages.props' dotnet build tests/ResNet.Packages.Tests -c Release --nologo -v quiet
  local project log counts passed=0 failed=0 skipped=0
  for project in tests/*/*.csproj; do
    log=$logs/$(basename "$project" .csproj).log
    local broken=0
    dotnet test "$project" -c Release --no-build --nologo ${options[@]+"${options[@]}"} 2>&1 | tee "$log" || broken=1
    # A run that ends without counts, as one that crashes does, counts as one failure.
    counts=$(sed -nE 's/.*Failed: *([0-9]+), Passed: *([0-9]+), Skipped: *([0-9]+).*/\1 \2 \3/p' "$log" | tail -n 1)
    read -r f p s <<<"${counts:-$broken 0 0}"
    [ "$broken" = 0 ] || [ "$f" -gt 0 ] || f=1
    failed=$((failed + f)) passed=$((passed + p)) skipped=$((skipped + s))
  done
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ]
}

# All sides in turn; needs PyTorch, unlike the tests. Everything together takes some forty minutes and goes into the page.
bench() {
  local options=()
  case ${1:-} in
    data | train | infer) ;;
    '' | --*) options=(--page "$PWD/docs/performance.md") ;;
    *) fail "There is no benchmark '$1': give data, train, infer or none for all of them." ;;
  esac
  set_up
  install_reference
  install_onnx_runtime
  [ ! -d "$node_folder/node_modules/onnxruntime-node" ] || options+=(--onnx-runtime "$PWD/$node_folder/node_modules/onnxruntime-node")
  step 'Building the benchmarks' 'the packages of Directory.Packages.props and a C++ compiler' dotnet build benchmarks -c Release --nologo -v quiet
  local benchmarks=$PWD/artifacts/bin/Benchmarks/release/Benchmarks output=$PWD/artifacts/bench
  # Paths on the command line are the caller's.
  cd "$caller"
  exec "$benchmarks" "$@" --output "$output" ${options[@]+"${options[@]}"}
}

case ${1:-} in
  train) shift; train "$@" ;;
  test) shift; test_all "$@" ;;
  bench) shift; bench "$@" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0"; [ $# = 0 ] || fail "There is no job '$1': give train, test or bench." ;;
esac
