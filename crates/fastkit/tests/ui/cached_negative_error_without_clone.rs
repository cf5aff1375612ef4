use fastkit::cache::cached;

#[cached(negative = 5)]
fn number(id: u64) -> Result<u64, std::io::Error> {
    Ok(id)
}

fn main() {}
