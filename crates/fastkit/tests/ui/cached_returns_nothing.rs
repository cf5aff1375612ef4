use fastkit::cache::cached;

#[cached]
fn work(number: u8) {
    drop(number);
}

fn main() {}
