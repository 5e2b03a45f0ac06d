//! Compiles the contracts with the pinned compiler and keeps the checked-in artifacts equal to the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

/// Contracts taken from `OpenZeppelin` as they are; everything else that is deployed comes from our own sources.
const FROM_OPENZEPPELIN: [&str; 4] = [
    "AccessManager",
    "BeaconProxy",
    "ERC1967Proxy",
    "UpgradeableBeacon",
];

/// Builds every contract and writes `contracts/artifacts/<Name>.json`.
///
/// With `check`, nothing is written: artifacts that differ from the sources are an error that names them.
pub(crate) fn build(check: bool) -> Result<()> {
    build_in(&directory(), check)
}

/// [`build`] for the contracts of another tree.
pub(crate) fn build_in(contracts: &Path, check: bool) -> Result<()> {
    install(contracts)?;
    let settings = compiler_settings();
    let sources = sources(contracts, &BTreeMap::new())?;
    let everything = json!({ "*": { "*": EVERYTHING } });
    let output = compile(contracts, &settings, &sources, &everything, true)?;
    let artifacts = artifacts(contracts, &output, &settings)?;
    let directory = contracts.join("artifacts");
    if check {
        compare(&directory, &artifacts)
    } else {
        write(&directory, &artifacts)
    }
}

/// The creation codes by contract when these files of the tree have other contents.
pub(crate) fn creation_codes(
    edited: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let contracts = directory();
    install(&contracts)?;
    let sources = sources(&contracts, edited)?;
    let touched = touched(&sources, edited);
    // Code is made for those alone: for all contracts it takes a minute and more.
    let selection: Map<String, Value> = touched
        .into_iter()
        .map(|name| (name, json!({ "*": ["evm.bytecode.object"] })))
        .collect();
    let output = compile(
        &contracts,
        &compiler_settings(),
        &sources,
        &Value::Object(selection),
        edited.is_empty(),
    )?;
    let mut codes = BTreeMap::new();
    for definitions in output["contracts"].as_object().into_iter().flatten() {
        for (name, contract) in definitions.1.as_object().into_iter().flatten() {
            if let Some(code @ [_, ..]) = contract["evm"]["bytecode"]["object"]
                .as_str()
                .map(str::as_bytes)
            {
                codes.insert(name.clone(), format!("0x{}", String::from_utf8_lossy(code)));
            }
        }
    }
    Ok(codes)
}

/// The creation codes by contract as they are checked in.
pub(crate) fn checked_in_creation_codes() -> Result<BTreeMap<String, String>> {
    let artifacts = checked_in(&directory().join("artifacts"))?;
    let codes = artifacts.into_iter().map(|(file, text)| {
        let artifact: Value = serde_json::from_str(&text)?;
        let code = artifact["bytecode"]
            .as_str()
            .with_context(|| format!("{file} has no bytecode"))?;
        Ok((file.trim_end_matches(".json").to_owned(), code.to_owned()))
    });
    codes.collect()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

/// What makes the same sources give the same bytes everywhere: no hash of paths or comments in the bytecode.
fn compiler_settings() -> Value {
    json!({
        "evmVersion": "cancun",
        "metadata": { "appendCBOR": false, "bytecodeHash": "none" },
        "optimizer": { "enabled": true, "runs": 800 },
        "viaIR": true,
    })
}

/// Runs `npm ci` unless the pinned packages are there already.
fn install(contracts: &Path) -> Result<()> {
    let pinned = read_json(&contracts.join("package.json"))?;
    let pinned = pinned["dependencies"]
        .as_object()
        .context("package.json lists no dependencies")?;
    let installed = pinned.iter().all(|(name, version)| {
        let manifest = contracts
            .join("node_modules")
            .join(name)
            .join("package.json");
        read_json(&manifest).is_ok_and(|manifest| manifest["version"] == *version)
    });
    if installed {
        return Ok(());
    }
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--prefix"])
        .arg(contracts)
        .status()
        .context("cannot run npm; the contracts are compiled with Node.js 20 or newer")?;
    ensure!(status.success(), "npm ci failed: {status}");
    Ok(())
}

/// What an artifact is made of.
const EVERYTHING: [&str; 5] = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "storageLayout",
];

/// The sources by name, with other contents for the files in `edited`, which are named as from the root of
/// the tree.
fn sources(
    contracts: &Path,
    edited: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let mut sources = BTreeMap::new();
    for path in solidity_files(&contracts.join("src"))? {
        let name = path
            .strip_prefix(contracts)?
            .to_string_lossy()
            .replace('\\', "/");
        let content = match edited.get(&format!("contracts/{name}")) {
            Some(content) => content.clone(),
            None => fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?,
        };
        sources.insert(name, content);
    }
    Ok(sources)
}

