use fastflyer::prelude::*;

#[get("/items/{id}")]
async fn items<T: std::str::FromStr>(id: T) {
    let _ = id;
}

fn main() {}
