//! The development tasks of this repository: `cargo xtask test`, `golden`, `bench`.

fn main() {}
