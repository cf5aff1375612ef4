use fastflyer::prelude::*;

#[websocket("/rooms/{id}")]
async fn room(id: u64) {
    let _ = id;
}

fn main() {
    let _ = fastflyer::routes![room];
}
