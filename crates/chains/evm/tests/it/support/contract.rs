use alloy_primitives::{Address, B256, Bytes, b256};
use serde_json::json;

use super::Anvil;

/// The first topic of what the contract logs.
pub(crate) const TOPIC: B256 =
    b256!("1111111111111111111111111111111111111111111111111111111111111111");

/// A contract that goes through its call data word by word: it stores the word in slot 0 and logs
/// it, but reverts with it if its first byte is 0xff.
pub(crate) struct Contract {
    pub(crate) address: Address,
}

impl Contract {
    pub(crate) async fn deploy(anvil: &Anvil) -> Self {
        let receipt = anvil.send(json!({ "data": creation() })).await;
        let address = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
        Self { address }
    }

    /// Makes it log this word.
    pub(crate) async fn log(&self, anvil: &Anvil, number: u64) {
        anvil
            .send(json!({ "to": self.address, "data": word(number), "gas": "0x30000" }))
            .await;
    }
}

/// A word that the contract takes.
pub(crate) fn word(number: u64) -> B256 {
    B256::left_padding_from(&number.to_be_bytes())
}

/// A word that the contract refuses.
pub(crate) fn bad(number: u64) -> B256 {
    let mut word = word(number);
    word[0] = 0xff;
    word
}

fn creation() -> Bytes {
    let runtime = runtime();
    let length = u8::try_from(runtime.len()).unwrap();
    // PUSH1 length, PUSH1 10, PUSH0, CODECOPY, PUSH1 length, PUSH0, RETURN
    let mut code = vec![0x60, length, 0x60, 10, 0x5f, 0x39, 0x60, length, 0x5f, 0xf3];
    code.extend(runtime);
    code.into()
}

fn runtime() -> Vec<u8> {
    const LOOP: u8 = 0x01;
    const DONE: u8 = 0x45;
    const REFUSE: u8 = 0x47;
    let mut code = vec![0x5f]; // PUSH0: the offset i
    code.extend([0x5b, 0x36, 0x81, 0x10, 0x15, 0x60, DONE, 0x57]); // if !(i < CALLDATASIZE) done
    code.extend([0x80, 0x35]); // w = CALLDATALOAD(i)
    code.extend([0x80, 0x60, 0xf8, 0x1c, 0x60, 0xff, 0x14, 0x60, REFUSE, 0x57]); // if w >> 248 == 0xff
    code.extend([0x80, 0x5f, 0x55]); // SSTORE(0, w)
    code.extend([0x5f, 0x52]); // MSTORE(0, w)
    code.push(0x7f);
    code.extend(TOPIC);
    code.extend([0x60, 0x20, 0x5f, 0xa1]); // LOG1(0, 32, TOPIC)
    code.extend([0x60, 0x20, 0x01, 0x60, LOOP, 0x56]); // i += 32, again
    assert_eq!(code.len(), usize::from(DONE));
    code.extend([0x5b, 0x00]); // done: STOP
    assert_eq!(code.len(), usize::from(REFUSE));
    code.extend([0x5b, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xfd]); // refuse: REVERT(0, 32) with w
    code
}
