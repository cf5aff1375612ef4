use fastflyer::{prelude::*, ws::WebSocket};

#[websocket("/rooms")]
async fn rooms(_socket: WebSocket) -> String {
    String::new()
}

fn main() {
    let _ = fastflyer::routes![rooms];
}
