//! A maker, a taker and a watchtower with a chain of coins beside the two others.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use alloy::{
    primitives::B256, providers::Provider as _, rpc::types::Filter, sol_types::SolEvent as _,
};
use causeway_contracts::hash_time_lock::HashTimeLock::CoinLocked;
use causeway_local_bitcoin::NodeKind;
use causeway_localnet::{Party, SwapOptions, Swaps, dev_key, dev_key_hex};
use serde_json::{Value, json};

use super::{Outcome, Scene, mining, run_causeway};

/// A block of coins every second.
pub const BLOCKS: u64 = 1;
/// Longer than any lock lasts on either chain.
pub const LONG_BLOCKS: u64 = 620;
pub const LONG_SECS: u64 = 1_300;
/// More than a party pays for a swap on either chain, in wei and in satoshis.
const FEES: [i128; 2] = [10_000_000_000_000_000, 1_000_000];

/// Swaps on a network that has no other nodes.
pub struct SwapScene {
    // Declared first: they go while the network's directory is there.
    pub swaps: Swaps,
    pub scene: Scene,
    /// The height of the chain of coins when all was set.
    began: u64,
}

impl SwapScene {
    /// The maker runs, and nobody has swapped yet.
    pub async fn set(kind: NodeKind) -> Self {
        // As the parties' configurations say.
        let blocks = Some(Duration::from_secs(1));
        let scene = Scene::set(|options| options.block_time = blocks).await;
        let options = SwapOptions {
            blocks: BLOCKS,
            ..SwapOptions::new(kind)
        };
        let swaps = Swaps::start(&scene.network, options).await.unwrap();
        let began = swaps.coins().height().await.unwrap();
        Self {
            swaps,
            scene,
            began,
        }
    }

    /// Runs a command as a party.
    pub async fn run(&self, party: Party, arguments: &[&str]) -> Outcome {
        self.run_with(self.swaps.config_path(party), party, arguments)
            .await
    }

    /// The same with another configuration.
    pub async fn run_with(&self, config: PathBuf, party: Party, arguments: &[&str]) -> Outcome {
        let key = dev_key_hex(party.role());
        run_causeway(&config, &[("CAUSEWAY_SWAP_KEY", &key)], arguments).await
    }

    /// Runs a command as a party and gives back the objects that it prints.
    pub async fn lines(&self, party: Party, arguments: &[&str]) -> Vec<Value> {
        let outcome = self.run(party, &[arguments, &["--json"]].concat()).await;
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        outcome.lines()
    }

    /// The CAIP-2 id of the chain of coins.
    pub fn coins_id(&self) -> String {
        self.swaps.coins().network().chain_id().to_string()
    }

    /// What a party has on the first chain, in wei.
    pub async fn wei(&self, party: Party) -> u128 {
        let account = dev_key(party.role()).address();
        let balance = self.scene.network.a.chain.provider().get_balance(account);
        u128::try_from(balance.await.unwrap()).unwrap()
    }

    /// What a party can lock of coins, in satoshis.
    pub async fn satoshis(&self, party: Party) -> u128 {
        let lines = self.lines(party, &["swap", "wallet"]).await;
        let id = self.coins_id();
        let line = lines.iter().find(|line| line["chain"] == id.as_str());
        line.unwrap()["balance"].as_str().unwrap().parse().unwrap()
    }

    /// The ids of all swaps that a party knows.
    pub async fn known(&self, party: Party) -> Vec<Value> {
        self.lines(party, &["swap", "list"]).await
    }

    /// From now on, whoever takes an offer locks after the maker.
    pub async fn maker_locks_first(&mut self) {
        self.swaps.kill_maker().await.unwrap();
        let path = self.swaps.config_path(Party::Maker);
        let config = std::fs::read_to_string(&path).unwrap();
        let config = config.replace("spread = 50\n", "spread = 50\nlocks_first = true\n");
        std::fs::write(&path, config).unwrap();
        self.swaps.start_maker().await.unwrap();
    }

