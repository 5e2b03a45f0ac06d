use bitcoin::{
    Amount, EcdsaSighashType, FeeRate, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn,
    TxOut, Witness,
    absolute::LockTime,
    hashes::Hash as _,
    secp256k1::{Message, PublicKey},
    sighash::{P2wpkhError, SighashCache},
    transaction::Version,
};
use thiserror::Error;

use super::{Coin, Wallet, coins::sum};
use crate::{
    CoinPath, KeyChain, KeyError, LockError, SignedTx,
    curve::CURVE,
    fees::child_fee,
    keys::p2wpkh,
    lock::{after_fee, fee_for, vsize},
};

/// Why a payment cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WalletError {
    /// A block was withdrawn since the coins were searched.
    #[error(
        "the coins have to be searched again first: the chain has taken a block back, or none were searched"
    )]
    Stale,
    /// There is not enough.
    #[error("{need} are needed, the fee included, and the wallet's coins hold {have}")]
    TooLittle {
        /// The value and the fee.
        need: Amount,
        /// What all coins hold.
        have: Amount,
    },
    /// Nodes would not relay so small an output.
    #[error("{value} is below {least}, the least that nodes relay")]
    Dust {
        /// What was to be paid.
        value: Amount,
        /// The least that an output may hold.
        least: Amount,
    },
    /// The parent has no such output, or it belongs to somebody else.
    #[error("output {vout} of the parent is not at our address number {}", path.index)]
    NotOurs {
        /// The output's number.
        vout: u32,
        /// The address that was expected.
        path: CoinPath,
    },
    /// The key cannot be derived.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The transaction cannot be made.
    #[error(transparent)]
    Tx(#[from] LockError),
    /// What is signed could not be computed.
    #[error(transparent)]
    Sighash(#[from] P2wpkhError),
}

/// The bytes of an ECDSA signature with a small R and S, and the byte that says what is signed.
const SIGNATURE: usize = 71;
const PUBLIC_KEY: usize = 33;

impl Wallet {
    /// A signed payment of exactly this value, as the first output; the change, if it is worth one, goes
    /// to our own change address as the second. The same coins make the same payment.
    ///
    /// Nothing is recorded: store the transaction first, then [`Wallet::record`] it.
    ///
    /// # Errors
    /// When the coins do not suffice, or have to be searched first.
    pub fn pay(
        &self,
        to: &Script,
        value: Amount,
        rate: FeeRate,
        change: u32,
    ) -> Result<SignedTx, WalletError> {
        if self.is_stale() {
            return Err(WalletError::Stale);
        }
        let least = to.minimal_non_dust_custom(self.keys.network().dust_relay_rate);
        if value < least {
            return Err(WalletError::Dust { value, least });
        }
        let path = CoinPath {
            change: true,
            index: change,
        };
        let change_script = self.keys.coin_script(path)?;
        let with_change = |coins: &[&Coin]| {
            let draft = draft(coins, &[(to, value), (&change_script, Amount::ZERO)]);
            fee_for(vsize(&draft), rate)
        };
        let without_change = |coins: &[&Coin]| fee_for(vsize(&draft(coins, &[(to, value)])), rate);
        let coins = self.choose(value, &without_change)?;
        let total = sum(coins.iter().map(|coin| coin.value));
        let rest = total.checked_sub(value).unwrap_or(Amount::ZERO);
        let network = self.keys.network();
        let unsigned = match after_fee(network, rest, with_change(&coins)?, &change_script) {
            Ok(left) => draft(&coins, &[(to, value), (&change_script, left)]),
            // What is too little for change goes to the miner.
            Err(_) => draft(&coins, &[(to, value)]),
        };
        let paid = sum(unsigned.output.iter().map(|output| output.value));
        let fee = total.checked_sub(paid).unwrap_or(Amount::ZERO);
        let tx = sign(&self.keys, unsigned, &coins)?;
        Ok(SignedTx { tx, fee })
    }

    /// Whatever suffices: the smallest coin that does so alone, else the largest together. Coins in
    /// blocks go before our own pending change.
    fn choose(
        &self,
        value: Amount,
        fee: &impl Fn(&[&Coin]) -> Result<Amount, LockError>,
    ) -> Result<Vec<&Coin>, WalletError> {
        let mut coins: Vec<&Coin> = self.coins().collect();
        coins.sort_by_key(|coin| (coin.height.is_none(), coin.value, coin.outpoint));
        for coin in &coins {
            if coin.value >= sum([value, fee(&[*coin])?]) {
                return Ok(vec![*coin]);
            }
        }
        coins.sort_by_key(|coin| {
            (
                coin.height.is_none(),
                std::cmp::Reverse(coin.value),
                coin.outpoint,
            )
        });
        let mut chosen: Vec<&Coin> = Vec::new();
        let mut have = Amount::ZERO;
        let mut need = sum([value, fee(&[])?]);
        for coin in coins {
            chosen.push(coin);
            have = sum([have, coin.value]);
            need = sum([value, fee(&chosen)?]);
            if have >= need {
                return Ok(chosen);
            }
        }
        Err(WalletError::TooLittle { need, have })
    }
}

impl KeyChain {
    /// A child that spends an output of a pending transaction, which pays to one of our addresses, back
    /// to that address, and pays so much that both together reach the rate. It raises the fee of a
    /// transaction where nodes do not replace, or where nobody can sign another.
    ///
    /// # Errors
    /// When the output is not ours, or too small for the fee.
    pub fn child(
        &self,
        parent: &SignedTx,
        vout: u32,
        path: CoinPath,
        rate: FeeRate,
    ) -> Result<SignedTx, WalletError> {
        self.child_of(&[], parent, vout, path, rate)
    }

    /// The same for the last of several pending transactions, each of which spends the one before it:
    /// all of them and the child together reach the rate.
    ///
    /// # Errors
    /// As [`KeyChain::child`].
    pub fn child_of(
        &self,
        ancestors: &[SignedTx],
        parent: &SignedTx,
        vout: u32,
        path: CoinPath,
        rate: FeeRate,
    ) -> Result<SignedTx, WalletError> {
        let script = self.coin_script(path)?;
        let output = parent
            .tx
            .output
            .get(usize::try_from(vout).unwrap_or(usize::MAX));
        let Some(output) = output.filter(|output| output.script_pubkey == script) else {
            return Err(WalletError::NotOurs { vout, path });
        };
        let coin = Coin {
            outpoint: OutPoint::new(parent.txid(), vout),
            value: output.value,
            path,
            height: None,
        };
        let size = vsize(&draft(&[&coin], &[(&script, coin.value)]));
        let fee = child_fee(ancestors.iter().chain([parent]), size, rate)
            .ok_or(LockError::Rate { rate, vsize: size })?;
        let left = after_fee(self.network(), coin.value, fee, &script)?;
        let tx = sign(self, draft(&[&coin], &[(&script, left)]), &[&coin])?;
        Ok(SignedTx { tx, fee })
    }
}

/// The transaction with signatures of the right size that sign nothing.
fn draft(coins: &[&Coin], pay: &[(&Script, Amount)]) -> Transaction {
    let dummy = Witness::from_slice(&[vec![0; SIGNATURE], vec![0; PUBLIC_KEY]]);
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: coins
            .iter()
            .map(|coin| TxIn {
                previous_output: coin.outpoint,
                script_sig: ScriptBuf::new(),
                sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
                witness: dummy.clone(),
            })
            .collect(),
        output: pay
            .iter()
            .map(|&(script, value)| TxOut {
                value,
                script_pubkey: script.to_owned(),
            })
            .collect(),
    }
}

