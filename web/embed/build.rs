//! Makes a table of the files of the built page.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let built = root.join("dist");
    // Cargo looks for changes of what exists: without the directory it would build this every time. Where
    // nothing may be written, that is all that happens.
    let _ = fs::create_dir_all(&built);
    println!("cargo:rerun-if-changed={}", built.display());

    let mut files = Vec::new();
    if built.join("index.html").is_file() {
        list(&built, &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&built).unwrap_or(file);
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        let path = format!("/{}", parts.join("/"));
        let source = file.to_string_lossy();
        let _ = writeln!(table, "    ({path:?}, include_bytes!({source:?})),");
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("files.rs"), table)
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
