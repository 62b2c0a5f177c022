//! Where data goes: stdout, a pager, or a file that is written whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

use super::error::{Failure, Result, shell_word};
use super::targets;
use crate::book::litter::{self, Mark};
use crate::render::sanitize;

/// The writer of a command's data. Nothing is certain to have arrived before [`Out::finish`].
pub struct Out {
    sink: Sink,
    /// The text ends on a terminal: control characters are neutralised.
    neutralise: bool,
    /// Colours are wanted, so plain colour sequences pass.
    colour: bool,
    /// Bytes written so far.
    written: usize,
    /// A reader that goes away ends the command.
    ends_with_reader: bool,
}

enum Sink {
    Stdout(BufWriter<io::Stdout>),
    Pager(Pager),
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
        _mark: Mark,
    },
    /// A device, a pipe: it is written to, never replaced.
    Special {
        file: BufWriter<File>,
        path: PathBuf,
    },
}

struct Pager {
    words: Vec<String>,
    held: Vec<u8>,
    lines_max: usize,
    lines: usize,
    child: Option<Child>,
    plain: bool,
}

const BUFFER_BYTES: usize = 64 * 1024;

impl Out {
    pub fn stdout(terminal: bool, colour: bool) -> Out {
        let sink = Sink::Stdout(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()));
        Out {
            sink,
            neutralise: terminal,
            colour,
            written: 0,
            ends_with_reader: false,
        }
    }

    /// Holds the text back until it is longer than the terminal, then pages it.
    pub fn paged(words: Vec<String>, lines_max: usize, colour: bool) -> Out {
        let pager = Pager {
            words,
            held: Vec::new(),
            lines_max,
            lines: 0,
            child: None,
            plain: false,
        };
        Out {
            sink: Sink::Pager(pager),
            neutralise: true,
            colour,
            written: 0,
            ends_with_reader: false,
        }
    }

    /// A file that appears, with all of its content, at [`Out::finish`]. A link is followed; what is no regular
    /// file, a device or a pipe, is written to as it goes.
    ///
    /// Errors: exit 7 for a book, and for the file that standard input comes from.
    pub fn file(path: &Path) -> Result<Out> {
        targets::spare_books(path)?;
        if targets::is_stdin(path) {
            return Err(targets::refused(path, "what standard input comes from"));
        }
        let sink = match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                return Err(Failure::refused(
                    "is-a-directory",
                    format!("{} is a folder, not a file", path.display()),
                ));
            }
            Ok(meta) if !meta.is_file() => special(path)?,
            // The file that a link names is replaced, not the link.
            Ok(_) => replacing(&std::fs::canonicalize(path).unwrap_or(path.to_owned()))?,
            Err(_) => replacing(path)?,
        };
        Ok(Out {
            sink,
            neutralise: false,
            colour: false,
            written: 0,
            ends_with_reader: false,
        })
    }

    /// Refuses to go on if the data is to replace this file, which the command reads: `what` it is.
    ///
    /// Errors: exit 7, nothing was written.
    pub fn spare(&self, file: &Path, what: &str) -> Result<()> {
        match &self.sink {
            Sink::File { path, .. } if targets::is_same(path, file) => {
                Err(targets::refused(path, what))
            }
            _ => Ok(()),
        }
    }

    /// From here on a reader that goes away ends the command: of long listings, which say no more by their exit.
    /// Other commands go on to their verdict, without a word.
    pub fn end_with_reader(&mut self) {
        self.ends_with_reader = true;
    }

    /// True if the data becomes a file, whole or not at all.
    pub fn is_file(&self) -> bool {
        matches!(self.sink, Sink::File { .. })
    }

    /// True if the data ends on a terminal.
    pub fn is_terminal(&self) -> bool {
        self.neutralise
    }

    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Forgets what was written, if nothing of it has left this process yet: true if so.
    pub fn take_back(self) -> bool {
        match self.sink {
            Sink::Stdout(out) if self.written < BUFFER_BYTES => {
                // Its parts, unlike the whole, are dropped without being sent.
                let _ = out.into_parts();
                true
            }
            Sink::Stdout(_) => false,
            Sink::Pager(pager) => pager.child.is_none() && !pager.plain,
            Sink::File { .. } => true,
            Sink::Special { .. } => self.written < BUFFER_BYTES,
        }
    }

    /// Sends everything on its way; a file appears under its name.
    pub fn finish(self) -> Result<()> {
        match self.sink {
            Sink::Stdout(mut out) => Ok(out.flush()?),
            Sink::Pager(pager) => pager.finish(),
            Sink::Special { mut file, path } => file.flush().map_err(|e| unwritten(&path, &e)),
            Sink::File { file, path, _mark } => {
                // The command may have made a book there meanwhile.
                targets::spare_books(&path)?;
                let file = file.into_inner().map_err(|e| unwritten(&path, e.error()))?;
                file.as_file()
                    .sync_all()
                    .map_err(|e| unwritten(&path, &e))?;
                file.persist(&path)
                    .map_err(|e| unwritten(&path, &e.error))?;
                Ok(())
            }
        }
    }

    fn raw(&mut self) -> &mut dyn Write {
        match &mut self.sink {
            Sink::Stdout(out) => out,
            Sink::Pager(pager) => pager,
            Sink::File { file, .. } => file,
            Sink::Special { file, .. } => file,
        }
    }
}

