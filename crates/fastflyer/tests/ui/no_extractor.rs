use fastflyer::prelude::*;

struct Db;

#[get("/items")]
async fn items(_db: Db) {}

#[get("/ids")]
async fn ids(id: u64) {
    let _ = id;
}

fn main() {}
