//! The page of `{base}/state`: a table that draws itself anew every two seconds, without a script.

use super::{PageInfo, escape::Html, html_response};
use fastflyer_server::{
    Body,
    supervisor::control::{LoopStatus, ServiceState, Status, WorkerState, WorkerStatus, two_units},
};
use http::Response;

const STYLE: &str = "\
    :root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}\
    body{margin:0 auto;max-width:70rem;padding:1.5rem}\
    h1{font-size:1.3rem;margin:0 0 .25rem}p{margin:0 0 1rem;opacity:.75}\
    table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
    th,td{padding:.4rem .6rem;text-align:right;border-bottom:1px solid #8884}\
    th{font-weight:600}th:first-child,td:first-child,.word{text-align:left}\
    .ready{color:#1a7f37}.draining,.starting{color:#9a6700}.killed{color:#cf222e}\
    @media (prefers-color-scheme:dark){.ready{color:#3fb950}.draining,.starting{color:#d29922}.killed{color:#f85149}}";

/// The page for a service at this moment.
pub(crate) fn state(info: &PageInfo, status: &Status) -> Response<Body> {
    let rows: String = status.workers.iter().map(row).collect();
    let html = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"zh-CN\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"2\">\n\
         <title>{title} 运行状态</title>\n\
         <link rel=\"icon\" href=\"{icon}\" type=\"image/svg+xml\">\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <h1>{title} {version}</h1>\n\
         <p>{state} · {address} · 进程 {pid} · 已运行 {uptime} · 第 {generation} 代 · 重载 {reloads} 次 · 异常退出 {died} 次 · 共 {requests} 个请求</p>\n\
         <table>\n\
         <thead><tr><th>工作进程</th><th>PID</th><th>代</th><th class=\"word\">状态</th><th>已运行</th>\
         <th>连接</th><th>请求</th><th>拒绝</th><th>内存</th><th>事件循环（连接 / 延迟）</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n\
         </table>\n\
         </body>\n\
         </html>\n",
        title = Html(&info.title),
        icon = info.asset("favicon.svg"),
        version = Html(&info.version),
        state = service_state(status.state),
        address = Html(&status.address),
        pid = status.pid,
        uptime = duration(status.uptime),
        generation = status.generation,
        reloads = status.reloads,
        died = status.died,
        requests = status.requests,
    );
    html_response(html)
}

fn row(worker: &WorkerStatus) -> String {
    let loops: Vec<String> = worker.loops.iter().map(event_loop).collect();
    let memory = worker.memory.map_or_else(
        || "-".to_owned(),
        |bytes| format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    );
    format!(
        "<tr><td>{index}</td><td>{pid}</td><td>{generation}</td><td class=\"word {class}\">{state}</td>\
         <td>{age}</td><td>{connections}</td><td>{requests}</td><td>{rejected}</td><td>{memory}</td><td>{loops}</td></tr>\n",
        class = worker.state,
        state = worker_state(worker.state),
        index = worker.index,
        pid = worker.pid,
        generation = worker.generation,
        age = duration(worker.age),
        connections = worker.connections,
        requests = worker.requests,
        rejected = worker.rejected,
        loops = loops.join("，"),
    )
}

fn event_loop(one: &LoopStatus) -> String {
    format!("{} / {} ms", one.connections, one.lateness())
}

fn service_state(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Starting => "启动中",
        ServiceState::Serving => "服务中",
        ServiceState::Reloading => "重载中",
        ServiceState::Upgrading => "升级中",
        ServiceState::Stopping => "停止中",
        _ => "-",
    }
}

fn worker_state(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Starting => "启动中",
        WorkerState::Ready => "就绪",
        WorkerState::Draining => "退出中",
        WorkerState::Killed => "已终止",
        _ => "-",
    }
}

/// `3 天 4 小时`
fn duration(seconds: u64) -> String {
    two_units(seconds, [" 天", " 小时", " 分", " 秒"], " ")
}
