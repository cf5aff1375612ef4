//! 用户关系相关接口参数定义。

use fastflyer::prelude::*;

/// 用户关系。
#[derive(Debug, Serialize, JsonSchema)]
pub struct Relationship {
    /// 父亲
    pub father: String,
    /// 母亲
    pub mother: String,
}
