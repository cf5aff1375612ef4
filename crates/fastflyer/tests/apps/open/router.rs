//! An app in one file, without authentication, and switched off.

use fastflyer::prelude::*;

pub const ENABLED: bool = false;
pub const AUTH_ENABLED: bool = false;

#[get("/open")]
async fn open() {}

pub fn router() -> Router {
    routes![open]
}
