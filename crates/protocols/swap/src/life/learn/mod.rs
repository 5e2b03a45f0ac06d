//! How facts come from inputs: one file for each kind of input.

mod clock;
mod finality;
mod locked;
mod message;
mod secret;
mod spent;

use super::{Input, Swap};

impl Swap {
    pub(super) fn learn(&mut self, input: Input) {
        match input {
            Input::Clock { heads } => self.learn_heads(&heads),
            Input::Locked {
                leg,
                lock,
                amount,
                block,
            } => self.learn_lock(leg, lock, amount, block),
            Input::LockedOtherwise { leg, wrong } => {
                self.facts.legs.of_mut(leg).wrong = Some(wrong);
            }
            Input::Spent { leg, by, block } => self.learn_spend(leg, by, block),
            Input::Final { leg, block_hash } => self.learn_final(leg, block_hash),
            Input::Withdrawn { leg, block_hash } => self.learn_withdrawn(leg, block_hash),
            Input::Secret { secret } => self.learn_secret(secret),
            Input::Message { message } => self.learn_message(message),
            Input::Stop => self.facts.stopped = true,
            Input::Resume => self.facts.stopped = false,
        }
    }
}
