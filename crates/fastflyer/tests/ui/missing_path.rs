use fastflyer::prelude::*;

#[get(tag = "x")]
async fn items() {}

fn main() {}
