use fastflyer::prelude::*;

#[get("/items", tagg = "x")]
async fn items() {}

fn main() {}
