//! 应用输入输出参数定义。

use fastflyer::prelude::*;

/// 项目信息。
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// 项目编号。
    #[schemars(example = 42)]
    pub item_id: i64,
}
