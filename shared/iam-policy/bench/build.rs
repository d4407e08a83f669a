//! Tells the program what it was optimised for, so that no figure can stand under the wrong label.

fn main() {
    let level = std::env::var("OPT_LEVEL").unwrap_or_default();
    println!("cargo:rustc-env=BENCH_OPT_LEVEL={level}");
    println!("cargo:rerun-if-changed=build.rs");
}
