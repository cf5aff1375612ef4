use fastflyer::prelude::*;

#[get("items/{id")]
async fn items() {}

#[get("/items/:id")]
async fn colon() {}

fn main() {}