/// A file beside the one it will be.
fn replacing(path: &Path) -> Result<Sink> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let file = draft(path, folder).map_err(|e| match folder.is_dir() {
        true => unwritten(path, &e),
        false => Failure::not_found(
            "file-not-found",
            format!("there is no folder {}", folder.display()),
        )
        .hint(format!(
            "mkdir -p {}",
            shell_word(&folder.display().to_string())
        )),
    })?;
    let mark = litter::mark(file.path());
    Ok(Sink::File {
        file: BufWriter::with_capacity(BUFFER_BYTES, file),
        path: path.to_owned(),
        _mark: mark,
    })
}

fn special(path: &Path) -> Result<Sink> {
    let file = File::options()
        .write(true)
        .open(path)
        .map_err(|e| unwritten(path, &e))?;
    Ok(Sink::Special {
        file: BufWriter::with_capacity(BUFFER_BYTES, file),
        path: path.to_owned(),
    })
}

/// A file in `folder` that will take its place at `path`: as private as the file it replaces; a new one as the
/// process was told to make files (umask).
#[cfg(unix)]
pub fn draft(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(path) {
        Ok(meta) => {
            let file = NamedTempFile::new_in(folder)?;
            let mode = Permissions::from_mode(meta.permissions().mode() & 0o777);
            // A file system without modes refuses this; the export is still good.
            let _ = file.as_file().set_permissions(mode);
            Ok(file)
        }
        Err(_) => tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder),
    }
}

#[cfg(not(unix))]
pub fn draft(_path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let passed = self.pass(bytes);
        self.outlived(passed)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.written = BUFFER_BYTES;
        let flushed = self.raw().flush();
        self.outlived(flushed)
    }
}

impl Out {
    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Neutralising makes a byte three at most.
        self.written = self.written.saturating_add(3 * bytes.len());
        if !self.neutralise {
            return self.raw().write_all(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        if text.chars().any(|c| sanitize::is_harmful(c) && c != '\n') {
            let safe = neutralised(&text, self.colour);
            return self.raw().write_all(safe.as_bytes());
        }
        self.raw().write_all(text.as_bytes())
    }

    /// Nobody reads any more: the text is lost, the verdict is not.
    fn outlived(&self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !self.ends_with_reader => {
                Ok(())
            }
            other => other,
        }
    }
}

/// Text without control characters but line breaks, tabs and, if wanted, plain colour sequences.
fn neutralised(text: &str, colour: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if colour && let Some(length) = colour_sequence(rest) {
            safe.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if sanitize::is_harmful(c) && c != '\n' && c != '\t' {
            sanitize::push_picture(&mut safe, c);
        } else {
            safe.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    safe
}

/// The length of a sequence that only sets a colour or weight: ESC [ digits and semicolons m.
fn colour_sequence(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let digits = body.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    // 8 conceals text.
    (body[digits..].starts_with('m') && !body[..digits].split(';').any(|n| n == "8"))
        .then_some(digits + 3)
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.plain {
            return io::stdout().write(bytes);
        }
        if let Some(stdin) = self.child.as_mut().and_then(|c| c.stdin.as_mut()) {
            return stdin.write(bytes);
        }
        self.held.extend_from_slice(bytes);
        self.lines += bytes.iter().filter(|b| **b == b'\n').count();
        if self.lines >= self.lines_max {
            self.start()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pager {
    fn start(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::piped());
        match command.spawn() {
            Ok(mut child) => {
                if let Some(stdin) = child.stdin.as_mut() {
                    stdin.write_all(&held)?;
                }
                self.child = Some(child);
                Ok(())
            }
            // No pager on this machine: the data goes out as it is.
            Err(_) => {
                self.plain = true;
                io::stdout().write_all(&held)
            }
        }
    }

    fn finish(mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            child.wait()?;
            return Ok(());
        }
        let mut out = io::stdout();
        out.write_all(&self.held)?;
        Ok(out.flush()?)
    }
}

/// Why a file of output could not be made.
fn unwritten(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::refused(
            "permission-denied",
            format!("{} cannot be written: permission denied", path.display()),
        )
        .hint("name a file in a folder of your own"),
        _ => Failure::file(path, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_pass() {
        assert_eq!(
            neutralised("\u{1b}[1mA\u{1b}[0m\n", true),
            "\u{1b}[1mA\u{1b}[0m\n"
        );
        assert_eq!(neutralised("\u{1b}[1mA", false), "␛[1mA");
        assert_eq!(neutralised("\u{1b}[2J\u{1b}]0;x\u{7}", true), "␛[2J␛]0;x␇");
        assert_eq!(neutralised("\u{1b}[8msecret", true), "␛[8msecret");
    }

    #[test]
    fn a_file_appears_only_when_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let mut out = Out::file(&path).unwrap();
        out.write_all(b"a,b\n").unwrap();
        assert!(!path.exists());
        out.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a,b\n");
        let mut dropped = Out::file(&path).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(std::fs::read(&path).unwrap(), b"a,b\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_a_pipe_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (
            folder.path().join("target.csv"),
            folder.path().join("link.csv"),
        );
        std::fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut out = Out::file(&link).unwrap();
        out.write_all(b"new").unwrap();
        out.finish().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        let mut out = Out::file(&pipe).unwrap();
        out.write_all(b"a,b\n").unwrap();
        out.finish().unwrap();
        assert_eq!(reader.join().unwrap(), b"a,b\n");
        assert!(!std::fs::metadata(&pipe).unwrap().is_file());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
