//! Reads a file into memory, but not just any: kinds we do not read, endless lines and huge files are refused
//! while they are read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::asking::choose_one;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::formats::csv::table::ROW_BYTES_MAX;
use crate::formats::fault::{Fault, Question};
use crate::formats::json_rows;
use crate::formats::labelled;
use crate::formats::package;
use crate::formats::sniff::{self, Content};
use crate::formats::wise_history;
use crate::formats::workbook;
use crate::formats::xml::FILE_BYTES_MAX as XML_BYTES_MAX;

/// The largest file.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// The longest line: UTF-16 takes two bytes a character.
const LINE_BYTES_MAX: usize = 2 * ROW_BYTES_MAX + 4;
const CHUNK_BYTES: usize = 256 * 1024;

/// A file, in memory unless it is a journal: those are read as a stream, with what they include.
pub struct Input {
    /// As given; `-` for stdin.
    pub name: String,
    pub source: Source,
    pub content: Content,
    /// Of a workbook, whose sheet stands in for it: what it is, and what its bytes hash to.
    pub workbook: Option<Workbook>,
}

/// What a sheet was taken from.
pub struct Workbook {
    /// `xlsx`, `ods`, `xls`, `html`, or a kind of text.
    pub kind: &'static str,
    /// Where there are several.
    pub sheet: Option<String>,
    sha256: [u8; 32],
}

impl Workbook {
    /// The sheet as people see it; `None` of a text, which has none.
    pub fn sheet_shown(&self) -> Option<String> {
        let is_workbook = matches!(self.kind, "xlsx" | "ods" | "xls" | "html");
        match &self.sheet {
            Some(sheet) => Some(format!("sheet {sheet:?}")),
            None => is_workbook.then(|| "one sheet".to_owned()),
        }
    }
}

/// Where the text is.
pub enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Input {
    /// The text of what is in memory.
    pub fn bytes(&self) -> &[u8] {
        match &self.source {
            Source::Bytes(bytes) => bytes,
            Source::File(_) => &[],
        }
    }

    pub fn sha256(&self) -> [u8; 32] {
        match &self.workbook {
            Some(workbook) => workbook.sha256,
            None => Sha256::digest(self.bytes()).into(),
        }
    }

    /// The name without its folder, as the book keeps it.
    pub fn file_name(&self) -> String {
        let path = Path::new(&self.name);
        path.file_name()
            .map_or(self.name.clone(), |n| n.to_string_lossy().into_owned())
    }
}

/// Reads a file by name; `-` is stdin. `said` is what somebody says it is, `sheet` the sheet of a workbook.
pub fn read(
    ctx: &Context,
    name: &str,
    said: Option<Content>,
    sheet: Option<&str>,
) -> Result<Input> {
    let bytes = if name == "-" {
        guarded(name, &mut std::io::stdin().lock(), None)?
    } else if let Some((archive, member)) = member_of(name) {
        let bytes = archive_bytes(&archive)?;
        let content = package::member(&bytes, &member);
        let content = content.map_err(|fault| super::failure(name, fault))?;
        guarded(name, &mut content.as_slice(), None)?
    } else {
        let path = Path::new(name);
        let meta = std::fs::metadata(path).map_err(|e| Failure::file(path, &e))?;
        if meta.is_dir() {
            return Err(Failure::refused(
                "is-a-directory",
                format!("{name} is a folder, not a file"),
            )
            .hint(format!(
                "name the files in it: hissab import {}/*.csv",
                name.trim_end_matches('/')
            )));
        }
        let mut file = File::open(path).map_err(|e| Failure::file(path, &e))?;
        if meta.is_file() {
            let content = said.map_or_else(|| head_of(&mut file, path), Ok)?;
            if content.is_book() {
                return Ok(Input {
                    name: name.to_owned(),
                    source: Source::File(path.to_owned()),
                    content,
                    workbook: None,
                });
            }
        }
        guarded(name, &mut file, meta.is_file().then_some(meta.len()))?
    };
    let content = sniff::content(&bytes).map_err(|fault| super::failure(name, fault))?;
    if content == Content::Workbook {
        return from_workbook(ctx, name, bytes, sheet);
    }
    if content == Content::Csv
        && let Some((kind, text)) = retold(&bytes)
    {
        return Ok(Input {
            name: name.to_owned(),
            content,
            workbook: Some(Workbook {
                kind,
                sheet: None,
                sha256: Sha256::digest(&bytes).into(),
            }),
            source: Source::Bytes(text.into_bytes()),
        });
    }
    Ok(Input {
        name: name.to_owned(),
        source: Source::Bytes(bytes),
        content: said.unwrap_or(content),
        workbook: None,
    })
}

