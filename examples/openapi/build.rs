//! Tells cargo to build again when an app appears or disappears: `apps!` lists the folders.

fn main() {
    println!("cargo::rerun-if-changed=src/app");
}
