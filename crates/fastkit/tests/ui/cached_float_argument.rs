use fastkit::cache::cached;

#[cached]
fn area(name: &str, radius: f64) -> f64 {
    radius * radius * name.len() as f64
}

fn main() {}