/// Files that are no tables but can be told as one: what they are, and the table.
fn retold(bytes: &[u8]) -> Option<(&'static str, String)> {
    let json = || Some(("json", json_rows::to_csv(bytes)?));
    let labelled = || Some(("labelled lines", labelled::to_csv(bytes)?));
    let wise = || Some(("Wise history", wise_history::to_csv(bytes)?));
    json().or_else(labelled).or_else(wise)
}

/// The files to bring in: of an archive of statements each file of it, as `month.zip/a.xml`.
pub fn with_members(names: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        match in_archive(name)? {
            Some(members) => all.extend(members.iter().map(|member| format!("{name}/{member}"))),
            None => all.push(name.clone()),
        }
    }
    Ok(all)
}

fn in_archive(name: &str) -> Result<Option<Vec<String>>> {
    let path = Path::new(name);
    let mut head = Vec::new();
    // What cannot be read is said when its turn comes.
    let read = |head: &mut Vec<u8>| File::open(path)?.take(4).read_to_end(head);
    let is_zip = path.is_file() && read(&mut head).is_ok() && head == b"PK\x03\x04";
    if !is_zip {
        return Ok(None);
    }
    package::members(&archive_bytes(path)?).map_err(|fault| super::failure(name, fault))
}

/// An archive and the file in it, of `month.zip/a.xml`.
fn member_of(name: &str) -> Option<(PathBuf, String)> {
    let path = Path::new(name);
    if path.exists() {
        return None;
    }
    let archive = path.ancestors().skip(1).find(|p| p.is_file())?;
    let member = path.strip_prefix(archive).ok()?;
    Some((archive.to_owned(), member.to_str()?.to_owned()))
}

