use fastflyer::prelude::*;

#[post("/items")]
async fn items(#[body] _first: String, #[body] _second: String) {}

fn main() {
    let _ = routes![items];
}
