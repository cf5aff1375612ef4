use fastflyer::ResponseCode;

#[derive(ResponseCode)]
struct Code {
    number: u32,
}

fn main() {}
