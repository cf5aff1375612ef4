#!/usr/bin/env bash
# 健康检查：服务正常时退出码为 0。不依赖 curl，仅使用 bash 的网络功能。
set -euo pipefail

host="${flyer_host:-127.0.0.1}"
port="${flyer_port:-8080}"
case "$host" in
    0.0.0.0 | "::" | "[::]") host=127.0.0.1 ;;
esac

check() {
    exec 3<>"/dev/tcp/$host/$port"
    printf 'GET /health_check HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    local status
    IFS= read -r status <&3
    [[ "$status" == "HTTP/1.1 200"* ]]
}

if ! check 2>/dev/null; then
    echo "服务异常：http://$host:$port/health_check" >&2
    exit 1
fi
