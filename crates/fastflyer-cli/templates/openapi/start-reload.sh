#!/usr/bin/env bash
# 开发环境启动脚本：修改代码后自动重新编译和启动（需要 cargo-watch）。
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

if command -v cargo-watch >/dev/null 2>&1; then
    exec cargo watch --ignore logs --exec run
fi
echo "未安装 cargo-watch，修改代码后需要手动重启；安装：cargo install cargo-watch。后续版本将提供 fastflyer dev" >&2
exec cargo run
