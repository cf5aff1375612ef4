use fastkit::cache::cached;

#[cached(cache_key = "foo_result", ttl = 120)]
fn foo() -> String {
    "bar".to_owned()
}

fn main() {}
