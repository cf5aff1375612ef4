use fastflyer::prelude::*;

struct Color;

#[get("/items/{id}")]
async fn items(id: Color, #[query] _other: Option<Color>) {
    let _ = id;
}

fn main() {}
