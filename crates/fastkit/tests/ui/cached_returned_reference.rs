use fastkit::cache::cached;

#[cached]
fn first(text: &str) -> Option<&str> {
    text.split(" ").next()
}

fn main() {}
