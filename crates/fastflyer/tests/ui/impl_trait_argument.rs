use fastflyer::prelude::*;

#[get("/items/{id}")]
async fn items(id: impl std::str::FromStr) {
    let _ = id;
}

fn main() {}
