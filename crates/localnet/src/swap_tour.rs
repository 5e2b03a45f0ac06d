//! The tour of swaps: one each way.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::{anvil::dev_key_hex, say, swap_party::Party, swaps::Swaps};

/// One swap each way, by a person at the command line with a maker that is a node.
pub async fn swap_tour(swaps: &Swaps) -> Result<()> {
    say::step(
        "atomic swap, litecoin → ether: two parties, no bridge, nobody in between",
        "0.5 ETH",
    );
    swap_once(swaps, "eip155:31337", "0.5").await?;
    say::step("atomic swap, ether → litecoin", "10 LTC");
    let coins = swaps.coins().network().chain_id().to_string();
    swap_once(swaps, &coins, "10").await
}

async fn swap_once(swaps: &Swaps, gives_on: &str, amount: &str) -> Result<()> {
    let before = swaps.balances(Party::Taker).await?;
    let offer = swaps.offer(gives_on).await?;
    let maker = swaps.maker_url();
    let arguments = [
        "swap", "take", "--maker", &maker, "--offer", &offer, "--get", amount,
    ];
    let started = Instant::now();
    let mut phase = String::new();
    swaps
        .watch(Party::Taker, &arguments, |line| {
            if let Some(event) = line["event"].as_str() {
                let leg = line["leg"].as_str().unwrap_or_default();
                let height = line["height"].as_u64();
                let at = height.map(|height| format!("{leg} leg, block {height}"));
                let after = format!("{:>5.1} s", started.elapsed().as_secs_f64());
                say::fact(event, format!("{after}  {}", at.unwrap_or_default()));
            }
            if let Some(now) = line["phase"].as_str() {
                now.clone_into(&mut phase);
            }
        })
        .await?;
    ensure!(
        matches!(phase.as_str(), "claim2_final" | "done"),
        "the swap ended as {phase:?}"
    );
    let after = swaps.balances(Party::Taker).await?;
    let got = usize::from(!gives_on.starts_with("eip155"));
    ensure!(
        after[got] > before[got],
        "the taker did not get what it swapped for"
    );
    ensure!(after[1 - got] < before[1 - got], "the taker gave nothing");
    say::fact(
        "balances",
        "the taker has what it swapped for, and gave what it promised",
    );
    Ok(())
}

/// What a person can try on a network with swaps.
pub fn swap_hints(swaps: &Swaps) -> Vec<String> {
    let config = swaps.config_path(Party::Taker);
    let key = dev_key_hex(Party::Taker.role());
    vec![
        format!(
            "export CAUSEWAY_CONFIG='{}' CAUSEWAY_SWAP_KEY={key}",
            config.display()
        ),
        "causeway swap wallet".to_owned(),
        format!("causeway swap offers --maker {}", swaps.maker_url()),
        format!(
            "causeway swap take --maker {} --offer ID --get 0.5",
            swaps.maker_url()
        ),
        "causeway swap list".to_owned(),
    ]
}