fn sign(keys: &KeyChain, mut tx: Transaction, coins: &[&Coin]) -> Result<Transaction, WalletError> {
    let mut witnesses = Vec::with_capacity(coins.len());
    let mut cache = SighashCache::new(&tx);
    let kind = EcdsaSighashType::All;
    for (index, coin) in coins.iter().enumerate() {
        let key = keys.coin_key(coin.path)?;
        let public: PublicKey = key.public_key(&CURVE);
        let script = p2wpkh(&public);
        let sighash = cache.p2wpkh_signature_hash(index, &script, coin.value, kind)?;
        let message = Message::from_digest(sighash.to_byte_array());
        let signature = CURVE.sign_ecdsa_low_r(&message, &key);
        let signature = bitcoin::ecdsa::Signature {
            signature,
            sighash_type: kind,
        };
        witnesses.push(Witness::p2wpkh(&signature, &public));
    }
    for (input, witness) in tx.input.iter_mut().zip(witnesses) {
        input.witness = witness;
    }
    Ok(tx)
}

#[cfg(test)]
mod tests {
    use bitcoin::Txid;

    use super::*;
    use crate::Network;

    fn coin(number: u8, value: u64, height: Option<u64>) -> Coin {
        Coin {
            outpoint: OutPoint::new(Txid::from_byte_array([number; 32]), 0),
            value: Amount::from_sat(value),
            path: CoinPath {
                change: false,
                index: 0,
            },
            height,
        }
    }

