//! What the recording commands share: from words to drafts, from drafts to a unit, and the echo.

pub mod again;
pub mod args;
pub mod cash;
pub mod creating;
pub mod draft_json;
pub mod echo;
pub mod lines;
pub mod recorder;
pub mod removed;
pub mod resolve;
pub mod transaction_json;
pub mod words;

pub use again::look_again;
pub use args::{DetailArgs, WriteArgs};
pub use recorder::Recorder;
