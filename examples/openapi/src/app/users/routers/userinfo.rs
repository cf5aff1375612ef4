//! 用户信息路由定义。

use crate::users::{
    modules,
    schemas::userinfo::{UserCreateRequest, UserInfo},
};
use fastflyer::prelude::*;

/// 演示接口：批量录入用户信息
///
/// - 附加说明1: 请求体在进入本函数之前已按 `schemas` 中的定义校验；
/// - 附加说明2: 返回列表时，统一响应格式将其放在 `data.data` 中。
#[post("/info", summary = "用户录入接口")]
async fn create_user(Json(request): Json<UserCreateRequest>) -> Reply<Vec<UserInfo>> {
    Reply::success(modules::userinfo::create(request.data))
}

/// 用户信息的路由。
pub fn router() -> Router {
    routes![create_user]
}
