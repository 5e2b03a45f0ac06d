//! Proof that every defence is tested: it is taken out of the source, and its test must go red.

mod file;
mod mutant;
mod scratch;
mod table;

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::Args;

pub(crate) use self::file::{Defence, load};
use self::{mutant::Verdict, scratch::Scratch};
use crate::{setup, tidy, workspace::Workspace};

/// Which defences, and what to do with them.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Only those whose file name contains one of these.
    only: Vec<String>,
    /// Name them and do nothing.
    #[arg(long)]
    list: bool,
    /// Write the table in SECURITY.md anew and do nothing else.
    #[arg(long)]
    write: bool,
    /// Only those of the contracts, which are quick: nothing but a contract is compiled anew.
    #[arg(long)]
    contracts: bool,
}

/// Takes out one defence after the other and demands that its test fails.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let all = load(&workspace.root)?;
    if options.write {
        return table::write(workspace, &all);
    }
    let chosen: Vec<&Defence> = all
        .iter()
        .filter(|defence| chosen(defence, options))
        .collect();
    ensure!(
        !chosen.is_empty(),
        "no defence is called like that; `cargo xtask defences --list` names them"
    );
    if options.list {
        for defence in chosen {
            println!("{:<48} {}", defence.name, defence.test.name);
        }
        return Ok(());
    }
    setup::run(workspace)?;
    eprintln!("── with every defence in place");
    let targets = mutant::expect_green(workspace, &chosen)?;
    let scratch = Scratch::new(workspace);
    let mut holes = Vec::new();
    for (index, defence) in chosen.iter().enumerate() {
        let began = Instant::now();
        eprintln!("── {}/{} without {}", index + 1, chosen.len(), defence.name);
        let target = &targets[&defence.test];
        let verdict = if defence.is_contract() {
            mutant::without_in_contract(workspace, defence, target)?
        } else {
            scratch.without(defence, target)?
        };
        let seconds = began.elapsed().as_secs_f64();
        match verdict {
            Verdict::Red => eprintln!("   red, as it must be ({seconds:.1} s)"),
            Verdict::Green => {
                eprintln!(
                    "   STILL GREEN: {} does not notice ({seconds:.1} s)",
                    defence.test.name
                );
                holes.push(defence.name.as_str());
            }
        }
    }
    if !holes.is_empty() {
        bail!(
            "{} of {} defences can be taken out unnoticed: {}",
            holes.len(),
            chosen.len(),
            holes.join(", ")
        );
    }
    println!(
        "{} defences taken out one by one, {} tests red, 0 green",
        chosen.len(),
        chosen.len()
    );
    Ok(())
}

fn chosen(defence: &Defence, options: &Options) -> bool {
    let named = options.only.is_empty()
        || options
            .only
            .iter()
            .any(|part| defence.name.contains(part.as_str()));
    named && (!options.contracts || defence.is_contract())
}

/// What the tree's rules have to say about the defences: each can be taken out, every invariant has
/// one, and the table in SECURITY.md lists them.
pub(crate) fn problems(workspace: &Workspace) -> Result<Vec<tidy::Finding>> {
    let all = load(&workspace.root)?;
    let mut found: Vec<tidy::Finding> = all
        .iter()
        .flat_map(|defence| defence.problems(&workspace.root))
        .collect();
    found.extend(file::missing_invariants(&all));
    found.extend(table::problem(workspace, &all)?);
    Ok(found)
}
