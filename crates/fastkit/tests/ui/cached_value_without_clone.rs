use fastkit::cache::cached;

struct Item;

#[cached]
async fn item(id: u64) -> Result<Item, std::io::Error> {
    let _ = id;
    Ok(Item)
}

fn main() {}
