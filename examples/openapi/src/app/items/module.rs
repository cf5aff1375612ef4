//! 逻辑模块：与 HTTP 无关的业务代码。

use super::schema::Item;

/// 按编号查询项目。
pub fn find_item(id: i64) -> Item {
    Item { item_id: id }
}
