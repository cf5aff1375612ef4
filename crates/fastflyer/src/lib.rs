//! Placeholder.

pub mod locale;
pub mod validation;
pub mod values;
