use fastflyer::prelude::*;

#[get("/items", operation_id = "get items")]
async fn items() {}

#[get("/others", operation_id = 5)]
async fn others() {}

fn main() {}
