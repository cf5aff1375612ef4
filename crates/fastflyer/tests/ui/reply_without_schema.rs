use fastflyer::prelude::*;

struct Item;

#[get("/items")]
async fn items() -> Reply<Item> {
    Reply::success(Item)
}

fn main() {}
