//! The `fastflyer` command.

fn main() {}
