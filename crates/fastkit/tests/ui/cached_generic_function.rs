use fastkit::cache::cached;

#[cached]
fn twice<T: Clone>(value: T) -> (T, T) {
    (value.clone(), value)
}

fn main() {}
