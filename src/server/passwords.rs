//! Passwords: Argon2id, few at a time, and no telling whether it was the name or the password that is wrong.

use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;
use tokio::sync::Semaphore;

use super::problem::{Answer, Problem};

/// 19 MiB, twice over, one lane: OWASP's floor.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
const ROOM_KIB: usize = 33 * 1024;
const SALT_BYTES: usize = 16;

/// Characters of a password.
const LEAST: usize = 10;
const MOST: usize = 256;

/// How long a sign-in waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// Hashes passwords, so many at a time.
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub fn new(at_once: usize) -> Passwords {
        Passwords {
            turns: Arc::new(Semaphore::new(at_once.max(1))),
        }
    }

    /// The text that is kept of a password: `argon2id$m,t,p$salt$hash`.
    pub async fn hash(&self, password: String) -> Answer<String> {
        self.work(move || {
            let mut salt = [0; SALT_BYTES];
            getrandom::fill(&mut salt).map_err(Problem::internal)?;
            let hash = compute(&password, &salt, (MEMORY_KIB, PASSES, LANES))?;
            let (salt, hash) = (B64.encode(salt), B64.encode(hash));
            Ok(format!(
                "argon2id${MEMORY_KIB},{PASSES},{LANES}${salt}${hash}"
            ))
        })
        .await
    }

    /// Whether a password is the one that is kept. With nothing kept it takes as long and is false.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Answer<bool> {
        self.work(move || {
            let Some(kept) = kept else {
                compute(&password, &[0; SALT_BYTES], (MEMORY_KIB, PASSES, LANES))?;
                return Ok(false);
            };
            let (costs, salt, want) =
                read(&kept).ok_or_else(|| Problem::internal("a kept password cannot be read"))?;
            let hash = compute(&password, &salt, costs)?;
            Ok(same(&hash, &want))
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| Problem::unavailable("busy", "too many sign-ins at once"))?
            .map_err(Problem::internal)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .unwrap_or_else(|lost| Err(Problem::internal(lost)))
    }
}

fn compute(password: &str, salt: &[u8], (m, t, p): (u32, u32, u32)) -> Answer<[u8; HASH_BYTES]> {
    let params = Params::new(m, t, p, Some(HASH_BYTES)).map_err(Problem::internal)?;
    let (mut hash, mut memory) = ([0; HASH_BYTES], room(params.block_count()));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, &mut memory[..])
        .map_err(Problem::internal)?;
    Ok(hash)
}

/// Blocks of a KiB to compute in. More is asked for than is used: from 32 MiB on the C library gives memory back
/// to the system when it is freed; less it keeps, for each thread that ever hashed. 10,000 guesses took 200 MiB so.
fn room(blocks: usize) -> Vec<Block> {
    let mut room = Vec::with_capacity(blocks.max(ROOM_KIB));
    room.resize(blocks, Block::new());
    room
}

type Kept = ((u32, u32, u32), Vec<u8>, Vec<u8>);

fn read(kept: &str) -> Option<Kept> {
    let mut parts = kept.split('$');
    if parts.next()? != "argon2id" {
        return None;
    }
    let mut costs = parts.next()?.split(',').map(|n| n.parse().ok());
    let costs = (costs.next()??, costs.next()??, costs.next()??);
    let salt = B64.decode(parts.next()?).ok()?;
    Some((costs, salt, B64.decode(parts.next()?).ok()?))
}

/// In a time that does not tell where they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Refuses a new password that is too short or too long; `pointer` is its place in the request.
pub fn check_new(password: &str, pointer: &str) -> Answer<()> {
    let length = password.chars().count();
    if length < LEAST {
        return Err(Problem::field(
            pointer,
            "weak-password",
            format!("the password has {length} characters; at least {LEAST} are needed"),
        ));
    }
    if length > MOST {
        return Err(Problem::field(
            pointer,
            "long-password",
            format!("the password has {length} characters; at most {MOST} are taken"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::new(1);
        let kept = passwords.hash("correct horse".into()).await.unwrap();
        assert!(kept.starts_with("argon2id$19456,2,1$"), "{kept}");
        assert!(
            passwords
                .verify("correct horse".into(), Some(kept.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct hors".into(), Some(kept))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse".into(), None)
                .await
                .unwrap()
        );
    }

    #[test]
    fn a_new_password_has_ten_to_256_characters() {
        assert_eq!(
            check_new("nine char", "/password").unwrap_err().code,
            "weak-password"
        );
        assert!(check_new("ten chars!", "/password").is_ok());
        assert!(check_new(&"é".repeat(256), "/password").is_ok());
        assert_eq!(
            check_new(&"é".repeat(257), "/password").unwrap_err().code,
            "long-password"
        );
    }
}
