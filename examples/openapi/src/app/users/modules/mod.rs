//! 逻辑模块，每项功能一个文件。

pub mod relationship;
pub mod userinfo;
