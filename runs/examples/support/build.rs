//! Lets a program that depends on druse with its feature `torch` find libtorch without environment
//! variables. A program without that feature needs no such file.
fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Some(dir) = std::env::var_os("LIBTORCH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", std::path::Path::new(&dir).join("lib").display());
    }
}
