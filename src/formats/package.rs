//! ZIP archives of statements, as banks deliver a month of CAMT or MT940 files: which files stand in one, and one
//! of them unpacked. An archive that is a workbook is none of these.

use std::io::Read;

use super::fault::Fault;
use super::workbook::zip::Archive;
use super::workbook::{self, FILE_BYTES_MAX};

/// The most files of an archive that are brought in at once.
const MEMBERS_MAX: usize = 1_000;

/// The files of an archive, sorted by name; `None` of bytes that are no archive, or one that is a workbook.
///
/// Errors: a damaged archive; one of nothing; one of more files than `MEMBERS_MAX`.
pub fn members(bytes: &[u8]) -> Result<Option<Vec<String>>, Fault> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    let archive = Archive::open(bytes)?;
    // A letter or another document of an office is one file, not many.
    let is_document = archive.has("[Content_Types].xml") || archive.has("mimetype");
    if workbook::is_spreadsheet(&archive) || is_document {
        return Ok(None);
    }
    let mut names: Vec<String> = archive
        .names()
        .filter(|name| is_statement(name))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        return Err(Fault::file("empty-file", "the archive holds no files"));
    }
    if names.len() > MEMBERS_MAX {
        let why = format!("the archive holds more than {MEMBERS_MAX} files");
        return Err(Fault::file("too-large", why).hint("unpack it, and import a part at a time"));
    }
    Ok(Some(names))
}

/// One file of an archive, unpacked.
///
/// Errors: no such file; a damaged or protected archive; a file larger than a workbook may be.
pub fn member(bytes: &[u8], name: &str) -> Result<Vec<u8>, Fault> {
    let archive = Archive::open(bytes)?;
    let missing = || {
        Fault::file(
            "file-not-found",
            format!("the archive holds no file {name:?}"),
        )
    };
    let mut from = archive.read(name, FILE_BYTES_MAX)?.ok_or_else(missing)?;
    let mut content = Vec::new();
    from.read_to_end(&mut content).map_err(|error| {
        if error.kind() != std::io::ErrorKind::FileTooLarge {
            return Fault::file("damaged-archive", format!("{name} cannot be unpacked"))
                .hint("download the archive again");
        }
        let why = format!("{name} unpacks to more than {} MiB", FILE_BYTES_MAX >> 20);
        Fault::file("too-large", why).hint("unpack it, and split it by year")
    })?;
    Ok(content)
}

/// Not a folder, and not what a Mac keeps beside each file.
fn is_statement(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    !last.is_empty() && !last.starts_with('.') && !name.starts_with("__MACOSX/")
}

#[cfg(test)]
mod tests {
    use super::super::workbook::zip;
    use super::*;

    #[test]
    fn the_files_of_an_archive_come_sorted_and_one_by_one() {
        let bytes = zip::packed(&[
            ("2026/b.xml", b"<b/>"),
            ("2026/", b""),
            ("__MACOSX/2026/._b.xml", b"x"),
            ("2026/.DS_Store", b"x"),
            ("2026/a.xml", b"<a/>"),
        ]);
        let names = members(&bytes).unwrap().unwrap();
        assert_eq!(names, ["2026/a.xml", "2026/b.xml"]);
        assert_eq!(member(&bytes, "2026/b.xml").unwrap(), b"<b/>");
        assert_eq!(member(&bytes, "c.xml").unwrap_err().code, "file-not-found");
        assert_eq!(members(b"Date,Amount\n"), Ok(None));
    }

    #[test]
    fn a_workbook_is_no_archive_and_a_bomb_no_statement() {
        let workbook = zip::stored(&[("xl/workbook.xml", b"<workbook/>")]);
        assert_eq!(members(&workbook), Ok(None));
        let bomb = zip::packed(&[("a.xml", &vec![b'<'; (FILE_BYTES_MAX + 1) as usize])]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(member(&bomb, "a.xml").unwrap_err().code, "too-large");
        let many: Vec<String> = (0..=MEMBERS_MAX).map(|n| format!("{n}.xml")).collect();
        let files: Vec<(&str, &[u8])> = many.iter().map(|n| (n.as_str(), &b"x"[..])).collect();
        assert_eq!(members(&zip::stored(&files)).unwrap_err().code, "too-large");
        assert_eq!(members(&zip::stored(&[])).map_err(|f| f.code), Ok(None));
    }
}
