//! Makes a new migration file reason enough to build again; the macro alone sees only old ones.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
