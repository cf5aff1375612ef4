use fastflyer::{prelude::*, ws::WebSocket};

#[get("/rooms", max_message = 10)]
async fn rooms(_socket: WebSocket) {}

fn main() {
    let _ = fastflyer::routes![rooms];
}
