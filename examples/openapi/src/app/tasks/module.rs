//! 任务定义：普通的函数加上属性即是任务，仍可照常调用。

use fastflyer::prelude::*;
use std::time::Duration;

/// 演示任务：每 5 秒执行一次
///
/// - `async fn` 在事件循环中执行，普通的 `fn` 在线程池（`flyer_threads`）中执行；
/// - `single_job`：无论有多少进程、多少实例，每个时间点只执行一次；
/// - 返回错误或发生 panic 只影响本次执行，记录在日志和任务的历史中。
#[scheduled(interval = "5s", id = "tasks.hello_world", single_job)]
pub async fn hello_world() -> Result<&'static str> {
    logger::info!("hello world：定时任务，每 5 秒执行一次");
    Ok("hello world")
}

/// 演示任务：后台线程任务，随服务启动，直到服务停止
///
/// - 在独立的线程池（`flyer_background_threads`）中执行，不占用接口的线程；
/// - `single_job`：同一时间只有一个进程执行，其余的等待，不占用线程；
/// - `run.sleep` 在服务停止时立即返回 `false`，循环随之结束。
#[background(name = "tasks.hello_world_thread", single_job)]
pub fn hello_world_thread(run: Run) {
    while run.sleep(Duration::from_secs(60)) {
        logger::info!("hello world：后台线程任务，每分钟一次");
    }
}