    /// No block comes on either chain from now on.
    pub async fn hold_blocks(&mut self) {
        self.swaps.stop_mining();
        mining::stand_still(&self.scene.network.a).await;
    }

    /// Blocks come again as before.
    pub async fn let_blocks_come(&mut self) {
        self.swaps.keep_mining();
        mining::every_second(&self.scene.network.a).await;
    }

    /// Lets the time locks of all swaps so far end on both chains.
    pub async fn all_locks_expire(&self) {
        self.locks_of_coins_expire().await;
        self.locks_of_ether_expire().await;
    }

    /// Lets the time locks of coins end.
    pub async fn locks_of_coins_expire(&self) {
        self.swaps.coins().mine(LONG_BLOCKS).await.unwrap();
    }

    /// Lets the time locks on the first chain end. Its clock goes ahead of all others from then on, so that
    /// nobody would begin another swap.
    pub async fn locks_of_ether_expire(&self) {
        let provider = self.scene.network.a.chain.provider();
        let later = provider.raw_request::<_, Value>("evm_increaseTime".into(), [LONG_SECS]);
        later.await.unwrap();
        let mined = provider.raw_request::<_, Value>("evm_mine".into(), ());
        mined.await.unwrap();
    }

    /// How all swaps of both parties ended, and what follows for their accounts.
    pub async fn ends(&self) -> Ends {
        let mut ends = Ends::default();
        let mut shown: BTreeMap<String, [Option<Value>; 2]> = BTreeMap::new();
        for (place, party) in [Party::Taker, Party::Maker].into_iter().enumerate() {
            for swap in self.known(party).await {
                let id = swap["swap"].as_str().unwrap().to_owned();
                let show = self.lines(party, &["swap", "show", &id]).await;
                shown.entry(id).or_default()[place] = show.into_iter().next();
            }
        }
        for (id, [taker, maker]) in &shown {
            ends.add_swap(id, taker.as_ref(), maker.as_ref());
        }
        let all = shown.values().flatten().flatten();
        let legs = all.flat_map(|shown| shown["legs"].as_array().unwrap());
        let locks: BTreeSet<_> = legs.filter_map(|leg| leg["lock"].as_str()).collect();
        ends.locked_twice = self.locked_twice(&locks).await;
        ends
    }

    /// How many of these locks have another like them on their chain.
    async fn locked_twice(&self, locks: &BTreeSet<&str>) -> u64 {
        let mut scripts: BTreeMap<String, u64> = BTreeMap::new();
        let mut wanted = BTreeSet::new();
        let coins = self.swaps.coins();
        for height in self.began..=coins.height().await.unwrap() {
            let hash = coins.ask("getblockhash", json!([height])).await.unwrap();
            let block = coins.ask("getblock", json!([hash, 2])).await.unwrap();
            for tx in block["tx"].as_array().unwrap() {
                let txid = tx["txid"].as_str().unwrap();
                for (at, output) in tx["vout"].as_array().unwrap().iter().enumerate() {
                    let script = output["scriptPubKey"]["hex"].as_str().unwrap();
                    *scripts.entry(script.to_owned()).or_default() += 1;
                    if locks.contains(format!("{txid}:{at}").as_str()) {
                        wanted.insert(script.to_owned());
                    }
                }
            }
        }
        assert!(!wanted.is_empty(), "no lock was found: {locks:?}");
        let twice = wanted.iter().filter(|script| scripts[*script] > 1).count();
        let filter = Filter::new()
            .event_signature(CoinLocked::SIGNATURE_HASH)
            .from_block(0);
        let logs = self.scene.network.a.chain.provider();
        let logs = logs.get_logs(&filter).await.unwrap();
        let mut hashes: BTreeMap<B256, u64> = BTreeMap::new();
        for log in logs {
            let locked = log.log_decode::<CoinLocked>().unwrap();
            *hashes.entry(locked.inner.data.hashLock).or_default() += 1;
        }
        assert!(!hashes.is_empty(), "nothing was locked on the first chain");
        let again = hashes.values().filter(|times| **times > 1).count();
        u64::try_from(twice + again).unwrap()
    }
}

