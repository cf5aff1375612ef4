use fastflyer::prelude::*;

#[get("/items")]
struct Items;

fn main() {}
