//! Generates the service from its description, without any tool that is not a crate.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let proto = "causeway/relay/v1/relay.proto";
    println!("cargo::rerun-if-changed=proto/{proto}");
    let files = protox::compile([proto], ["proto"])?;
    let directory = PathBuf::from(env::var("OUT_DIR")?);
    // What the server tells those who ask it what it speaks.
    fs::write(directory.join("relay.descriptor"), files.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
