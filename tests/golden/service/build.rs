//! `apps!` reads the folder at compile time: a new one must be noticed.

fn main() {
    println!("cargo::rerun-if-changed=src/app");
}
