//! Packets as the API shows them: themselves, and the transfers and calls that they carry.

use alloy_primitives::{U256, hex};
use causeway_engine::{EffectStatus, EffectView, Process, UnixMillis};
use causeway_ibc::{
    Event as Fact, Packet as IbcPacket,
    gmp::{GmpAcknowledgement, GmpPacketData},
    ics20::{Denom, FungibleTokenPacketData, NATIVE_COIN},
};
use causeway_relayer::{PacketRecord, tags::Content};
use causeway_types::AssetId;

use crate::{
    amount::format_amount,
    api::Assets,
    model::{
        self, Call, CallStatus, FactName, LightClientRef, Message, MessageState, Packet,
        PacketDetails, Payload, Time, Token, Transfer, TransferStatus,
    },
};

/// The number of ether in SLIP-44, which stands for the coin of any EVM chain here.
pub(crate) const ETHER: u32 = 60;

/// The name of a packet in paths. Neither chains nor clients have a `~` in theirs.
pub(crate) fn id_of(key: &str) -> String {
    key.replace('/', "~")
}

/// The engine's name of a packet.
pub(crate) fn key_of(id: &str) -> String {
    id.replace('~', "/")
}

fn ends(record: &PacketRecord) -> [LightClientRef; 2] {
    [record.source(), record.destination()].map(|end| LightClientRef {
        chain: end.chain,
        client: end.client.to_string(),
    })
}

fn times(process: &Process<PacketRecord>) -> [Time; 2] {
    [process.created_at, process.updated_at].map(|time| Time::from_millis(time.as_millis()))
}

fn timeline(record: &PacketRecord) -> Vec<model::Fact> {
    let life = &record.life;
    let mut facts: Vec<_> = record
        .facts
        .iter()
        .map(|seen| {
            let (fact, chain, is_final) = match seen.fact {
                Fact::Sent => (FactName::Sent, &record.src, life.sent().map(|s| s.is_final)),
                Fact::Received => {
                    let received = life.received().map(|s| s.is_final);
                    (FactName::Received, &record.dst, received)
                }
                Fact::Acknowledged => {
                    let acknowledged = life.acknowledged().map(|s| s.is_final);
                    (FactName::Acknowledged, &record.src, acknowledged)
                }
                Fact::TimedOut => {
                    let timed_out = life.timed_out().map(|s| s.is_final);
                    (FactName::TimedOut, &record.src, timed_out)
                }
            };
            model::Fact {
                fact,
                chain: chain.clone(),
                tx: seen.tx.to_string(),
                height: seen.height,
                time: seen.time.into(),
                is_final: is_final.unwrap_or(false),
            }
        })
        .collect();
    // Of two chains, one may be read before the other.
    facts.sort_by_key(|fact| fact.fact as u8);
    facts
}

/// A packet in a list.
pub(crate) fn packet(process: &Process<PacketRecord>) -> Packet {
    let record = &process.state;
    let packet = record.life.packet();
    let [source, destination] = ends(record);
    let [created_at, updated_at] = times(process);
    Packet {
        id: id_of(&process.key),
        source,
        destination,
        sequence: packet.sequence.into(),
        status: record.life.phase().into(),
        done: process.done,
        timeout: packet.timeout.into(),
        applications: applications(packet),
        created_at,
        updated_at,
        timeline: timeline(record),
    }
}

fn applications(packet: &IbcPacket) -> Vec<String> {
    let ports = packet.payloads.iter().map(|payload| &payload.source_port);
    ports.cloned().collect()
}

/// A packet with its payloads and its messages.
pub(crate) fn details(process: &Process<PacketRecord>, effects: Vec<EffectView>) -> PacketDetails {
    let life = &process.state.life;
    let hex = |bytes: &alloy_primitives::Bytes| hex::encode_prefixed(bytes);
    let payloads = life.packet().payloads.iter().map(|payload| Payload {
        source_port: payload.source_port.clone(),
        dest_port: payload.dest_port.clone(),
        version: payload.version.clone(),
        encoding: payload.encoding.clone(),
        value: hex(&payload.value),
    });
    let answered = life.received().or_else(|| life.acknowledged());
    let now = UnixMillis::now();
    PacketDetails {
        packet: packet(process),
        payloads: payloads.collect(),
        acknowledgements: answered.map(|seen| seen.content.iter().map(hex).collect()),
        messages: effects
            .into_iter()
            .map(|effect| message(effect, now))
            .collect(),
    }
}

fn message(effect: EffectView, now: UnixMillis) -> Message {
    let carried = effect.lease.is_some_and(|(_, until)| until > now);
    let held = effect.due_at == UnixMillis::NEVER;
    let state = match effect.status {
        EffectStatus::Done => MessageState::Done,
        EffectStatus::Cancelled => MessageState::NotNeeded,
        EffectStatus::Pending if carried => MessageState::BeingCarried,
        EffectStatus::Pending if held => MessageState::Skipped,
        EffectStatus::Pending => MessageState::Waiting,
    };
    let next_try = (state == MessageState::Waiting).then_some(effect.due_at);
    let name = effect.body["message"]["message"].as_str();
    Message {
        message: name.unwrap_or("message").to_owned(),
        to: effect.lane.trim_start_matches("relay/").to_owned(),
        state,
        attempts: effect.attempts,
        last_error: effect.last_error,
        next_try: next_try.map(|time| Time::from_millis(time.as_millis())),
    }
}

