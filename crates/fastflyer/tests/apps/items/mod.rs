//! An app with a router.

use fastflyer::prelude::*;

#[get("/items")]
async fn list() -> Vec<u64> {
    vec![1]
}

pub fn router() -> Router {
    routes![list]
}
