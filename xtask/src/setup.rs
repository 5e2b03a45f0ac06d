//! Installs what the local chains need.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::{output, run as run_command, works},
    nodes,
    workspace::Workspace,
};

/// The oldest Node.js whose npm reads our lock files.
const OLDEST_NODE: u32 = 18;

/// The variable that names the directory of PostgreSQL's programs.
const POSTGRES_VARIABLE: &str = "CAUSEWAY_POSTGRES";

/// Where Debian keeps each version of PostgreSQL's server.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// The variable that names an anvil binary of one's own.
pub(crate) const ANVIL_VARIABLE: &str = "CAUSEWAY_ANVIL";

/// Where the npm packages with anvil are installed.
const NPM: &str = "crates/localnet/npm";

/// What decides what `npm ci` installs. Their bytes, kept beside what was installed, tell whether it
/// is still what they ask for.
const PINS: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Installs the pinned anvil unless it is there, or unless `CAUSEWAY_ANVIL` names another.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    if let Some(anvil) = env::var_os(ANVIL_VARIABLE) {
        ensure!(
            Path::new(&anvil).is_file(),
            "{ANVIL_VARIABLE} names {}, which is not a file: set it to an anvil binary, or unset it",
            Path::new(&anvil).display()
        );
        return Ok(());
    }
    // Two set-ups at once would remove each other's files.
    fs::create_dir_all(&workspace.target)?;
    let guard = File::create(workspace.target.join("xtask-setup.lock"))?;
    guard.lock().context("cannot wait for another set-up")?;

    let directory = workspace.root.join(NPM);
    npm_ci(&directory, "the pinned anvil")?;
    let anvil = installed_anvil(&directory)?;
    let works = output(Command::new(&anvil).arg("--version"));
    works.with_context(|| {
        format!(
            "the installed anvil does not run on this machine: install Foundry's anvil yourself and set \
             {ANVIL_VARIABLE} to it (tried {})",
            anvil.display()
        )
    })?;
    Ok(())
}

/// The anvil that tests use, once it is installed.
pub(crate) fn anvil(workspace: &Workspace) -> Result<PathBuf> {
    match env::var_os(ANVIL_VARIABLE) {
        Some(anvil) => Ok(anvil.into()),
        None => installed_anvil(&workspace.root.join(NPM)),
    }
}

/// What the tests need: the chains, the nodes, and PostgreSQL's server.
pub(crate) fn for_tests(workspace: &Workspace) -> Result<()> {
    run(workspace)?;
    if !has_postgres() {
        apt_install("PostgreSQL's server", &["postgresql"])?;
    }
    ensure!(
        has_postgres(),
        "PostgreSQL's server is missing: install your system's package `postgresql`, or set \
         {POSTGRES_VARIABLE} to the directory that holds `initdb` and `postgres`"
    );
    nodes::provide(workspace)
}

fn has_postgres() -> bool {
    if let Some(named) = env::var_os(POSTGRES_VARIABLE) {
        return Path::new(&named).join("initdb").is_file();
    }
    let versions = fs::read_dir(DEBIAN_POSTGRES)
        .into_iter()
        .flatten()
        .flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = debian.chain(env::split_paths(&path));
    places.any(|place| place.join("initdb").is_file())
}

/// Installs packages where there is apt-get and no password is needed; elsewhere does nothing.
pub(crate) fn apt_install(what: &str, packages: &[&str]) -> Result<()> {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if !is_root || !works(Command::new("apt-get").arg("--version")) {
        return Ok(());
    }
    eprintln!("installing {what} (apt-get install {})", packages.join(" "));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments);
        run_command(&mut command)
    };
    apt(&["update", "--quiet"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    apt(&[&install, packages].concat())
}

/// `npm ci`, unless what is installed is what the lock file says. `what` is what it installs.
pub(crate) fn npm_ci(directory: &Path, what: &str) -> Result<()> {
    let mut pins = Vec::new();
    for name in PINS {
        let path = directory.join(name);
        pins.extend(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    let stamp = directory.join("node_modules/.installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    check_node()?;
    eprintln!("installing {what} (npm ci in {})", directory.display());
    let mut command = Command::new("npm");
    command
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(directory);
    run_command(&mut command)
        .with_context(|| format!("{what} could not be installed from the npm registry"))?;
    fs::write(&stamp, pins).with_context(|| format!("cannot write {}", stamp.display()))
}

fn check_node() -> Result<()> {
    const REMEDY: &str = "install Node.js 20 or newer with npm (https://nodejs.org, or your system's \
                          packages `nodejs` and `npm`), and run this again";
    let version = output(Command::new("node").arg("--version"));
    let version = version.with_context(|| format!("Node.js is missing: {REMEDY}"))?;
    match major(&version) {
        Some(major) if major >= OLDEST_NODE => {}
        Some(_) => bail!("Node.js {version} is too old: {REMEDY}"),
        None => bail!("`node --version` says {version:?}, which is no version: {REMEDY}"),
    }
    output(Command::new("npm").arg("--version"))
        .with_context(|| format!("npm is missing: {REMEDY}"))?;
    Ok(())
}

/// The first number of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// The binary of this platform's package, whichever that is.
fn installed_anvil(directory: &Path) -> Result<PathBuf> {
    let scope = directory.join("node_modules/@foundry-rs");
    let packages =
        fs::read_dir(&scope).with_context(|| format!("cannot list {}", scope.display()))?;
    for package in packages {
        let binary = package?.path().join("bin/anvil");
        if binary.is_file() {
            return Ok(binary);
        }
    }
    bail!(
        "the npm package has no anvil for {} on {}: install Foundry's anvil yourself and set {ANVIL_VARIABLE} \
         to it",
        env::consts::OS,
        env::consts::ARCH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("18.0.0"), Some(18));
        assert_eq!(major("nope"), None);
    }
}
