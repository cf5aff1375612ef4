use fastkit::cache::cached;

#[cached]
pub struct Item;

fn main() {}
