use fastflyer::{prelude::*, ws::WebSocket};

#[websocket("/rooms")]
fn rooms(_socket: WebSocket) {}

fn main() {
    let _ = fastflyer::routes![rooms];
}
