//! Integration tests of the framework, in process.

mod flyer_format;
mod smoke;
