use fastkit::cache::cached;

#[cached(ttl = "1m", refresh_ahead = 60)]
async fn length(text: String) -> usize {
    text.len()
}

fn main() {}
