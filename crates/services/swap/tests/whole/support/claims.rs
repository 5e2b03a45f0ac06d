use alloy::{
    primitives::{Address, Bytes, U256, aliases::U96},
    sol_types::SolCall as _,
};
use bitcoin::FeeRate;
use causeway_bitcoin::{KeyChain, LockedCoin};
use causeway_contracts::{
    claim_window,
    hash_time_lock::{HashTimeLock, IHashTimeLock},
    refund_right,
};
use causeway_swap::{Expiry, Leg, Phase, SwapId};

use super::{Moves, Place, Purse, World};

/// Somebody who sends what others have signed.
const CARRIER: usize = 8;

impl World {
    /// Time passes until just before a lock can be taken back.
    pub(crate) async fn almost_expire(&mut self, swap: SwapId, leg: Leg) {
        let record = self.any_record(swap).await;
        let secs = match record.terms().legs.of(leg).expiry {
            Expiry::Height(height) => (height - self.coins().height().await - 1) * 10,
            Expiry::Time(time) => time.as_secs() - self.ethers[0].time().await - 30,
        };
        self.later(secs).await;
    }

    /// The responder learns the secret from a chain, finds nobody to sign with, and claims by itself. Both
    /// have what they swapped for.
    pub(crate) async fn responder_claims_alone(&mut self, swap: SwapId, before: [Purse; 2]) {
        let responder = self.responder();
        self.reach(responder, swap, Phase::Claim1Intent).await;
        self.later(10).await;
        self.be(responder, swap, Phase::Done).await;
        let moves = self.all_moves(before).await;
        assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
    }

    /// The second leg is claimed with the initiator's secret, past its service, in the next block; before
    /// whatever waits for that.
    pub(crate) async fn second_is_claimed(&mut self, swap: SwapId) {
        match self.place(Leg::Second) {
            Place::Coins => self.coins_are_claimed(swap).await,
            _ => self.ether_is_claimed(swap).await,
        }
    }

    async fn coins_are_claimed(&self, swap: SwapId) {
        let initiator = self.party(self.initiator());
        let record = initiator.record(swap).await;
        let place = self.party(self.responder()).record(swap).await;
        let keys = KeyChain::from_seed(&initiator.seed, self.coins().network()).unwrap();
        let secret = record.swap.facts().secret.clone().unwrap();
        let coin = LockedCoin {
            outpoint: place.locked_at(Leg::Second).unwrap().parse().unwrap(),
            value: bitcoin::Amount::from_sat(u64::try_from(self.setup.second.amount()).unwrap()),
        };
        let claim = self.coins().lock_of(record.terms(), |_| {}).claim(
            coin,
            &causeway_bitcoin::Secret::from_bytes(secret.to_bytes()),
            &keys.lock_key(record.number).unwrap(),
            &self.coins().script(&initiator.seed),
            FeeRate::from_sat_per_kwu(500),
        );
        self.coins().mine_this(&claim.unwrap().bytes()).await;
    }

    async fn ether_is_claimed(&self, swap: SwapId) {
        let record = self.party(self.initiator()).record(swap).await;
        let terms = &record.terms().legs.second;
        let Expiry::Time(time) = terms.expiry else {
            panic!("ether expires at times")
        };
        let address =
            |account: &causeway_types::AccountId| -> Address { account.address().parse().unwrap() };
        let secret = record.swap.facts().secret.clone().unwrap();
        let call = HashTimeLock::claimCall {
            secret: secret.to_bytes().into(),
            terms: IHashTimeLock::Terms {
                token: Address::ZERO,
                amount: U256::from(terms.amount.units()),
                claimWindow: claim_window(address(&terms.claimer), time.as_secs()),
                refundRight: refund_right(address(&terms.refunder), U96::ZERO),
            },
        };
        let (ether, data) = (&self.ethers[0], Bytes::from(call.abi_encode()));
        ether.send_as(CARRIER, ether.contract, data, 0).await;
        ether.mine(1).await;
    }
}
