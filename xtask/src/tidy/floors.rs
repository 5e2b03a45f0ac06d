//! Which way dependencies point: every crate stands on a floor, and uses lower floors only.

use super::{Finding, TextFile, files::slashed};
use crate::workspace::{Package, Workspace};

/// The floors of the house, and what stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Floor {
    Types,
    Protocols,
    /// Bindings of the on-chain half.
    Contracts,
    Chains,
    Engine,
    Services,
    Faces,
    /// What developers use and nobody ships: local networks, benchmarks, fuzzing.
    Workshop,
    /// The project's own tool, which builds all others and so depends on none.
    Tool,
}

use Floor::{Chains, Contracts, Engine, Faces, Protocols, Services, Tool, Types, Workshop};

impl Floor {
    /// The floor of the crate in this directory.
    pub(super) fn of(directory: &str) -> Option<Self> {
        Some(match directory.split('/').collect::<Vec<_>>()[..] {
            ["crates", "types"] => Types,
            ["crates", "protocols", _] => Protocols,
            ["contracts"] => Contracts,
            ["crates", "chains", _] => Chains,
            ["crates", "engine"] => Engine,
            ["crates", "services", _] => Services,
            ["crates", "api" | "cli"] | ["web"] => Faces,
            [
                "crates",
                "local-bitcoin" | "local-postgres" | "local-process" | "localnet",
            ]
            | ["bench" | "fuzz"] => Workshop,
            ["xtask"] => Tool,
            _ => return None,
        })
    }

    /// The floors that a crate of this one may use.
    const fn may_use(self) -> &'static [Self] {
        match self {
            Types | Tool => &[],
            Protocols | Contracts | Chains | Engine => &[Types],
            Services => &[Types, Protocols, Contracts, Chains, Engine, Services],
            Faces => &[Types, Protocols, Contracts, Chains, Engine, Services, Faces],
            Workshop => &[
                Types, Protocols, Contracts, Chains, Engine, Services, Faces, Workshop,
            ],
        }
    }

    /// Whether its crates decide without acting: no I/O, no clock, no randomness of their own.
    pub(super) const fn is_pure(self) -> bool {
        matches!(self, Types | Protocols)
    }
}

/// The floor of a package.
pub(super) fn of_package(workspace: &Workspace, package: &Package) -> Option<Floor> {
    Floor::of(&slashed(workspace.relative(package.directory())))
}

/// Tests may use any crate; the rule is about what is shipped.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let manifest = slashed(workspace.relative(package.manifest()));
        let Some(floor) = of_package(workspace, package) else {
            let message = "a crate on no floor: give its directory one in xtask/src/tidy/floors.rs";
            findings.push(Finding::file(&manifest, message));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|found| !found.is_for_tests())
        {
            let ours = workspace
                .packages
                .iter()
                .find(|other| other.name == dependency.name);
            let used = ours.and_then(|other| of_package(workspace, other));
            if let Some(used) = used
                && !floor.may_use().contains(&used)
            {
                let name = &dependency.name;
                let message = format!("{floor:?} must not depend on {name}, which is on {used:?}");
                findings.push(Finding::file(&manifest, message));
            }
        }
    }
    findings
}

/// Every crate is held to the workspace's lints.
pub(super) fn check_lints(manifest: &TextFile) -> Option<Finding> {
    let mut lines = manifest.text.lines().map(str::trim);
    let inherited = lines.any(|line| line == "[lints]")
        && lines.next().is_some_and(|line| line == "workspace = true");
    (!inherited).then(|| Finding::file(&manifest.path, "add `[lints]` with `workspace = true`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_are_known_by_their_directories() {
        assert_eq!(Floor::of("crates/services/relayer"), Some(Services));
        assert_eq!(Floor::of("crates/chains/bitcoin"), Some(Chains));
        assert_eq!(Floor::of("crates/other"), None);
        assert_eq!(Floor::of("crates/services"), None);
    }

    #[test]
    fn no_floor_is_used_from_below() {
        let floors = [Types, Protocols, Chains, Engine, Services, Faces, Workshop];
        for (height, lower) in floors.iter().enumerate() {
            for upper in &floors[height + 1..] {
                assert!(!lower.may_use().contains(upper), "{lower:?} uses {upper:?}");
            }
        }
        assert!(!Chains.may_use().contains(&Protocols));
        assert!(!Engine.may_use().contains(&Protocols) && !Engine.may_use().contains(&Chains));
    }

    #[test]
    fn a_manifest_without_the_shared_lints_is_found() {
        let manifest = |text: &str| TextFile {
            path: "Cargo.toml".into(),
            text: text.into(),
        };
        assert_eq!(
            check_lints(&manifest("[package]\n\n[lints]\nworkspace = true\n")),
            None
        );
        assert!(check_lints(&manifest("[package]\n[dependencies]\nworkspace = true\n")).is_some());
    }
}
