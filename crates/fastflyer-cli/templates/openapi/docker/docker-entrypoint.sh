#!/usr/bin/env bash
# 容器启动前置脚本：启动服务之前的准备工作写在这里。
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# exec 使服务成为容器的主进程，直接收到停止信号。
exec "$@"
