use fastflyer::prelude::*;

#[get("/items/{id}")]
async fn items(id: &str) {
    let _ = id;
}

fn main() {}
