use fastflyer::prelude::*;

#[get("/items")]
async fn items() -> std::result::Result<u64, String> {
    Ok(1)
}

fn main() {}
