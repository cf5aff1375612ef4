use fastkit::cache::cached;

#[cached]
fn push(list: &mut Vec<u8>) -> usize {
    list.push(1);
    list.len()
}

fn main() {}
