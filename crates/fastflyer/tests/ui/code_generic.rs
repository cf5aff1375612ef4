use fastflyer::ResponseCode;

#[derive(ResponseCode)]
enum Code<T: Default> {
    #[code(500107, zh = "泛型")]
    WithData(T),
}

fn main() {}
