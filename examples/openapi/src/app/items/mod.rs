//! 演示应用 1：项目管理。演示单个路由文件的应用。
//!
//! 应用入口必须提供名为 `router` 的函数，框架据此加载应用。

pub mod module;
pub mod router;
pub mod schema;

pub use router::router;
