use fastflyer::prelude::*;

async fn later() {}

#[get("/items")]
async fn items() -> u64 {
    let number = std::rc::Rc::new(1);
    later().await;
    *number
}

fn main() {}
