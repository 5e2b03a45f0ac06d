//! Provides the Bitcoin and Litecoin nodes that tests and benchmarks run.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{
    command::{cargo, output, run, works},
    setup::apt_install,
    workspace::Workspace,
};

/// The variables that name nodes of one's own.
const BITCOIND_VARIABLE: &str = "BITCOIND_EXE";
const LITECOIND_VARIABLE: &str = "LITECOIND_EXE";

/// Pins the release of the package that holds Bitcoin Core's sources. No distribution has the daemon.
const PIN: &str = "crates/local-bitcoin/core";
const SOURCES: &str = "libbitcoinkernel-sys";

/// Where the daemon lies below the cache once it is built; `crates/local-bitcoin` looks for it there.
const BUILT: &str = "bitcoin-core-0.4.1";

/// Debian's program itself, off the search path.
const DEBIAN_LITECOIND: &str = "/usr/lib/litecoin/litecoind";

/// What building Bitcoin Core needs: a file by which it is known to be there, and Debian's package.
const NEEDED: [(&str, &str); 2] = [
    ("/usr/include/boost/version.hpp", "libboost-dev"),
    ("/usr/include/event2/event.h", "libevent-dev"),
];

/// What makes a daemon for tests: no wallet, which also needs no database, and little optimisation.
const OPTIONS: [&str; 11] = [
    "-DCMAKE_BUILD_TYPE=None",
    "-DAPPEND_CXXFLAGS=-O1 -g0",
    "-DBUILD_DAEMON=ON",
    "-DBUILD_CLI=OFF",
    "-DBUILD_TESTS=OFF",
    "-DENABLE_WALLET=OFF",
    "-DENABLE_IPC=OFF",
    "-DWITH_ZMQ=OFF",
    "-DWITH_EMBEDDED_ASMAP=OFF",
    "-DINSTALL_MAN=OFF",
    "-DWITH_CCACHE=OFF",
];

/// Both nodes, each unless it is there or its variable names another.
pub(crate) fn provide(workspace: &Workspace) -> Result<()> {
    provide_litecoin()?;
    if !named(BITCOIND_VARIABLE)? {
        provide_bitcoind(workspace)?;
    }
    Ok(())
}

/// Litecoin's node alone, which needs no building, unless it is there or its variable names another.
pub(crate) fn provide_litecoin() -> Result<()> {
    if named(LITECOIND_VARIABLE)? {
        return Ok(());
    }
    provide_litecoind()
}

/// Whether the variable names a program.
fn named(variable: &str) -> Result<bool> {
    let Some(path) = env::var_os(variable).map(PathBuf::from) else {
        return Ok(false);
    };
    let shown = path.display();
    ensure!(
        path.is_file(),
        "{variable} names {shown}, which is not a file: set it to such a program, or unset it"
    );
    Ok(true)
}

fn provide_litecoind() -> Result<()> {
    let is_there = || Path::new(DEBIAN_LITECOIND).is_file() || on_search_path("litecoind");
    if !is_there() {
        apt_install("Litecoin's node", &["litecoind"])?;
    }
    ensure!(
        is_there(),
        "Litecoin's node is missing: install your system's package `litecoind`, or set \
         {LITECOIND_VARIABLE} to a litecoind program"
    );
    Ok(())
}

fn provide_bitcoind(workspace: &Workspace) -> Result<()> {
    let directory = cache()?.join(BUILT);
    let daemon = directory.join("bitcoind");
    if daemon.is_file() || on_search_path("bitcoind") {
        return Ok(());
    }
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    // Clones share the cache, and two builds at once would write each other's files.
    let guard = File::create(directory.join("setup.lock"))?;
    guard.lock().context("cannot wait for another set-up")?;
    if daemon.is_file() {
        return Ok(());
    }
    build_tools()?;
    let sources = sources(workspace)?.join("bitcoin");
    let build = directory.join("build");
    eprintln!(
        "building Bitcoin Core for the tests, once for all clones: 10 to 30 minutes (in {})",
        build.display()
    );
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&sources).arg("-B").arg(&build);
    run(configure.args(OPTIONS))?;
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    // Says after every file how far it has come. One that was interrupted goes on where it stopped.
    let mut make = Command::new("cmake");
    make.arg("--build").arg(&build);
    run(make.args(["--target", "bitcoind", "--parallel", &jobs.to_string()]))?;
    let made = build.join("bin/bitcoind");
    output(Command::new(&made).arg("--version")).with_context(|| {
        format!("the daemon that was built does not run on this machine: set {BITCOIND_VARIABLE} to another")
    })?;
    // It is there all at once or not at all.
    fs::rename(&made, &daemon).with_context(|| format!("cannot keep {}", daemon.display()))?;
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))
}

fn build_tools() -> Result<()> {
    let missing = || {
        let cmake = (!works(Command::new("cmake").arg("--version"))).then_some("cmake");
        let headers = NEEDED.iter().filter(|(file, _)| !Path::new(file).is_file());
        cmake
            .into_iter()
            .chain(headers.map(|(_, package)| *package))
            .collect::<Vec<_>>()
    };
    if !missing().is_empty() {
        apt_install("what Bitcoin Core is built with", &missing())?;
    }
    let missing = missing().join(" ");
    ensure!(
        missing.is_empty(),
        "Bitcoin Core cannot be built: install your system's packages for {missing}, or set \
         {BITCOIND_VARIABLE} to a bitcoind program"
    );
    Ok(())
}

/// The directory of the package with the sources, fetched from the registry if it is not there yet.
fn sources(workspace: &Workspace) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        manifest_path: PathBuf,
    }
    let mut metadata = cargo(&workspace.root.join(PIN));
    let json = output(metadata.args(["metadata", "--locked", "--format-version", "1"]))
        .context("the sources of Bitcoin Core could not be fetched")?;
    let metadata: Metadata = serde_json::from_str(&json).context("cargo metadata")?;
    let mut packages = metadata.packages.into_iter();
    let package = packages.find(|package| package.name == SOURCES);
    let package = package.with_context(|| format!("{PIN} does not pin {SOURCES}"))?;
    let directory = package.manifest_path.parent().map(Path::to_owned);
    directory.with_context(|| format!("{} is in no directory", package.manifest_path.display()))
}

/// What outlives clones of the project.
fn cache() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CAUSEWAY_CACHE") {
        return Ok(named.into());
    }
    let home: OsString =
        env::var_os("HOME").context("HOME is not set: set CAUSEWAY_CACHE to a directory")?;
    Ok(Path::new(&home).join(".cache/causeway"))
}

fn on_search_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}
