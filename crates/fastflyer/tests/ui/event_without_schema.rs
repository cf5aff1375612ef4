use fastflyer::{prelude::*, sse::EventStream};

struct Tick;

#[get("/ticks")]
async fn ticks() -> EventStream<Tick> {
    unimplemented!()
}

fn main() {
    let _ = fastflyer::routes![ticks];
}
