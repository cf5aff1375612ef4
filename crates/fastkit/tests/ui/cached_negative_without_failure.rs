use fastkit::cache::cached;

#[cached(negative = 5)]
fn number(id: u64) -> u64 {
    id
}

fn main() {}
