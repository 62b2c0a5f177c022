//! The SHA-256 of a file while it is read; of a long one on a thread of its own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

/// Files up to this size are hashed where they are read.
const INLINE_BYTES_MAX: usize = 1 << 20;

/// Chunks that may wait for the hashing thread.
const CHUNKS_WAITING: usize = 8;

/// A digest that bytes are still being added to.
pub(in crate::formats) enum FileDigest {
    Here(Box<Sha256>, usize),
    Beside {
        chunks: SyncSender<Vec<u8>>,
        hasher: JoinHandle<Sha256>,
    },
}

impl FileDigest {
    pub fn new() -> FileDigest {
        FileDigest::Here(Box::default(), 0)
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            FileDigest::Here(hasher, length) => {
                hasher.update(bytes);
                *length += bytes.len();
                if *length > INLINE_BYTES_MAX {
                    let hasher = std::mem::take(hasher);
                    let (chunks, waiting) = sync_channel(CHUNKS_WAITING);
                    *self = FileDigest::Beside {
                        chunks,
                        hasher: thread::spawn(move || hash(*hasher, waiting)),
                    };
                }
            }
            FileDigest::Beside { chunks, .. } => chunks
                .send(bytes.to_vec())
                .expect("the hashing thread lives as long as its sender"),
        }
    }

    pub fn finish(self) -> [u8; 32] {
        let hasher = match self {
            FileDigest::Here(hasher, _) => *hasher,
            FileDigest::Beside { chunks, hasher } => {
                drop(chunks);
                hasher.join().expect("hashing cannot fail")
            }
        };
        hasher.finalize().into()
    }
}

fn hash(mut hasher: Sha256, chunks: Receiver<Vec<u8>>) -> Sha256 {
    chunks.iter().for_each(|chunk| hasher.update(&chunk));
    hasher
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_files_have_the_digest_of_their_bytes() {
        for length in [0, 5, INLINE_BYTES_MAX, 3 * INLINE_BYTES_MAX + 7] {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
            let mut digest = FileDigest::new();
            bytes.chunks(100_001).for_each(|chunk| digest.update(chunk));
            let want: [u8; 32] = Sha256::digest(&bytes).into();
            assert_eq!(digest.finish(), want, "{length}");
        }
    }
}
