//! Placeholder.

pub mod assets;
pub mod pages;
pub mod static_files;
