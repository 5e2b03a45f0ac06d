use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Tag;

/// A protocol's pure state machine, as the engine runs it: no I/O, no clock, no randomness.
pub trait Machine: 'static {
    /// The name under which this machine's processes are stored; never change it.
    const KIND: &'static str;
    /// The version of [`tags`](Self::tags); 0 for a machine that has none. Goes up whenever they say
    /// something else of a state that may be stored: [`Engine::retag`](crate::Engine::retag) writes
    /// them anew.
    const TAGS: u32 = 0;
    /// What of a process is worth telling whoever follows the changes.
    const NEWS: News = News::State;
    /// What is stored between inputs.
    type State: Serialize + DeserializeOwned + Send;
    /// What can happen to a process.
    type Input: Send;
    /// What a process can ask the world to do.
    type Effect: Serialize + DeserializeOwned + Send;
    /// Why an input was refused.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Takes one input; `None` means that the process does not exist yet.
    fn handle(
        state: Option<Self::State>,
        input: Self::Input,
    ) -> Result<Step<Self::State, Self::Effect>, Self::Error>;

    /// What a process in this state is found by.
    fn tags(_state: &Self::State) -> Vec<Tag> {
        Vec::new()
    }
}

/// What of a process is worth telling whoever follows the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Every change of its state.
    State,
    /// That its phase is another, or that it is done: its state also notes what is nobody's business.
    Phase,
}

/// What one input does to a process: its next state and what must be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Step<S, E> {
    /// The next state. `None` removes the process and forgets all its effects, done ones too, so
    /// that the same process can begin anew.
    pub state: Option<S>,
    /// Where the process stands, in one word, for lists and counts.
    pub phase: &'static str,
    /// Whether nothing more is expected to happen.
    pub done: bool,
    /// When to hear of the process again; replaces the wake it had.
    pub wake: Option<Wake>,
    /// What must be done.
    pub effects: Vec<NewEffect<E>>,
    /// Keys of this process's effects that are no longer needed; applied before `effects`.
    pub cancel: Vec<String>,
}

impl<S, E> Step<S, E> {
    /// The process goes on, in `state`.
    pub fn to(state: S, phase: &'static str) -> Self {
        Self {
            state: Some(state),
            phase,
            done: false,
            wake: None,
            effects: Vec::new(),
            cancel: Vec::new(),
        }
    }

    /// The process vanishes, as if it had never been.
    pub fn vanish() -> Self {
        Self {
            state: None,
            phase: "",
            done: true,
            wake: None,
            effects: Vec::new(),
            cancel: Vec::new(),
        }
    }

    /// Nothing more is expected to happen.
    pub fn done(mut self) -> Self {
        self.done = true;
        self
    }

    /// The process wants to hear when `clock` reaches `at`.
    pub fn wake(mut self, clock: impl Into<String>, at: u64) -> Self {
        self.wake = Some(Wake {
            clock: clock.into(),
            at,
        });
        self
    }

    /// Something must be done.
    pub fn effect(mut self, effect: NewEffect<E>) -> Self {
        self.effects.push(effect);
        self
    }

    /// An earlier effect is no longer needed.
    pub fn cancel(mut self, key: impl Into<String>) -> Self {
        self.cancel.push(key.into());
        self
    }
}

/// A moment on a clock that the service names, such as the block time of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// Which clock.
    pub clock: String,
    /// The reading at which the wake is due. Beyond `i64::MAX` it never is.
    pub at: u64,
}

/// An effect that a machine asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEffect<E> {
    /// Names the effect among those of its process. Asked for again while it is open or done, it
    /// is the same effect and nothing is added; one that was cancelled becomes open again.
    pub key: String,
    /// Where it is executed: effects of one lane are claimed together.
    pub lane: String,
    /// What is to be done.
    pub effect: E,
    /// Whether a done effect of this key is to be done once more, as after a reorganisation.
    pub reopen: bool,
}

impl<E> NewEffect<E> {
    /// An effect to be done once.
    pub fn new(key: impl Into<String>, lane: impl Into<String>, effect: E) -> Self {
        Self {
            key: key.into(),
            lane: lane.into(),
            effect,
            reopen: false,
        }
    }

    /// Done once more if it is already done.
    #[must_use]
    pub fn reopen(mut self) -> Self {
        self.reopen = true;
        self
    }
}
