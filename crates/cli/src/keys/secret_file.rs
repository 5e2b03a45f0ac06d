//! Files that hold secrets: readable by their owner alone, or not used.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use super::KeyError;

/// The text of a secret file, without the white space around it.
pub(super) fn read(field: &str, path: &Path) -> Result<String, KeyError> {
    let unreadable = |error: io::Error| KeyError::Unreadable {
        field: field.to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, so that nobody can swap it between the check and the reading.
    let metadata = file.metadata().map_err(unreadable)?;
    if let Some(mode) = shared_mode(&metadata) {
        return Err(KeyError::TooOpen {
            field: field.to_owned(),
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text.trim().to_owned())
}

/// The mode of a regular file that its group or others may use.
#[cfg(unix)]
fn shared_mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (metadata.is_file() && mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn shared_mode(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Makes a directory, and those above it, for the owner alone.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
