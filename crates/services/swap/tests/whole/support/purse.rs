use causeway_swap::{Leg, PerLeg};

use super::{Place, Who, World};

/// What somebody has of the assets of both legs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purse(PerLeg<u128>);

/// What became of somebody's assets, fees aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moves {
    pub(crate) first: Moved,
    pub(crate) second: Moved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It is what it was.
    Kept,
    /// What was agreed on came.
    Got,
    /// What was agreed on went.
    Gave,
}

impl Moves {
    pub(crate) const NONE: Self = Self {
        first: Moved::Kept,
        second: Moved::Kept,
    };

    /// What a whole swap means for the initiator.
    pub(crate) const INITIATED: Self = Self {
        first: Moved::Gave,
        second: Moved::Got,
    };

    /// What a whole swap means for the responder.
    pub(crate) const RESPONDED: Self = Self {
        first: Moved::Got,
        second: Moved::Gave,
    };
}

impl World {
    pub(crate) async fn purse(&self, who: Who) -> Purse {
        Purse(PerLeg {
            first: self.balance(who, Leg::First).await,
            second: self.balance(who, Leg::Second).await,
        })
    }

    pub(crate) async fn purses(&self) -> [Purse; 2] {
        [
            self.purse(self.initiator()).await,
            self.purse(self.responder()).await,
        ]
    }

    /// What became of what somebody had.
    pub(crate) async fn moves(&self, who: Who, before: Purse) -> Moves {
        let now = self.purse(who).await;
        let moved = |leg: Leg| self.moved(leg, *before.0.of(leg), *now.0.of(leg));
        Moves {
            first: moved(Leg::First),
            second: moved(Leg::Second),
        }
    }

    /// What became of what the initiator and the responder had.
    pub(crate) async fn all_moves(&self, before: [Purse; 2]) -> [Moves; 2] {
        [
            self.moves(self.initiator(), before[0]).await,
            self.moves(self.responder(), before[1]).await,
        ]
    }

    fn moved(&self, leg: Leg, before: u128, now: u128) -> Moved {
        let place = self.place(leg);
        let (amount, fees) = (place.amount(), place.fees());
        let spent = |spent: u128| (0..=fees).contains(&spent);
        if now <= before && spent(before - now) {
            Moved::Kept
        } else if now > before && now <= before + amount && spent(before + amount - now) {
            Moved::Got
        } else if now < before && before - now >= amount && spent(before - now - amount) {
            Moved::Gave
        } else {
            panic!("of {leg} there was {before} and is {now}");
        }
    }

    async fn balance(&self, who: Who, leg: Leg) -> u128 {
        let party = self.party(who);
        match self.place(leg) {
            Place::Coins => self.coins().balance(&party.seed).await.into(),
            Place::Ether(index) => self.ethers[index].balance(party.account).await,
            Place::Token(index) => {
                let token = self.tokens[index];
                self.ethers[index].tokens(token, party.account).await
            }
        }
    }
}

impl Place {
    /// The most that fees may come to.
    const fn fees(self) -> u128 {
        match self {
            Self::Coins => 20_000,
            Self::Ether(_) => 10_000_000_000_000_000,
            Self::Token(_) => 0,
        }
    }
}
