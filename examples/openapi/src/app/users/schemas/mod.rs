//! 输入输出参数定义，每项功能一个文件。

pub mod relationship;
pub mod userinfo;
