use fastkit::cache::cached;

#[cached(refresh_ahead = 10)]
async fn length(text: &str) -> usize {
    text.len()
}

fn main() {}
