use fastflyer::prelude::*;

#[get("/items")]
async fn items(#[query(maximum = 5)] _n: u8, #[body(name = "x")] _body: String, #[query] #[header] _both: u8) {}

fn main() {}
