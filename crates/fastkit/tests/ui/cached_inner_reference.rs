use fastkit::cache::cached;

#[cached]
fn length(text: Option<&str>) -> usize {
    text.map_or(0, str::len)
}

fn main() {}
