//! 用户信息逻辑代码。

use crate::users::schemas::userinfo::UserInfo;

/// 录入用户，返回录入的内容。
pub fn create(users: Vec<UserInfo>) -> Vec<UserInfo> {
    users
}
