use fastkit::cache::cached;

#[cached(policy = "newest")]
fn foo() -> String {
    "bar".to_owned()
}

fn main() {}
