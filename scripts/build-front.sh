#!/usr/bin/env bash
# Builds what the browser gets into dist/: WebAssembly and its JavaScript, the style sheet, and the files of public/.
# It must be complete before the server is compiled, because a release build carries dist/ inside the binary.
. "$(dirname "$0")/environment.sh"

# In CI it was claimed at the start of the run; a second time would only compile more.
[ "${CI:-}" = true ] || claim_target

target=wasm32-unknown-unknown
front="$CARGO_TARGET_DIR/front"
cargo build --lib --no-default-features --features hydrate --target "$target" --profile wasm-release \
    --target-dir "$front"

next="$front/dist"
rm -rf "$next"
mkdir -p "$next"
cp -R public/. "$next/"
# The order of the file names is the order of the style sheet.
cat style/*.css >"$next/tallystick.css"
wasm-bindgen --target web --no-typescript --out-dir "$next" --out-name tallystick \
    "$front/$target/wasm-release/tallystick.wasm"

# Left alone when nothing changed: newer file times would make cargo embed, and so link, everything again.
if ! diff --recursive --brief "$next" dist >/dev/null 2>&1; then
    rm -rf dist
    cp -R "$next" dist
fi

compress() {
    if command -v brotli >/dev/null; then
        brotli --stdout --quality=11
    elif command -v node >/dev/null; then
        node -e 'process.stdout.write(require("zlib").brotliCompressSync(require("fs").readFileSync(0)))'
    else
        gzip -9
    fi
}
method=gzip
if command -v brotli >/dev/null || command -v node >/dev/null; then method=brotli; fi
total=0
for file in dist/tallystick_bg.wasm dist/tallystick.js dist/boot.js dist/tallystick.css; do
    size=$(compress <"$file" | wc -c)
    printf '%-26s %9d bytes, %7d with %s\n' "$file" "$(wc -c <"$file")" "$size" "$method"
    case $file in *.css) ;; *) total=$((total + size)) ;; esac
done
echo "WebAssembly and JavaScript together: $total bytes with $method"
