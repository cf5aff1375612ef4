use fastflyer::prelude::*;

#[get("/items/{id}")]
async fn items(name: u64) {}

fn main() {
    let _ = routes![items];
}
