#!/bin/sh
# Fetches what the pages look and move by into bitrixmail/web/static/vendor, by npm: styles, htmx,
# charts. Without them the pages work all the same, unstyled and without live figures.
set -eu
cd "$(dirname "$0")/.."
into=bitrixmail/web/static/vendor
if ! command -v npm >/dev/null 2>&1; then
    echo "vendor-pages: the pages stay unstyled without npm; on Debian: apt-get install --no-install-recommends npm, then: make pages" >&2
    exit 0
fi
work=$(mktemp -d)
ended() {
    code=$?
    rm -rf "$work"
    [ $code = 0 ] && return
    rm -rf "$into"
    echo "vendor-pages: npm could not fetch them, the pages stay unstyled; again: make pages" >&2
    exit 0
}
trap ended EXIT

# fetch PACKAGE@VERSION FILE...: take these files, and the licence, out of a package
fetch() {
    package=$1
    shift
    (cd "$work" && tar xzf "$(npm pack --silent --fetch-retries=1 --fetch-timeout=20000 "$package")")
    for file; do
        cp "$work/package/$file" "$into/$(basename "$file")"
    done
    name=$(basename "${package%@*}")
    cp "$work"/package/LICENSE* "$into/$name.licence.txt"
    rm -rf "$work/package"
}

mkdir -p "$into"
fetch htmx.org@2.0.11 dist/htmx.min.js
fetch @picocss/pico@2.1.1 css/pico.min.css
fetch uplot@1.6.32 dist/uPlot.iife.min.js dist/uPlot.min.css
