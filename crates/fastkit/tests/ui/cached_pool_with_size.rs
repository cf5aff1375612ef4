use fastkit::cache::cached;

#[cached(pool = "shared", max_size = 10)]
fn number(id: u64) -> u64 {
    id
}

fn main() {}
