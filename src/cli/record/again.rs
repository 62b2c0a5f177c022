//! Commands that look first and then write what follows from it: if somebody else wrote in between, they look again.

use std::time::{Duration, Instant};

use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};

/// Codes of what a book refuses because it is not as it was when it was looked at.
const MEANWHILE: [&str; 2] = ["written-meanwhile", "stale-version"];

/// How long others are let pass before the next look.
const LETS_PASS: Duration = Duration::from_millis(10);

/// True for what looking again may cure.
pub fn is_meanwhile(failure: &Failure) -> bool {
    MEANWHILE.contains(&&*failure.code)
}

/// Does `work`, which looks and writes, until nobody else wrote in between; as long as a busy book is waited for.
///
/// Errors: those of `work`.
pub fn look_again<T>(
    ctx: &mut Context,
    mut work: impl FnMut(&mut Context) -> Result<T>,
) -> Result<T> {
    let (began, patience) = (Instant::now(), ctx.wait()?);
    loop {
        match work(ctx) {
            Err(failure) if is_meanwhile(&failure) && began.elapsed() < patience => {
                ctx.step("somebody else wrote meanwhile: looking again");
                std::thread::sleep(LETS_PASS);
            }
            done => return done,
        }
    }
}
