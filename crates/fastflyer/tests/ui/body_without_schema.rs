use fastflyer::prelude::*;

#[derive(Deserialize)]
struct Item {}

#[post("/items")]
async fn items(#[body] _item: Item) {}

#[put("/items")]
async fn put_items(Json(_item): Json<Item>) {}

fn main() {}
