//! Integration tests of the framework, in process.

mod smoke;
