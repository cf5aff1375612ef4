use fastflyer::prelude::*;

#[websocket("/rooms")]
async fn rooms() {}

fn main() {
    let _ = fastflyer::routes![rooms];
}
