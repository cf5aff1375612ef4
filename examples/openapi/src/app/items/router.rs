//! 应用路由定义：参数从函数签名得出，文档从注释和类型得出。

use super::{module, schema::Item};
use fastflyer::prelude::*;

/// 演示接口：项目信息查询
///
/// - 附加说明1: 路径参数 id 必须是整数，否则返回 422 并指出原因；
/// - 附加说明2: 这个位置可以加入更多说明列表。
#[get("/items/{id}", tag = "项目管理", summary = "项目查询接口")]
async fn get_item(id: i64) -> Reply<Item> {
    Reply::success(module::find_item(id))
}

/// 本应用的全部路由。
pub fn router() -> Router {
    routes![get_item]
}