/// The transfer that a packet carries, if it carries one.
pub(crate) fn transfer_in(record: &PacketRecord) -> Option<FungibleTokenPacketData> {
    let mut payloads = record.life.packet().payloads.iter();
    payloads.find_map(|payload| match Content::of(payload) {
        Some(Content::Transfer(transfer)) => Some(transfer),
        _ => None,
    })
}

/// The call that a packet carries, if it carries one.
pub(crate) fn call_in(record: &PacketRecord) -> Option<GmpPacketData> {
    let mut payloads = record.life.packet().payloads.iter();
    payloads.find_map(|payload| match Content::of(payload) {
        Some(Content::Call(call)) => Some(call),
        _ => None,
    })
}

/// Whether a packet carries a transfer, which stands here if that matters.
pub(crate) fn is_transfer(record: &PacketRecord, status: Option<TransferStatus>) -> bool {
    status.is_none_or(|status| TransferStatus::of(record) == status)
        && transfer_in(record).is_some()
}

/// Whether a packet carries a call, which stands here if that matters.
pub(crate) fn is_call(record: &PacketRecord, status: Option<CallStatus>) -> bool {
    status.is_none_or(|status| CallStatus::of(record) == status) && call_in(record).is_some()
}

/// Transfers, with what their tokens are called.
pub(crate) async fn transfers(
    processes: &[Process<PacketRecord>],
    assets: &Assets,
) -> Vec<Transfer> {
    let carried: Vec<_> = processes
        .iter()
        .filter_map(|process| Some((process, transfer_in(&process.state)?)))
        .map(|(process, data)| {
            let origin = origin(&process.state, &data.denom);
            (process, data, origin)
        })
        .collect();
    let origins = carried.iter().filter_map(|(_, _, origin)| origin.asset());
    assets.learn(origins.cloned()).await;
    carried
        .into_iter()
        .map(|(process, data, origin)| transfer(process, data, origin, assets))
        .collect()
}

/// Where the token of a transfer comes from, as far as that can be told.
enum Origin {
    /// It is of the chain that it leaves.
    Source(AssetId),
    /// It goes back to the chain that it is from.
    Destination(AssetId),
    /// It is from a third chain, or of a kind that is not known.
    Elsewhere,
}

impl Origin {
    const fn asset(&self) -> Option<&AssetId> {
        match self {
            Self::Source(asset) | Self::Destination(asset) => Some(asset),
            Self::Elsewhere => None,
        }
    }
}

fn origin(record: &PacketRecord, denom: &str) -> Origin {
    let Ok(denom) = Denom::parse(denom) else {
        return Origin::Elsewhere;
    };
    let packet = record.life.packet();
    let asset = |denom: &Denom, chain: &causeway_types::ChainId| {
        if !denom.trace().is_empty() {
            return None;
        }
        if denom.base() == NATIVE_COIN {
            return Some(AssetId::coin(chain.clone(), ETHER));
        }
        let token = denom.base().parse().ok()?;
        Some(AssetId::erc20(chain.clone(), token))
    };
    if let Some(asset) = asset(&denom, &record.src) {
        return Origin::Source(asset);
    }
    let back = denom.unprefixed(causeway_ibc::ics20::PORT, &packet.source_client);
    let back = back.and_then(|denom| asset(&denom, &record.dst));
    back.map_or(Origin::Elsewhere, Origin::Destination)
}

fn transfer(
    process: &Process<PacketRecord>,
    data: FungibleTokenPacketData,
    origin: Origin,
    assets: &Assets,
) -> Transfer {
    let record = &process.state;
    let [source, destination] = ends(record);
    let [created_at, updated_at] = times(process);
    let facts = origin.asset().and_then(|asset| assets.recall(asset));
    let in_units = |amount: U256| Some(format_amount(amount, facts.as_ref()?.decimals));
    let base = Denom::parse(&data.denom)
        .map_or_else(|_| data.denom.clone(), |denom| denom.base().to_owned());
    let amount_in_units = in_units(data.amount);
    let (symbol, decimals) = facts.map(|facts| (facts.symbol, facts.decimals)).unzip();
    Transfer {
        id: id_of(&process.key),
        status: TransferStatus::of(record),
        token: Token {
            base,
            denom: data.denom,
            asset: match origin {
                Origin::Source(asset) => Some(asset.to_string()),
                Origin::Destination(_) | Origin::Elsewhere => None,
            },
            symbol,
            decimals,
        },
        amount: data.amount.to_string(),
        amount_in_units,
        sender: data.sender,
        receiver: data.receiver,
        memo: data.memo,
        source,
        destination,
        timeout: record.life.packet().timeout.into(),
        created_at,
        updated_at,
        timeline: timeline(record),
    }
}

/// A call, if the packet carries one.
pub(crate) fn call(process: &Process<PacketRecord>) -> Option<Call> {
    let record = &process.state;
    let data = call_in(record)?;
    let [source, destination] = ends(record);
    let [created_at, updated_at] = times(process);
    let answered = record
        .life
        .received()
        .or_else(|| record.life.acknowledged());
    let result = answered.and_then(|seen| seen.content.first());
    let result = result.and_then(|ack| GmpAcknowledgement::decode(ack).ok());
    Some(Call {
        id: id_of(&process.key),
        status: CallStatus::of(record),
        sender: data.sender,
        receiver: data.receiver,
        salt: hex::encode_prefixed(&data.salt),
        data: hex::encode_prefixed(&data.payload),
        memo: data.memo,
        result: result.map(|ack| hex::encode_prefixed(&ack.result)),
        source,
        destination,
        timeout: record.life.packet().timeout.into(),
        created_at,
        updated_at,
        timeline: timeline(record),
    })
}
