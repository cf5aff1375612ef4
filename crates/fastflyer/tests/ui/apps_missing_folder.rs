fastflyer::apps!("src/no/such/folder");

fn main() {
    let _ = apps();
}