/// How swaps ended.
#[derive(Debug, Default)]
pub struct Ends {
    /// How many there were, as either party counts.
    pub swaps: u64,
    /// Nothing is at stake any more for either party.
    pub settled: u64,
    /// Both have what they wanted.
    pub exchanged: u64,
    /// Somebody had locked, and has it back.
    pub refunded: u64,
    /// Nobody had locked anything.
    pub cancelled: u64,
    /// Both legs went to one party.
    pub lost: u64,
    /// One party has what it wanted, as it thinks, and the other thinks otherwise.
    pub told_apart: u64,
    /// Locks that were made more than once.
    pub locked_twice: u64,
    /// What the taker got more than it gave, in wei and in satoshis.
    taker: [i128; 2],
}

impl Ends {
    /// Adds those of another network.
    pub fn add(&mut self, other: &Self) {
        self.swaps += other.swaps;
        self.settled += other.settled;
        self.exchanged += other.exchanged;
        self.refunded += other.refunded;
        self.cancelled += other.cancelled;
        self.lost += other.lost;
        self.told_apart += other.told_apart;
        self.locked_twice += other.locked_twice;
    }

    fn add_swap(&mut self, id: &str, taker: Option<&Value>, maker: Option<&Value>) {
        let known = [taker, maker];
        let phase = |shown: &Value| shown["phase"].as_str().unwrap().to_owned();
        let phases: Vec<_> = known.into_iter().flatten().map(phase).collect();
        let settled = known.into_iter().flatten();
        self.swaps += 1;
        self.settled += u64::from(settled.clone().all(|shown| shown["settled"] == true));
        self.lost += u64::from(phases.iter().any(|phase| phase == "lost"));
        let got = |shown: Option<&Value>| {
            shown.is_some_and(|shown| matches!(phase(shown).as_str(), "claim2_final" | "done"))
        };
        if got(taker) != got(maker) {
            eprintln!("{id}: {taker:#?} {maker:#?}");
            self.told_apart += 1;
        }
        if let Some(taker) = taker.filter(|taker| got(Some(taker))) {
            self.exchanged += 1;
            for (what, sign) in [("gets", 1), ("gives", -1)] {
                let (place, amount) = smallest(taker[what].as_str().unwrap());
                self.taker[place] += sign * amount;
            }
        } else if phases.iter().any(|phase| phase == "refunded") {
            self.refunded += 1;
        } else {
            self.cancelled += u64::from(phases.iter().all(|phase| phase == "cancelled"));
        }
    }
}

/// Which of the two assets an amount is of, and how much of it in smallest units.
fn smallest(text: &str) -> (usize, i128) {
    let (amount, label) = text.split_once(' ').unwrap();
    let (place, decimals) = if label.starts_with("ETH") {
        (0, 18)
    } else {
        (1, 8)
    };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = format!("{whole}{fraction:0<decimals$}");
    (place, digits.parse().unwrap())
}

/// What both parties have, in wei and in satoshis.
#[derive(Debug)]
pub struct Accounts {
    taker: [u128; 2],
    maker: [u128; 2],
}

impl Accounts {
    /// What they have now.
    pub async fn of(scene: &SwapScene) -> Self {
        let of = async |party| [scene.wei(party).await, scene.satoshis(party).await];
        Self {
            taker: of(Party::Taker).await,
            maker: of(Party::Maker).await,
        }
    }

    /// Checks that what they have afterwards follows from how swaps ended, but for fees.
    pub fn add_up(&self, after: &Self, ends: &Ends) {
        for place in [0, 1] {
            let most = i128::from(ends.swaps) * FEES[place];
            for (who, before, after, sign) in [
                ("taker", self.taker, after.taker, 1),
                ("maker", self.maker, after.maker, -1),
            ] {
                let [before, after] = [before, after].map(|of| i128::try_from(of[place]).unwrap());
                let fees = before + sign * ends.taker[place] - after;
                assert!(
                    (0..=most).contains(&fees),
                    "{who}, {place}: {before}, then {after}, which makes fees of {fees}: {ends:?}"
                );
            }
        }
    }
}
