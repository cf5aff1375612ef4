//! The framework from outside, in process.

mod apps;
mod auth;
mod defects;
mod extractors;
mod flyer_format;
mod layers;
mod limits;
mod openapi;
mod replies;
mod routing;
mod smoke;
mod start_errors;
mod support;
mod ui;
