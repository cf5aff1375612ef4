use fastflyer::ResponseCode;

#[derive(ResponseCode)]
enum Code {}

fn main() {}