/// The sources that are edited or import one that is, directly or not.
fn touched(
    sources: &BTreeMap<String, String>,
    edited: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let mut touched: BTreeSet<String> = edited
        .keys()
        .filter_map(|file| file.strip_prefix("contracts/"))
        .map(str::to_owned)
        .collect();
    loop {
        let more: Vec<String> = sources
            .iter()
            .filter(|(name, text)| {
                !touched.contains(*name)
                    && imports(name, text).any(|import| touched.contains(&import))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return touched;
        }
        touched.extend(more);
    }
}

/// The files of ours that a source imports.
fn imports(name: &str, text: &str) -> impl Iterator<Item = String> {
    let directory: Vec<&str> = name.split('/').rev().skip(1).collect();
    text.lines()
        .filter(|line| line.contains("import ") || line.contains(" from "))
        .filter_map(|line| line.split('"').nth(1))
        .filter(|path| path.starts_with('.'))
        .map(move |path| {
            let mut parts: Vec<&str> = directory.iter().rev().copied().collect();
            for part in path.split('/') {
                match part {
                    "." => {}
                    ".." => drop(parts.pop()),
                    part => parts.push(part),
                }
            }
            parts.join("/")
        })
}

/// Compiles these sources. Warnings are told unless something was taken out for a test, which leaves
/// things unused.
fn compile(
    contracts: &Path,
    settings: &Value,
    sources: &BTreeMap<String, String>,
    selection: &Value,
    warn: bool,
) -> Result<Value> {
    let sources: Map<String, Value> = sources
        .iter()
        .map(|(name, content)| (name.clone(), json!({ "content": content })))
        .collect();
    let mut settings = settings.clone();
    settings["outputSelection"] = selection.clone();
    let input = json!({ "language": "Solidity", "sources": sources, "settings": settings });

    let mut child = Command::new("node")
        .arg("compile.mjs")
        .current_dir(contracts)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run node; the contracts are compiled with Node.js 20 or newer")?;
    child
        .stdin
        .take()
        .context("node has no stdin")?
        .write_all(input.to_string().as_bytes())?;
    let result = child.wait_with_output()?;
    ensure!(
        result.status.success(),
        "the compiler failed: {}",
        result.status
    );
    let output: Value =
        serde_json::from_slice(&result.stdout).context("the compiler's answer is not JSON")?;

    let mut failed = false;
    for message in output["errors"].as_array().into_iter().flatten() {
        let failing = message["severity"] == "error";
        failed |= failing;
        if !failing && !warn {
            continue;
        }
        eprintln!(
            "{}",
            message["formattedMessage"].as_str().unwrap_or_default()
        );
    }
    ensure!(!failed, "the contracts do not compile");
    Ok(output)
}

/// The artifacts by file name, as the bytes to be checked in.
fn artifacts(
    contracts: &Path,
    output: &Value,
    settings: &Value,
) -> Result<BTreeMap<String, String>> {
    let compiler = read_json(&contracts.join("package.json"))?["dependencies"]["solc"].clone();
    let mut artifacts = BTreeMap::new();
    for (source, definitions) in output["contracts"].as_object().into_iter().flatten() {
        for (name, contract) in definitions.as_object().into_iter().flatten() {
            let bytecode = contract["evm"]["bytecode"]["object"]
                .as_str()
                .unwrap_or_default();
            let abi = contract["abi"].as_array().map_or(0, Vec::len);
            let ours = source.starts_with("src/");
            // Interfaces and abstract contracts have no code, internal libraries no ABI.
            if bytecode.is_empty()
                || abi == 0
                || !(ours || FROM_OPENZEPPELIN.contains(&name.as_str()))
            {
                continue;
            }
            let deployed = &contract["evm"]["deployedBytecode"];
            let object = deployed["object"].as_str().unwrap_or_default();
            let artifact = sorted(&json!({
                "contractName": name,
                "sourceName": source,
                "abi": contract["abi"],
                "bytecode": format!("0x{bytecode}"),
                "deployedBytecode": format!("0x{object}"),
                "immutableReferences": deployed["immutableReferences"],
                "storageLayout": without_ast_ids(&contract["storageLayout"]),
                "compiler": { "version": compiler, "settings": settings },
            }));
            let text = serde_json::to_string_pretty(&artifact)? + "\n";
            if artifacts.insert(format!("{name}.json"), text).is_some() {
                bail!("two contracts are called {name}");
            }
        }
    }
    Ok(artifacts)
}

fn write(directory: &Path, artifacts: &BTreeMap<String, String>) -> Result<()> {
    fs::create_dir_all(directory)?;
    for stale in checked_in(directory)?
        .into_keys()
        .filter(|name| !artifacts.contains_key(name))
    {
        fs::remove_file(directory.join(stale))?;
    }
    for (name, text) in artifacts {
        fs::write(directory.join(name), text)?;
    }
    println!("wrote {} artifacts", artifacts.len());
    Ok(())
}

fn compare(directory: &Path, artifacts: &BTreeMap<String, String>) -> Result<()> {
    let checked_in = checked_in(directory)?;
    let differing: Vec<&str> = checked_in
        .keys()
        .chain(artifacts.keys())
        .filter(|name| checked_in.get(*name) != artifacts.get(*name))
        .map(String::as_str)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    ensure!(
        differing.is_empty(),
        "these artifacts are not what the sources say: {}; run `cargo xtask contracts`",
        differing.join(", "),
    );
    println!("{} artifacts are what the sources say", artifacts.len());
    Ok(())
}

fn checked_in(directory: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if directory.is_dir() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let text = fs::read_to_string(entry.path())?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

fn solidity_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(solidity_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "sol") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Sorts the keys of every object, whatever order the JSON library keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, &Value> = map.iter().collect();
            ordered
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Removes the compiler's node numbers, which change with every line of every source.
fn without_ast_ids(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "astId")
            .map(|(key, value)| (key.clone(), without_ast_ids(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_ast_ids).collect(),
        other => other.clone(),
    }
}

fn read_json(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_imports_an_edited_file_is_touched_by_it() {
        let texts = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = pairs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            owned.collect()
        };
        let sources = texts(&[
            ("src/base/Base.sol", "import \"@openzeppelin/x/Base.sol\";"),
            ("src/Middle.sol", "import {Base} from \"./base/Base.sol\";"),
            (
                "src/app/Top.sol",
                "import {\n    Middle\n} from \"../Middle.sol\";",
            ),
            ("src/Other.sol", "contract Other {}"),
        ]);
        let edited = texts(&[("contracts/src/base/Base.sol", "")]);
        let names = touched(&sources, &edited);
        let expected = ["src/Middle.sol", "src/app/Top.sol", "src/base/Base.sol"];
        assert_eq!(names, expected.map(str::to_owned).into());
    }
}
