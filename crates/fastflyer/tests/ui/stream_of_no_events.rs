use fastflyer::sse::EventStream;

fn ticks() -> EventStream<u8> {
    EventStream::new(futures_util::stream::iter([1, 2]))
}

fn main() {
    let _ = ticks();
}
