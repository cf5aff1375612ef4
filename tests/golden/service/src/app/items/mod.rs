//! The demo project's `items`.

use fastflyer::prelude::*;

/// An item is its number.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    item_id: i64,
}

/// 演示接口：项目信息查询
/// ---
/// - 附加说明2: 这个位置可以加入更多说明列表。
#[get("/items/{id}", summary = "项目查询接口")]
async fn get_item(id: i64) -> Reply<Item> {
    Reply::success(Item { item_id: id })
}

/// The routes of the items.
pub fn router() -> Router {
    routes![get_item].tag("项目管理")
}
