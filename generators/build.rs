//! Lets the tests of this package find libtorch without environment variables. They need none of
//! it, but where the whole workspace is built, the package beneath brings it along.
fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let Some(folder) = std::env::var_os("LIBTORCH") else { return };
    let libraries = std::path::Path::new(&folder).join("lib");
    if libraries.is_dir() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
    }
}
