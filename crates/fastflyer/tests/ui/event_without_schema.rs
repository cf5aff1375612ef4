use fastflyer::{
    prelude::*,
    sse::{Event, EventStream},
};
use futures_util::stream;

struct Tick;

#[get("/ticks")]
async fn ticks() -> EventStream<Tick> {
    EventStream::new(stream::iter([Event::new(Tick)]))
}

fn main() {
    let _ = fastflyer::routes![ticks];
}
