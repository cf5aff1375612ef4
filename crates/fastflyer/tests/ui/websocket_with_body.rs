use fastflyer::{prelude::*, ws::WebSocket};

#[websocket("/rooms", body_limit = 10)]
async fn rooms(#[body] _text: String, _socket: WebSocket) {}

fn main() {
    let _ = fastflyer::routes![rooms];
}
