# Sourced by the scripts: where things are, and building what is out of date.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$root/.build/release/holdfast

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$(basename "$0"): $*"
    exit 1
}

need_swift() {
    command -v swift >/dev/null || fail "no swift on PATH: install the Swift 6.3 toolchain, see https://swift.org/install"
}

# Builds the release binary, if any source is newer than the last build.
# The stamp carries the time at which that build began, so an edit made during a build counts as newer. A folder's own
# time changes when a file in it is removed or renamed, so `find` sees that too.
build_release() {
    local stamp=$root/.build/release-built-from
    local sources=("$root/Package.swift" "$root/Sources" "$root/migrations")
    if [[ -x $binary && -e $stamp && -z $(find "${sources[@]}" -newer "$stamp" -print -quit) ]]; then
        return
    fi
    need_swift
    mkdir -p "$root/.build"
    touch "$stamp.new"
    say "building the release binary"
    # The Swift libraries are linked in, so that the binary needs nothing but Debian's own libraries.
    swift build --package-path "$root" -c release --product holdfast -Xswiftc -static-stdlib >&2
    mv "$stamp.new" "$stamp"
}

# Makes `.venv`, the Python environment of the tests and the demo.
prepare_python() {
    prepare_environment "$root/.venv" "$root/Tests/EndToEnd/requirements.txt"
    python=$root/.venv/bin/python
}

# Makes the Python environments of the tested clients, all at once: `.venv-celery` from clients/environments/celery.txt.
prepare_clients() {
    local requirements jobs=() status=0
    for requirements in "$root"/Tests/EndToEnd/clients/environments/*.txt; do
        prepare_environment "$root/.venv-$(basename "$requirements" .txt)" "$requirements" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || status=1
    done
    [[ $status == 0 ]] || fail "a Python environment of the clients could not be made"
}

# prepare_environment FOLDER REQUIREMENTS: keeps a Python environment at what its requirements say.
prepare_environment() {
    if [[ -x $1/bin/python ]] && cmp -s "$2" "$1/installed-requirements.txt"; then
        return
    fi
    say "installing Python packages into $(basename "$1")"
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$2" >&2
    cp "$2" "$1/installed-requirements.txt"
}
