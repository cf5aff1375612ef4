use fastflyer::prelude::*;

struct Shop;

impl Shop {
    #[get("/items")]
    async fn items(self) {}
}

fn main() {}
