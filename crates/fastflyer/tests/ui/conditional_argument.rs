use fastflyer::prelude::*;

#[get("/items")]
async fn items(
    #[cfg(unix)]
    #[query]
    _n: u8,
) {
}

fn main() {}
