//! 演示应用 3：商店。演示校验、分页、业务错误码、状态、上传、Cookie 等常用功能。
//!
//! 建议按顺序阅读：`schemas.rs`、`routers/products.rs`、`routers/orders.rs`、`codes.rs`。

pub mod codes;
pub mod routers;
pub mod schemas;
pub mod store;

pub use routers::router;
