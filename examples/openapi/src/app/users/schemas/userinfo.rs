//! 用户信息相关接口参数定义。

use fastflyer::prelude::*;

/// 创建用户：请求参数。
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct UserCreateRequest {
    /// 用户信息列表
    #[garde(dive)]
    pub data: Vec<UserInfo>,
}

/// 用户信息字段定义。
#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
pub struct UserInfo {
    /// 姓名
    #[garde(length(chars, min = 1, max = 64))]
    #[schemars(example = &"张三")]
    pub name: String,
    /// 年龄
    #[garde(skip)]
    #[schemars(example = "35")]
    pub age: String,
    /// 性别
    #[garde(skip)]
    #[schemars(example = &"男")]
    pub sex: String,
    /// 父亲
    #[garde(skip)]
    #[serde(default)]
    pub father: String,
    /// 母亲
    #[garde(skip)]
    #[serde(default)]
    pub mother: String,
}
