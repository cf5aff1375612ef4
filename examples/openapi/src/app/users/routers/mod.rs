//! 多个路由文件的聚合：标签和前缀对其中所有接口生效。

pub mod relationship;
pub mod userinfo;

use fastflyer::prelude::*;

/// 本应用的全部路由。
pub fn router() -> Router {
    Router::new()
        .tag("用户管理")
        .prefix("/users")
        .include(userinfo::router())
        .include(relationship::router())
}
