//! One file a command: its `Args` and its `run(ctx, args)`.

pub mod help;
