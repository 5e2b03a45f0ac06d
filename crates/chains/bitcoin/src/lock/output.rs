//! The output that holds the money: a hash-time-lock as a script.

use bitcoin::{
    ScriptBuf, XOnlyPublicKey,
    opcodes::all::{
        OP_CHECKSIG, OP_CHECKSIGVERIFY, OP_CLTV, OP_DROP, OP_ELSE, OP_ENDIF, OP_EQUALVERIFY, OP_IF,
        OP_SHA256, OP_SIZE,
    },
    script::Builder,
    taproot::{LeafVersion, TapLeafHash, TaprootBuilder, TaprootSpendInfo},
};
use musig2::{KeyAggContext, secp::Point};

use super::{LockError, LockForm, LockTerms};
use crate::curve::CURVE;

/// A hash-time-lock: an output that one party claims with a secret, and that the other takes back from
/// a height on. In its taproot form both together can also spend it by one signature.
#[derive(Clone, Debug)]
pub struct HashTimeLock {
    terms: LockTerms,
    pub(crate) scripts: Scripts,
}

/// What the output commits to.
#[derive(Clone, Debug)]
pub(crate) enum Scripts {
    Taproot(Box<Taproot>),
    WitnessScript(ScriptBuf),
}

/// The two leaves below the aggregate key.
#[derive(Clone, Debug)]
pub(crate) struct Taproot {
    pub(crate) claim: ScriptBuf,
    pub(crate) refund: ScriptBuf,
    pub(crate) tree: TaprootSpendInfo,
    /// Tweaked with the tree, so that it signs for the output's key.
    pub(crate) keys: KeyAggContext,
}

impl HashTimeLock {
    /// The lock of these terms.
    ///
    /// # Errors
    /// When the terms would not do on the chain what they say.
    pub fn new(terms: LockTerms) -> Result<Self, LockError> {
        terms.check()?;
        let scripts = match terms.form {
            LockForm::Taproot => Scripts::Taproot(Box::new(Taproot::new(&terms)?)),
            LockForm::WitnessScript => Scripts::WitnessScript(witness_script(&terms)),
        };
        Ok(Self { terms, scripts })
    }

    /// What it was made from; all that has to be stored of it.
    pub const fn terms(&self) -> &LockTerms {
        &self.terms
    }

    /// The script of the output.
    pub fn script_pubkey(&self) -> ScriptBuf {
        match &self.scripts {
            Scripts::Taproot(taproot) => ScriptBuf::new_p2tr_tweaked(taproot.tree.output_key()),
            Scripts::WitnessScript(script) => script.to_p2wsh(),
        }
    }

    /// The address of the output.
    pub fn address(&self) -> String {
        let script = self.script_pubkey();
        // Both kinds of output have an address.
        self.terms.network.address(&script).unwrap_or_default()
    }

    pub(crate) fn taproot(&self) -> Result<&Taproot, LockError> {
        match &self.scripts {
            Scripts::Taproot(taproot) => Ok(taproot),
            Scripts::WitnessScript(_) => Err(LockError::NotTaproot),
        }
    }
}

impl Taproot {
    fn new(terms: &LockTerms) -> Result<Self, LockError> {
        let aggregate = |reason: String| LockError::Aggregate { reason };
        let keys = aggregate_keys(terms)?;
        let internal: Point = keys.aggregated_pubkey_untweaked();
        let internal = XOnlyPublicKey::from_slice(&internal.serialize_xonly())
            .map_err(|error| aggregate(error.to_string()))?;
        let (claim, refund) = (claim_leaf(terms), refund_leaf(terms));
        let tree = TaprootBuilder::new()
            .add_leaf(1, claim.clone())
            .and_then(|tree| tree.add_leaf(1, refund.clone()))
            .map_err(|error| aggregate(error.to_string()))?
            .finalize(&CURVE, internal)
            .map_err(|_| aggregate("the tree of leaves is not complete".to_owned()))?;
        let root = tree
            .merkle_root()
            .ok_or_else(|| aggregate("the tree of leaves has no root".to_owned()))?;
        let keys = keys
            .with_taproot_tweak(root.as_ref())
            .map_err(|error| aggregate(error.to_string()))?;
        Ok(Self {
            claim,
            refund,
            tree,
            keys,
        })
    }
}

/// BIP-327's aggregate of both keys, which are sorted first so that both parties come to the same.
fn aggregate_keys(terms: &LockTerms) -> Result<KeyAggContext, LockError> {
    let aggregate = |reason: String| LockError::Aggregate { reason };
    let mut keys = [terms.claim_key.serialize(), terms.refund_key.serialize()];
    keys.sort_unstable();
    let [first, second] = keys.map(|key| Point::try_from(key.as_slice()));
    let points = [
        first.map_err(|error| aggregate(error.to_string()))?,
        second.map_err(|error| aggregate(error.to_string()))?,
    ];
    KeyAggContext::new(points).map_err(|error| aggregate(error.to_string()))
}

/// `SIZE 32 EQUALVERIFY SHA256 <hash> EQUALVERIFY <claim key> CHECKSIG`. The size is checked because
/// another chain might not take a longer secret of the same hash.
fn claim_leaf(terms: &LockTerms) -> ScriptBuf {
    let (key, _) = terms.claim_key.x_only_public_key();
    hash_check(Builder::new(), terms)
        .push_x_only_key(&key)
        .push_opcode(OP_CHECKSIG)
        .into_script()
}

/// `<refund key> CHECKSIGVERIFY <height> CLTV`: the height stays on the stack and is the truth that the
/// script ends with.
fn refund_leaf(terms: &LockTerms) -> ScriptBuf {
    let (key, _) = terms.refund_key.x_only_public_key();
    Builder::new()
        .push_x_only_key(&key)
        .push_opcode(OP_CHECKSIGVERIFY)
        .push_int(i64::from(terms.refund_height))
        .push_opcode(OP_CLTV)
        .into_script()
}

/// Both branches in one script, as BIP-199 has them, with the size of the secret checked.
fn witness_script(terms: &LockTerms) -> ScriptBuf {
    hash_check(Builder::new().push_opcode(OP_IF), terms)
        .push_slice(terms.claim_key.serialize())
        .push_opcode(OP_ELSE)
        .push_int(i64::from(terms.refund_height))
        .push_opcode(OP_CLTV)
        .push_opcode(OP_DROP)
        .push_slice(terms.refund_key.serialize())
        .push_opcode(OP_ENDIF)
        .push_opcode(OP_CHECKSIG)
        .into_script()
}

fn hash_check(builder: Builder, terms: &LockTerms) -> Builder {
    builder
        .push_opcode(OP_SIZE)
        .push_int(32)
        .push_opcode(OP_EQUALVERIFY)
        .push_opcode(OP_SHA256)
        .push_slice(AsRef::<[u8; 32]>::as_ref(&terms.hash))
        .push_opcode(OP_EQUALVERIFY)
}

pub(super) fn leaf_hash(script: &bitcoin::Script) -> TapLeafHash {
    TapLeafHash::from_script(script, LeafVersion::TapScript)
}
