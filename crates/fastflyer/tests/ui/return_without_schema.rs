use fastflyer::prelude::*;

#[derive(Serialize)]
struct Item;

#[get("/items")]
async fn items() -> Result<Item> {
    Ok(Item)
}

fn main() {}
