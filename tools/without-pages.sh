#!/bin/sh
# All tests but those of the pages, on a copy of this checkout in which there are no pages:
# the room `web` and its line in the wiring are deleted, and the core has to be as it was.
#   sh tools/without-pages.sh [what pytest is to be told]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d "${TMPDIR:-/tmp}/bitrixmail-without-pages.XXXXXX")
trap 'rm -rf "$copy"' EXIT

cd "$here"
git ls-files -z | tar -c --null --ignore-failed-read -T - | tar -x -C "$copy"
cd "$copy"
rm -r bitrixmail/web tests/unit/web tests/integration/web tests/browser
sed -i 's/^PAGES = .*/PAGES = ""/' bitrixmail/app/compose.py
grep -q '^PAGES = ""$' bitrixmail/app/compose.py
# A set-up of its own, so that what is imported is what stands here
make --silent .venv/developer
sh tests/install-programs.sh
.venv/bin/python -m pytest -n "${WORKERS:-3}" --dist loadfile --no-loadscope-reorder "$@"
