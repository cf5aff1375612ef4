use fastflyer::{prelude::*, ws::WebSocket};

#[websocket("/rooms/{id}")]
async fn room(_socket: WebSocket, id: u64) {
    let _ = id;
}

fn main() {
    let _ = fastflyer::routes![room];
}
