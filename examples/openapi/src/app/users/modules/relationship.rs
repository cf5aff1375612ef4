//! 用户关系逻辑代码。

use crate::users::schemas::relationship::Relationship;

/// 查询用户的父母。
pub fn find(username: &str) -> Relationship {
    Relationship {
        father: format!("{username}'s father"),
        mother: format!("{username}'s mother"),
    }
}
