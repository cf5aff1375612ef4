use fastkit::cache::cached;

#[cached(ttl = -1)]
fn foo() -> String {
    "bar".to_owned()
}

fn main() {}
