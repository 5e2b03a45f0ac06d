//! Our own coins, and payments from them: no node needs a wallet.

mod coins;
mod pay;

pub use coins::{Coin, Wallet};
pub use pay::WalletError;
