//! The demo project's `users`.

use fastflyer::prelude::*;

/// User信息字段定义
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserInfo {
    /// 姓名
    name: String,
    /// 年龄
    age: String,
    /// 性别
    sex: String,
    /// 父亲
    father: String,
    /// 母亲
    mother: String,
}

/// 创建User：请求参数.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UserCreateRequest {
    /// 返回用户信息列表
    data: Vec<UserInfo>,
}

/// 演示接口：批量录入用户信息
/// ---
/// - 附加说明2: 这个位置可以加入更多说明列表。
#[post("/info", summary = "用户录入接口")]
async fn create_user(#[body] params: UserCreateRequest) -> Reply<Vec<UserInfo>> {
    Reply::success(params.data)
}

/// The parents of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Parents {
    father: String,
    mother: String,
}

/// 演示接口：查询用户关系
/// ---
/// - 附加说明1: 仅用于演示，请勿对号入座；
/// - 附加说明2：这个位置可以加入更多说明列表。
#[get("/relationship/{username}", summary = "关系查询接口")]
async fn relationship(username: String) -> Reply<Parents> {
    Reply::success(Parents {
        father: format!("{username}'s father"),
        mother: format!("{username}'s mother"),
    })
}

/// The routes of the users.
pub fn router() -> Router {
    Router::new().prefix("/users").tag("用户管理").include(routes![create_user, relationship])
}
