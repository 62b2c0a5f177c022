//! Signals: Ctrl-C is exit 130; a file-size limit is an error, not a death.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::book::litter;

/// Whether Ctrl-C ends the process on the spot.
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// From here on the command itself sees to Ctrl-C: a server finishes what it has begun.
#[cfg(feature = "server")]
pub fn leave_to_the_command() {
    AT_ONCE.store(false, Ordering::SeqCst);
}

/// A question waits for its answer.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Held while something is drawn that is no question.
static DRAWING: Mutex<()> = Mutex::new(());

/// Draws, unless a question stands on the terminal: progress must not write over it.
pub fn draw_unless_asking(draw: impl FnOnce()) {
    let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    if !ASKING.load(Ordering::SeqCst) {
        draw();
    }
}

/// While it lives, Ctrl-C shows the cursor again before it ends the command: prompts hide it.
pub struct AtPrompt {
    /// Whether Ctrl-C ended the process on the spot before.
    at_once: bool,
}

impl AtPrompt {
    pub fn begin() -> AtPrompt {
        let drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
        ASKING.store(true, Ordering::SeqCst);
        drop(drawing);
        listen();
        AtPrompt {
            at_once: AT_ONCE.swap(false, Ordering::SeqCst),
        }
    }
}

impl Drop for AtPrompt {
    fn drop(&mut self) {
        AT_ONCE.store(self.at_once, Ordering::SeqCst);
        ASKING.store(false, Ordering::SeqCst);
    }
}

/// What shows the cursor again, on a line of its own.
pub const CURSOR: &[u8] = b"\x1b[?25h\r\n";

/// Starts, once, the thread that ends a command which waits at a prompt.
#[cfg(unix)]
fn listen() {
    static LISTENING: std::sync::Once = std::sync::Once::new();
    LISTENING.call_once(|| {
        // Without it Ctrl-C still reaches the prompts, which end by themselves.
        let Ok(mut signals) = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT])
        else {
            return;
        };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if ASKING.load(Ordering::SeqCst) {
                    leave(signal);
                }
            }
        });
    });
}

#[cfg(not(unix))]
fn listen() {}

/// Ends the process with the terminal and the folders as they were.
#[cfg(unix)]
fn leave(signal: i32) {
    if ASKING.load(Ordering::SeqCst) {
        // Nobody can be told that stderr is gone.
        let _ = std::io::stderr().write_all(CURSOR);
    }
    litter::sweep();
    std::process::exit(128 + signal);
}

/// Registers what this process does on signals.
#[cfg(unix)]
pub fn prepare() {
    use signal_hook::consts::{SIGINT, SIGXFSZ};
    use signal_hook::flag;

    // An unfinished database transaction is rolled back by the next one who opens the book; a file of `-o`
    // has not got its name yet. So it is safe to leave at once. Failing to register leaves the system's default.
    let _ = flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&AT_ONCE));
    // With a handler in place, a write beyond the limit fails with an error that can be reported.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    litter::watch_with(sweep_on_signals);
}

/// From here on a file is on its way: whoever ends this process takes it along.
#[cfg(unix)]
fn sweep_on_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    // The command sees to its signals itself.
    if !AT_ONCE.load(Ordering::SeqCst) {
        return;
    }
    // Without the watch the file stays behind, as after a power cut.
    let mut watched = vec![SIGINT, SIGTERM];
    if !litter::outlives_terminal() {
        watched.push(SIGHUP);
    }
    let Ok(mut signals) = Signals::new(watched) else {
        return;
    };
    AT_ONCE.store(false, Ordering::SeqCst);
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            leave(signal);
        }
    });
}

#[cfg(not(unix))]
pub fn prepare() {}
