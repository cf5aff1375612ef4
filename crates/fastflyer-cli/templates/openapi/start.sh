#!/usr/bin/env bash
# 生产环境启动脚本：前台运行，直接接收停止信号，普通用户即可执行。
# 全部配置见 README.md，均可通过环境变量或 .env 文件设置。
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

# 停止时，正在处理的请求最多再执行 10 秒；由主控进程管理工作进程。环境变量或 .env 中的设置优先。
for default in flyer_graceful_timeout=10 flyer_supervisor=1; do
    name="${default%%=*}"
    if [[ -z "${!name:-}" ]] && ! grep -qsE "^[[:space:]]*(export[[:space:]]+)?$name=" .env; then
        export "$default"
    fi
done

# 镜像中程序就在当前目录，开发机上则先编译。
program=./{{package}}
if [[ ! -x "$program" ]]; then
    cargo build --release
    program="${CARGO_TARGET_DIR:-target}/release/{{package}}"
fi
exec "$program" "$@"
