//! Durable processes: events, state and outgoing effects committed together.
