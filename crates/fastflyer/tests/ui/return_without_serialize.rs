use fastflyer::prelude::*;

struct Item;

#[get("/items")]
async fn items() -> Vec<Item> {
    Vec::new()
}

fn main() {}
