//! 用户关系路由定义。

use crate::users::{modules, schemas::relationship::Relationship};
use fastflyer::prelude::*;

/// 演示接口：查询用户关系
///
/// - 附加说明1: 仅用于演示，请勿对号入座；
/// - 附加说明2: 这个位置可以加入更多说明列表。
#[get("/relationship/{username}", summary = "关系查询接口")]
async fn relationship(username: String) -> Reply<Relationship> {
    Reply::success(modules::relationship::find(&username))
}

/// 用户关系的路由。
pub fn router() -> Router {
    routes![relationship]
}
