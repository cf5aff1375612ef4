use fastkit::cache::{Remote, cached};

fn remote() -> Remote {
    todo!()
}

#[cached(backend = remote(), key = "{id}")]
fn number(id: u64) -> u64 {
    id
}

fn main() {}
