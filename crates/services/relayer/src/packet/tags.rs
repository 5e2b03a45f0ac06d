//! What packets are found by.

use causeway_engine::Tag;
use causeway_ibc::{
    Payload, UNIVERSAL_ERROR_ACKNOWLEDGEMENT, gmp, gmp::GmpPacketData, ics20,
    ics20::FungibleTokenPacketData,
};

use super::PacketRecord;

/// The tag with the chain that a packet leaves.
pub const FROM: &str = "from";
/// The tag with the chain that a packet is for.
pub const TO: &str = "to";
/// The tags with the light clients at both ends.
pub const CLIENT: &str = "client";
/// The tag with the port of an application on the source.
pub const APPLICATION: &str = "app";
/// The tag with who sends, in the spelling of [`account`].
pub const SENDER: &str = "sender";
/// The tag with who receives, in the spelling of [`account`].
pub const RECEIVER: &str = "receiver";
/// The tags with the transactions that showed something of a packet.
pub const TX: &str = "tx";
/// The tag of a packet that the destination has answered with an error.
pub const FAILED: &str = "failed";

/// What a payload is to its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A transfer of a token.
    Transfer(FungibleTokenPacketData),
    /// A call of a contract.
    Call(GmpPacketData),
}

impl Content {
    /// What a payload says, if it is of an application that is known here and says something.
    pub fn of(payload: &Payload) -> Option<Self> {
        match payload.source_port.as_str() {
            ics20::PORT => FungibleTokenPacketData::decode(&payload.value)
                .ok()
                .map(Self::Transfer),
            gmp::PORT => GmpPacketData::decode(&payload.value).ok().map(Self::Call),
            _ => None,
        }
    }

    /// Who sends, and who receives.
    pub fn parties(&self) -> [&str; 2] {
        match self {
            Self::Transfer(transfer) => [&transfer.sender, &transfer.receiver],
            Self::Call(call) => [&call.sender, &call.receiver],
        }
    }
}

/// One spelling for all of an account that is written in hexadecimal.
pub fn account(text: &str) -> String {
    let is_hex = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match text.get(..2) {
        Some("0x" | "0X") if is_hex(&text[2..]) => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

impl PacketRecord {
    /// Whether the destination has answered with an error; `None` until it has answered.
    pub fn failed(&self) -> Option<bool> {
        let received = self.life.received().or_else(|| self.life.acknowledged())?;
        let is_error =
            |ack: &alloy_primitives::Bytes| ack[..] == UNIVERSAL_ERROR_ACKNOWLEDGEMENT[..];
        Some(received.content.iter().any(is_error))
    }

    pub(super) fn tags(&self) -> Vec<Tag> {
        let packet = self.life.packet();
        let mut tags = vec![
            Tag::new(FROM, self.src.as_str()),
            Tag::new(TO, self.dst.as_str()),
            Tag::new(CLIENT, packet.source_client.as_str()),
            Tag::new(CLIENT, packet.dest_client.as_str()),
        ];
        for payload in &packet.payloads {
            tags.push(Tag::new(APPLICATION, payload.source_port.as_str()));
            if let Some(content) = Content::of(payload) {
                let [sender, receiver] = content.parties();
                tags.push(Tag::new(SENDER, account(sender)));
                tags.push(Tag::new(RECEIVER, account(receiver)));
            }
        }
        if self.failed() == Some(true) {
            tags.push(Tag::new(FAILED, ""));
        }
        tags.extend(
            self.facts
                .iter()
                .map(|fact| Tag::new(TX, fact.tx.to_string())),
        );
        // What a stranger writes there may be of any length, and an index holds no such value.
        tags.retain(|tag| tag.value.len() <= LONGEST && !tag.value.contains('\0'));
        tags
    }
}

/// The longest value that is looked up. No account of any chain is longer.
const LONGEST: usize = 256;
