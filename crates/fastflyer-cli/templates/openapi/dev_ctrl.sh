#!/usr/bin/env bash
# 开发环境辅助脚本，仅支持 Docker 环境。
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

name="{{package}}-dev"
image="${dev_image:-rust:{{rust}}-slim-trixie}"
port="${flyer_port:-8080}"
# 本机上的框架代码，容器内以同样的路径只读挂载；使用正式版本时为空。
framework={{framework_root}}

usage() {
    cat <<'TEXT'
欢迎使用 FastFlyer 开发环境辅助工具。

用法: ./dev_ctrl.sh <OPTION>
命令:
     start        启动开发容器
     show [D]     查看开发容器，D 显示详细信息
     login        进入开发容器
     update       更新容器插件
     restart      重启开发容器
     reset        重建开发容器
     destroy      销毁开发容器
     log [COUNT]  查看容器日志，默认最后 100 行
TEXT
}

exists() {
    docker container inspect "$name" >/dev/null 2>&1
}

start() {
    if exists; then
        docker start "$name" >/dev/null
    else
        local mounts=(--volume "$PWD:/workspace" --volume "$name-cargo:/usr/local/cargo/registry")
        if [[ -n "$framework" ]]; then
            mounts+=(--volume "$framework:$framework:ro")
        fi
        local environment=(--env "flyer_port=$port" --env TZ=Asia/Shanghai)
        if [[ -f .env ]]; then
            environment+=(--env-file .env)
        fi
        # 编译结果放在数据卷中，不与本机的 target 混用。
        docker run --detach --name "$name" --workdir /workspace \
            --publish "$port:$port" \
            "${mounts[@]}" --volume "$name-target:/target" --env CARGO_TARGET_DIR=/target \
            "${environment[@]}" "$image" ./start-reload.sh >/dev/null
    fi
    echo "开发容器 $name 已启动，首次编译需要几分钟：./dev_ctrl.sh log"
    echo "接口文档：http://127.0.0.1:$port{{prefix}}/docs"
}

show() {
    docker container ls --all --filter "name=^$name\$"
    if [[ "${1:-}" == D ]] && exists; then
        docker container inspect "$name"
    fi
}

destroy() {
    if exists; then
        docker rm --force "$name" >/dev/null
    fi
    echo "开发容器 $name 已销毁"
}

if [[ $# -eq 0 ]]; then
    usage
    exit 0
fi
command="$1"
shift
case "$command" in
    start | show | login | update | restart | reset | destroy | log)
        if ! command -v docker >/dev/null 2>&1; then
            echo "未找到 docker，请先安装；不使用容器时请执行 ./start-reload.sh" >&2
            exit 1
        fi
        ;;
esac
case "$command" in
    start) start ;;
    show) show "$@" ;;
    login) docker exec --interactive --tty "$name" bash ;;
    update) docker exec "$name" cargo update ;;
    restart) docker restart "$name" ;;
    reset)
        destroy
        start
        ;;
    destroy) destroy ;;
    log) docker logs --follow --tail "${1:-100}" "$name" ;;
    help | -h | --help) usage ;;
    *)
        echo "未知命令：$command" >&2
        usage >&2
        exit 2
        ;;
esac
