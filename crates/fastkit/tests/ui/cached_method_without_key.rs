use fastkit::cache::cached;

struct Shop {
    goods: usize,
}

impl Shop {
    #[cached(ttl = 60)]
    fn goods(&self) -> usize {
        self.goods
    }
}

fn main() {}
