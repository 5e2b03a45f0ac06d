//! Where packets, transfers and calls stand, and where those that stand somewhere are found.

use causeway_engine::Index;
use causeway_ibc::Phase;
use causeway_relayer::{PacketRecord, tags};

use crate::model::{CallStatus, PacketStatus, TransferStatus};

impl From<Phase> for PacketStatus {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Observed => Self::Observed,
            Phase::Final => Self::Final,
            Phase::Proven => Self::Proven,
            Phase::Delivered => Self::Delivered,
            Phase::Acknowledged => Self::Acknowledged,
            Phase::TimingOut => Self::TimingOut,
            Phase::TimedOut => Self::TimedOut,
        }
    }
}

/// The phases of packets on their way.
const ON_THE_WAY: [Phase; 3] = [Phase::Observed, Phase::Final, Phase::Proven];

fn phases(phases: &[Phase]) -> Vec<Index> {
    let name = |phase: &Phase| Index::Phase(phase.name().to_owned());
    phases.iter().map(name).collect()
}

fn failed() -> Vec<Index> {
    vec![Index::Tag(tags::FAILED, String::new())]
}

impl PacketStatus {
    /// Where packets that stand here are found.
    pub(crate) fn indexes(self) -> Vec<Index> {
        let all = [
            Phase::Observed,
            Phase::Final,
            Phase::Proven,
            Phase::Delivered,
            Phase::Acknowledged,
            Phase::TimingOut,
            Phase::TimedOut,
        ];
        let here = all.into_iter().filter(|phase| Self::from(*phase) == self);
        phases(&here.collect::<Vec<_>>())
    }
}

impl TransferStatus {
    pub(crate) fn of(record: &PacketRecord) -> Self {
        let failed = record.failed() == Some(true);
        match record.life.phase() {
            Phase::Observed | Phase::Final | Phase::Proven => Self::InFlight,
            Phase::Delivered if failed => Self::Refunding,
            Phase::Delivered => Self::Arrived,
            Phase::Acknowledged if failed => Self::Refunded,
            Phase::Acknowledged => Self::Completed,
            Phase::TimingOut => Self::Refunding,
            Phase::TimedOut => Self::Refunded,
        }
    }

    /// Where packets are found whose transfers stand here, among others.
    pub(crate) fn indexes(self) -> Vec<Index> {
        match self {
            Self::InFlight => phases(&ON_THE_WAY),
            Self::Arrived => phases(&[Phase::Delivered]),
            Self::Completed => phases(&[Phase::Acknowledged]),
            Self::Refunding => [phases(&[Phase::TimingOut]), failed()].concat(),
            Self::Refunded => [phases(&[Phase::TimedOut]), failed()].concat(),
        }
    }
}

impl CallStatus {
    pub(crate) fn of(record: &PacketRecord) -> Self {
        let failed = record.failed() == Some(true);
        match record.life.phase() {
            Phase::Observed | Phase::Final | Phase::Proven => Self::InFlight,
            Phase::Delivered | Phase::Acknowledged if failed => Self::Failed,
            Phase::Delivered => Self::Executed,
            Phase::Acknowledged => Self::Completed,
            Phase::TimingOut => Self::Expiring,
            Phase::TimedOut => Self::Expired,
        }
    }

    /// Where packets are found whose calls stand here, among others.
    pub(crate) fn indexes(self) -> Vec<Index> {
        match self {
            Self::InFlight => phases(&ON_THE_WAY),
            Self::Executed => phases(&[Phase::Delivered]),
            Self::Completed => phases(&[Phase::Acknowledged]),
            Self::Failed => failed(),
            Self::Expiring => phases(&[Phase::TimingOut]),
            Self::Expired => phases(&[Phase::TimedOut]),
        }
    }
}