    fn wallet(coins: impl IntoIterator<Item = Coin>) -> Wallet {
        let keys = KeyChain::from_seed(&[0x11; 32], Network::BITCOIN_REGTEST).unwrap();
        let mut wallet = Wallet::new(keys, 2).unwrap();
        wallet.endow(coins);
        wallet
    }

    fn to() -> ScriptBuf {
        ScriptBuf::from_bytes([&[0, 32][..], &[7; 32]].concat())
    }

    const RATE: FeeRate = FeeRate::from_sat_per_kwu(500);

    fn pay(wallet: &Wallet, value: u64) -> Result<SignedTx, WalletError> {
        wallet.pay(&to(), Amount::from_sat(value), RATE, 1)
    }

    /// The numbers of the coins that a payment spends.
    fn spent(paid: &SignedTx) -> Vec<u8> {
        let first = |input: &TxIn| input.previous_output.txid.to_byte_array()[0];
        paid.tx.input.iter().map(first).collect()
    }

    #[test]
    fn a_payment_pays_exactly_the_value_and_the_rate_and_the_rest_comes_back() {
        let wallet = wallet([coin(1, 100_000, Some(5))]);
        let paid = pay(&wallet, 60_000).unwrap();
        assert_eq!((paid.vsize(), paid.fee.to_sat()), (153, 306));
        let outputs = &paid.tx.output;
        assert_eq!(outputs[0].value.to_sat(), 60_000);
        assert_eq!(outputs[1].value.to_sat(), 100_000 - 60_000 - 306);
        let change = CoinPath {
            change: true,
            index: 1,
        };
        let expected = wallet.keys().coin_script(change).unwrap();
        assert_eq!(outputs[1].script_pubkey, expected);
        assert_eq!(pay(&wallet, 60_000), Ok(paid));
    }

    #[test]
    fn the_smallest_coin_that_suffices_is_spent_else_the_largest_together() {
        let coins = [
            coin(1, 50_000, Some(5)),
            coin(2, 20_000, Some(5)),
            coin(3, 30_000, Some(5)),
            coin(4, 25_000, None),
        ];
        let wallet = wallet(coins);
        assert_eq!(spent(&pay(&wallet, 10_000).unwrap()), [2]);
        // What is in a block goes before change that is pending.
        assert_eq!(spent(&pay(&wallet, 22_000).unwrap()), [3]);
        assert_eq!(spent(&pay(&wallet, 70_000).unwrap()), [1, 3]);
        assert_eq!(spent(&pay(&wallet, 120_000).unwrap()), [1, 3, 2, 4]);
        let WalletError::TooLittle { need, have } = pay(&wallet, 125_000).unwrap_err() else {
            panic!("there is not so much");
        };
        assert_eq!(have.to_sat(), 125_000);
        assert!(need > have);
    }

    #[test]
    fn change_that_would_be_dust_goes_to_the_miner() {
        // 122 vB without change; with it, 153.
        let with = |rest: u64| {
            let wallet = wallet([coin(1, 60_000 + rest, Some(5))]);
            pay(&wallet, 60_000)
        };
        let paid = with(2 * 153 + 293).unwrap();
        assert_eq!(
            (paid.tx.output.len(), paid.fee.to_sat()),
            (1, 2 * 153 + 293)
        );
        let paid = with(2 * 153 + 294).unwrap();
        assert_eq!((paid.tx.output.len(), paid.fee.to_sat()), (2, 2 * 153));
        assert_eq!(with(2 * 122).unwrap().tx.output.len(), 1);
        assert!(matches!(
            with(2 * 122 - 1),
            Err(WalletError::TooLittle { .. })
        ));
    }

    #[test]
    fn only_change_of_what_was_ours_is_counted_before_its_block() {
        let mut paying = wallet([coin(1, 100_000, Some(5))]);
        let paid = pay(&paying, 60_000).unwrap();
        paying.record(&paid);
        let change = OutPoint::new(paid.txid(), 1);
        let coins = |wallet: &Wallet| wallet.coins().map(|coin| coin.outpoint).collect::<Vec<_>>();
        assert_eq!(coins(&paying), [change]);
        // The same by a stranger, who may spend it elsewhere before it is mined.
        let mut foreign = paid;
        for input in &mut foreign.tx.input {
            input.witness = Witness::from_slice(&[vec![1; 71], vec![2; 33]]);
        }
        let mut other = wallet([]);
        other.record(&foreign);
        assert_eq!(coins(&other), []);
    }
}
