#!/bin/sh
# Re-creates the vendored assets of the documentation pages in this folder, and README.md.
#
#   crates/fastflyer/assets/update.sh           writes the files
#   crates/fastflyer/assets/update.sh --check   writes nothing, fails when they differ
#
# Needs npm, openssl, tar and GNU gzip. To move to another version,
# change the version and the integrity below together: `npm view redoc@VERSION dist.integrity`.
set -eu

SWAGGER_UI_VERSION=5.35.0
SWAGGER_UI_INTEGRITY='sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=='
REDOC_VERSION=3.0.1
REDOC_INTEGRITY='sha512-KDfoKaYW19LCl4YStgBnwlaNjYEFfs5zCNt1s1WZ2YM5u8d26Yuzd2l43fZO851ZsgIMe/D640fDJkD8eaRQKQ=='

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/out
mkdir -p "$out/licences"

# unpack NAME VERSION INTEGRITY: the package's files in $work/NAME, after checking what was sent.
unpack() {
    archive=$(cd "$work" && npm pack --silent "$1@$2")
    actual=sha512-$(openssl dgst -sha512 -binary "$work/$archive" | openssl base64 -A)
    if [ "$actual" != "$3" ]; then
        echo "$1@$2: integrity is $actual, expected $3" >&2
        exit 1
    fi
    mkdir "$work/$1"
    tar -xzf "$work/$archive" -C "$work/$1" --strip-components=1
}

# compress FILE: deterministic, since neither name nor time goes into the stream.
compress() {
    gzip -9nc "$1" >"$out/$(basename "$1").gz"
}

unpack swagger-ui-dist "$SWAGGER_UI_VERSION" "$SWAGGER_UI_INTEGRITY"
compress "$work/swagger-ui-dist/swagger-ui.css"
compress "$work/swagger-ui-dist/swagger-ui-bundle.js"
cp "$work/swagger-ui-dist/LICENSE" "$out/licences/swagger-ui-dist.LICENSE.txt"
cp "$work/swagger-ui-dist/NOTICE" "$out/licences/swagger-ui-dist.NOTICE.txt"
cp "$work/swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt" "$out/licences/"

unpack redoc "$REDOC_VERSION" "$REDOC_INTEGRITY"
# ReDoc loads its makers' logo from their servers and has no setting against it. Blocked by our content
# security policy it would still be an error in every reader's console, so it is drawn in place here.
# local_logo NAME SVG
local_logo() {
    logo="https://cdn.redoc.ly/redoc/$1"
    if [ "$(grep -o "$logo" "$bundle" | wc -l)" -ne 1 ]; then
        echo "redoc: $logo is not named exactly once: has the bundle changed?" >&2
        exit 1
    fi
    sed "s|$logo|data:image/svg+xml,$2|" "$bundle" >"$bundle.new"
    mv "$bundle.new" "$bundle"
}
bundle=$work/redoc/bundles/redoc.standalone.js
svg="%3Csvg xmlns='http://www.w3.org/2000/svg'"
text="fill='%235d7fd8' font-family='sans-serif' font-weight='bold' font-size='11'%3E"
local_logo logo-mini-full.svg "$svg width='46' height='14'%3E%3Ctext y='11' $text""Redocly%3C/text%3E%3C/svg%3E"
local_logo logo-mini.svg "$svg width='10' height='14'%3E%3Ctext y='11' $text""R%3C/text%3E%3C/svg%3E"
compress "$bundle"
cp "$work/redoc/LICENSE" "$out/licences/redoc.LICENSE.txt"

# The licences travel in the binary too, at {base}/static/licences.txt.
for file in "$out"/licences/*; do
    printf '===== %s =====\n\n' "$(basename "$file")"
    cat "$file"
    printf '\n\n'
done >"$work/licences.txt"
compress "$work/licences.txt"

# row FILE PACKAGE VERSION: a line of the table in README.md.
row() {
    printf '| `%s.gz` | %s | %s | %s | %s | `%s` |\n' "$1" "$2" "$3" \
        "$(gzip -dc "$out/$1.gz" | wc -c | tr -d ' ')" "$(wc -c <"$out/$1.gz" | tr -d ' ')" \
        "$(openssl dgst -sha256 -r "$out/$1.gz" | cut -c1-64)"
}

{
    cat <<'EOF'
# Assets of the documentation pages

Written by `update.sh`, but for what is in `own/`. Everything here is compiled into the binary, so
that the pages work without any outside address. The files are stored as `gzip -9n` makes them and
are sent as they are to clients that accept gzip.

| file | npm package | version | bytes | compressed | sha256 of the file |
|---|---|---|---|---|---|
EOF
    row swagger-ui.css swagger-ui-dist "$SWAGGER_UI_VERSION"
    row swagger-ui-bundle.js swagger-ui-dist "$SWAGGER_UI_VERSION"
    row redoc.standalone.js redoc "$REDOC_VERSION"
    row licences.txt '-' '-'
    cat <<EOF

| npm package | integrity | licence |
|---|---|---|
| swagger-ui-dist@$SWAGGER_UI_VERSION | \`$SWAGGER_UI_INTEGRITY\` | Apache-2.0 |
| redoc@$REDOC_VERSION | \`$REDOC_INTEGRITY\` | MIT |

In ReDoc's bundle the two addresses of its makers' logo are replaced by a drawing of the name, so that
the page asks no other server for anything.

Re-create: \`crates/fastflyer/assets/update.sh\`. Compare only: \`crates/fastflyer/assets/update.sh --check\`.

\`own/\` holds what is ours and is edited by hand: the pages' style sheet, the scripts that start
Swagger UI and ReDoc, the logo, and \`favicon.ico\`, which is \`favicon.svg\` drawn at 16, 32 and 48 pixels.
EOF
} >"$out/README.md"

if [ "${1-}" = --check ]; then
    status=0
    for file in README.md $(cd "$out" && ls -- *.gz licences/*); do
        cmp "$out/$file" "$here/$file" || status=1
    done
    exit $status
fi
cp -R "$out/." "$here/"
echo "written to $here"
