//! 演示应用 5：后台任务。演示定时任务和后台线程任务。
//!
//! 只有任务、没有接口的应用无需 `router`；框架通过名为 `jobs` 的函数加载任务。

pub mod module;

use fastflyer::prelude::*;

/// 本应用的全部任务。
pub fn jobs() -> Jobs {
    jobs![module::hello_world, module::hello_world_thread]
}
