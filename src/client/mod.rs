//! One session with a HissabBook server over HTTPS: what remote books and the commands about servers share.
//!
//! Synchronous outside; a runtime of one thread, connections and TLS are made at the first request, so
//! that a command on a local book never pays for them. Knows nothing of books: paths and shapes are
//! the caller's.

pub mod cache;
pub mod credentials;
mod desk;
pub mod error;
pub mod events;
pub mod files;
mod handshake;
pub mod outbox;
pub mod place;
mod reply;
pub mod session;
mod transport;

pub use credentials::Credentials;
pub use desk::Desk;
pub use error::{ClientError, Result};
pub use outbox::{Letter, Outbox, Stage};
pub use place::{Place, Server};
pub use reply::Reply;
pub use session::{Asked, Credential, Session, Settings, segment};
pub use transport::{Method, Payload};
