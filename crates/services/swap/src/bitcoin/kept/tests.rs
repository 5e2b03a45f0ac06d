use alloy_primitives::B256;
use bitcoin::{
    Amount, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime,
    hashes::Hash as _, transaction::Version,
};
use causeway_swap::{Expiry, HashLock, Leg, LegTerms, LockForm, SwapId};
use causeway_types::{AccountId, AssetId, ChainId, Timestamp};

use super::*;

fn lock(number: u32) -> Lock {
    let chain = ChainId::bip122(&[7; 32]);
    let account = |key: &str| AccountId::new(chain.clone(), key).unwrap();
    Lock {
        swap: SwapId(B256::ZERO),
        leg: Leg::First,
        number,
        hash_lock: HashLock::new(B256::ZERO),
        terms: LegTerms {
            asset: AssetId::coin(chain.clone(), 1),
            amount: causeway_swap::Amount::new(5),
            bond: causeway_swap::Amount::ZERO,
            claimer: account("02aa"),
            refunder: account("03bb"),
            form: LockForm::Taproot,
            expiry: Expiry::Height(9),
        },
    }
}

fn tx(number: u8) -> SignedTx {
    let previous_output = OutPoint::new(Txid::from_byte_array([number; 32]), 0);
    let input = TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ZERO,
        witness: Witness::new(),
    };
    let output = TxOut {
        value: Amount::from_sat(9),
        script_pubkey: ScriptBuf::new(),
    };
    let tx = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    };
    let fee = Amount::ZERO;
    SignedTx { tx, fee }
}

const PATH: CoinPath = CoinPath {
    change: true,
    index: 0,
};

fn funding(number: u8) -> Note {
    Note::Funding(Funding {
        tx: tx(number),
        made_at: 0,
        path: PATH,
        height: 1,
        children: Vec::new(),
        conflict: None,
        is_dead: false,
    })
}

fn block() -> BlockRef {
    BlockRef {
        height: 5,
        hash: B256::ZERO,
        parent: B256::ZERO,
        timestamp: Timestamp::from_secs(1),
    }
}

/// The machine's state after a note, stored and read again.
fn after(kept: Option<Kept>, note: Note) -> Result<Option<Kept>, KeptError> {
    let step = LockMachine::handle(kept, (lock(1), note))?;
    let text = serde_json::to_string(&step.state.unwrap()).unwrap();
    Ok(Some(serde_json::from_str(&text).unwrap()))
}

#[test]
fn a_second_funding_is_kept_only_once_the_first_is_dead() {
    let first = tx(1).txid();
    let kept = after(None, funding(1)).unwrap();
    let refused = after(kept.clone(), funding(2)).unwrap_err();
    assert_eq!(refused, KeptError::SecondFunding { txid: first });
    let txid = tx(3).txid();
    let with = Some(InBlock {
        txid,
        block: block(),
    });
    // A conflict may go away again with its block.
    let funding_id = first;
    let conflict = Note::Conflict {
        funding: funding_id,
        with,
    };
    let kept = after(kept, conflict).unwrap();
    after(kept.clone(), funding(2)).unwrap_err();
    let kept = after(kept, Note::Dead { funding: first }).unwrap();
    let kept = after(kept, funding(2)).unwrap().unwrap();
    assert_eq!(kept.funding().map(|one| one.tx.txid()), Some(tx(2).txid()));
    assert_eq!(kept.fundings.len(), 2);
}

#[test]
fn notes_about_a_lock_of_other_terms_are_refused() {
    let kept = after(None, funding(1)).unwrap();
    let other = LockMachine::handle(kept, (lock(2), Note::Done));
    assert_eq!(other.map(|_| ()).unwrap_err(), KeptError::OtherLock);
}

#[test]
fn the_other_party_gets_the_same_signature_as_often_as_it_asks_and_others_not_for_ever() {
    let cosigned = |number: u8| {
        Note::Cosigned(Cosigned {
            what: Together::Claim,
            txid: tx(number).txid(),
            sighash: String::new(),
        })
    };
    let mut kept = None;
    for number in 0..50 {
        kept = after(kept, cosigned(number)).unwrap();
    }
    kept = after(kept, cosigned(7)).unwrap();
    let error = after(kept.clone(), cosigned(50)).unwrap_err();
    assert_eq!(error, KeptError::EnoughCosigned);
    let wanted = kept.unwrap().wanted_together(tx(7).txid());
    assert_eq!(wanted, Some(Together::Claim));
}

#[test]
fn a_lock_that_is_seen_again_keeps_the_transaction_that_was_had_before() {
    let seen = |number: u8, tx: Option<&str>| {
        Note::Seen(Seen {
            at: OutPoint::new(Txid::from_byte_array([number; 32]), 0),
            block: block(),
            tx: tx.map(str::to_owned),
        })
    };
    let kept = after(None, seen(1, Some("00"))).unwrap();
    let kept = after(kept, seen(1, None)).unwrap();
    let had = |kept: &Option<Kept>| kept.clone().unwrap().seen.unwrap().tx;
    assert_eq!(had(&kept).as_deref(), Some("00"));
    let kept = after(kept, seen(2, None)).unwrap();
    assert_eq!(had(&kept), None);
}

#[test]
fn children_belong_to_what_was_made_before() {
    let child = |of: u8| Note::Child {
        of: tx(of).txid(),
        child: tx(9),
        height: 8,
    };
    let kept = after(None, funding(1)).unwrap();
    let unknown = after(kept.clone(), child(2)).unwrap_err();
    let txid = tx(2).txid();
    assert_eq!(unknown, KeptError::Unknown { txid });
    let kept = after(kept, child(1)).unwrap().unwrap();
    let funding = kept.funding().unwrap();
    assert_eq!((funding.package().len(), funding.height), (2, 8));
}
