//! druse
fn main() {}
