use fastflyer::prelude::*;

#[get("/items")]
async fn items(#[query] (_a, _b): (u8, u8)) {}

fn main() {}