fn archive_bytes(path: &Path) -> Result<Vec<u8>> {
    let io = |e: std::io::Error| Failure::file(path, &e);
    let mut file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.len() > workbook::FILE_BYTES_MAX {
        let limit = workbook::FILE_BYTES_MAX >> 20;
        let fault = Fault::file(
            "too-large",
            format!("the archive is larger than {limit} MiB"),
        );
        let name = path.display().to_string();
        return Err(super::failure(
            &name,
            fault.hint("unpack it, and import what is in it"),
        ));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// The sheet of a workbook that holds the statement; a person at a terminal is asked where several could.
fn from_workbook(ctx: &Context, name: &str, bytes: Vec<u8>, sheet: Option<&str>) -> Result<Input> {
    let extract = match workbook::to_csv(&bytes, sheet) {
        Err(Fault {
            question: Some(Question::Sheet { names }),
            ..
        }) if ctx.can_ask() => {
            let prompt = format!("{name}: which sheet is the statement");
            let chosen = choose_one(&prompt, &names, 0)?;
            workbook::to_csv(&bytes, names.get(chosen).map(String::as_str))
        }
        other => other,
    };
    let extract = extract.map_err(|fault| super::failure(name, fault))?;
    let content = match sniff::content(extract.text.as_bytes()) {
        Ok(Content::TallyCsv) => Content::TallyCsv,
        _ => Content::Csv,
    };
    Ok(Input {
        name: name.to_owned(),
        content,
        workbook: Some(Workbook {
            kind: extract.kind,
            sheet: extract.sheet,
            sha256: Sha256::digest(&bytes).into(),
        }),
        source: Source::Bytes(extract.text.into_bytes()),
    })
}

/// What the first bytes of a regular file are; the file is at its start again.
fn head_of(file: &mut File, path: &Path) -> Result<Content> {
    use std::io::Seek;
    let mut head = Vec::with_capacity(CHUNK_BYTES);
    let io = |e: std::io::Error| Failure::file(path, &e);
    file.take(CHUNK_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(io)?;
    file.rewind().map_err(io)?;
    sniff::content(&head).map_err(|fault| super::failure(&path.display().to_string(), fault))
}

fn guarded(name: &str, from: &mut dyn Read, size: Option<u64>) -> Result<Vec<u8>> {
    let too_large = || {
        super::failure(
            name,
            Fault::file("too-large", "the file is larger than 1 GiB").hint("split it by year"),
        )
    };
    if size.is_some_and(|s| s > FILE_BYTES_MAX) {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(
        usize::try_from(size.unwrap_or(0))
            .unwrap_or(0)
            .min(CHUNK_BYTES),
    );
    let (mut chunk, mut lines, mut line_from) = (vec![0; CHUNK_BYTES], 1u64, 0usize);
    let (mut content, mut loose, mut is_xml) = (Content::Csv, false, false);
    loop {
        let count = match from.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::file(Path::new(name), &error)),
        };
        let first = bytes.is_empty();
        let start = bytes.len();
        bytes.extend_from_slice(&chunk[..count]);
        if first {
            // What is no text is named before its lines are looked at.
            content = sniff::content(&bytes).map_err(|fault| super::failure(name, fault))?;
            if content == Content::Sqlite {
                let fault = Fault::file("not-text", "a SQLite file cannot be read from a pipe")
                    .hint("write it into a file, and import that");
                return Err(super::failure(name, fault));
            }
            is_xml = matches!(content, Content::Gnucash | Content::TallyXml);
            loose = content.is_statements() || is_xml;
        }
        if content == Content::Workbook {
            if bytes.len() as u64 > workbook::FILE_BYTES_MAX {
                let why = format!(
                    "the workbook is larger than {} MiB",
                    workbook::FILE_BYTES_MAX >> 20
                );
                let fault = Fault::file("too-large", why);
                return Err(super::failure(
                    name,
                    fault.hint("save the sheet that counts as CSV"),
                ));
            }
            continue;
        }
        if let Some(last) = memchr::memrchr2(b'\n', b'\r', &chunk[..count]) {
            line_from = start + last + 1;
            lines += memchr::memchr_iter(b'\n', &chunk[..count]).count() as u64;
        }
        if loose {
            // Tags part what has no lines.
            let parted = memchr::memrchr2(b'<', b'>', &bytes[start..]).map(|at| start + at);
            line_from = line_from.max(parted.unwrap_or(0));
        }
        if bytes.len() - line_from > LINE_BYTES_MAX {
            let fault = Fault::at(
                "too-long",
                lines,
                1,
                format!("the line is longer than {} KiB", LINE_BYTES_MAX / 1024),
            );
            return Err(super::failure(
                name,
                fault.hint("this is no bank statement or journal"),
            ));
        }
        if bytes.len() as u64 > FILE_BYTES_MAX || is_xml && bytes.len() > XML_BYTES_MAX {
            return Err(too_large());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_line_is_refused_while_it_is_read() {
        let mut endless = std::io::repeat(b'x');
        let failure = guarded("x.csv", &mut endless, None).unwrap_err();
        assert_eq!(failure.code, "too-long");
        assert_eq!(failure.at, ["x.csv:1:1"]);
    }

    #[test]
    fn a_workbook_has_no_lines_and_a_limit_of_its_own() {
        let bytes = |size: usize| [&b"PK\x03\x04"[..], &vec![b'x'; size]].concat();
        let read = |size| guarded("x.xlsx", &mut std::io::Cursor::new(bytes(size)), None);
        assert_eq!(read(3 << 20).unwrap().len(), (3 << 20) + 4);
        let large = workbook::FILE_BYTES_MAX as usize;
        assert_eq!(read(large).unwrap_err().code, "too-large");
    }
}
