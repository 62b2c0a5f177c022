//! Files made to harm, fed to the program: each is refused with its code, exit 1, and little memory.
//!
//! In the size that a debug build takes seconds for. In full size, on a release build:
//! `HISSAB_BOMBS=full cargo test --release --test it bombs`; then a second of the processor is the limit too,
//! which no other program on the machine makes longer.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use hissab::formats::workbook::zip;

use crate::support::TestEnv;

/// What a refusal may take at its peak, program and all.
const PEAK_KIB_MAX: u64 = 256 << 10;

/// What a refusal may take of the processor, reading and all, in a release build.
const SECONDS_MAX: f64 = 1.0;

/// Runs a program and writes what its memory was at its peak, in KiB, and its seconds of the processor.
const MEASURED: &str = "import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], 'w').write(f'{used.ru_maxrss} {used.ru_utime + used.ru_stime}')
sys.exit(code)";

fn is_full() -> bool {
    std::env::var_os("HISSAB_BOMBS").is_some_and(|v| v == "full")
}

/// `full` where the full size is asked for, else a tenth of it.
fn sized(full: usize) -> usize {
    if is_full() { full } else { full / 10 }
}

fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--currency", "INR"])
        .ok();
    env.hissab(["-B", "shop.hissab", "account", "add", "Assets:Bank:Test"])
        .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env
}

/// What a bomb is made of: a text, and another one many times behind it.
struct Bomb {
    head: Vec<u8>,
    unit: Vec<u8>,
    times: usize,
    /// Holds transactions of many accounts, so that none is named.
    is_book: bool,
}

impl Bomb {
    fn of(head: impl Into<Vec<u8>>, unit: &str, times: usize) -> Bomb {
        Bomb {
            head: head.into(),
            unit: unit.into(),
            times,
            is_book: false,
        }
    }

    fn of_a_book(mut self, is_book: bool) -> Bomb {
        self.is_book = is_book;
        self
    }

    fn whole(bytes: impl Into<Vec<u8>>) -> Bomb {
        Bomb::of(bytes, "", 0)
    }

    /// Whoever has refused takes no more.
    fn write(&self, into: &mut dyn Write) {
        let many = self.unit.repeat((1 << 20) / self.unit.len().max(1));
        let mut left = self.unit.len() * self.times;
        if into.write_all(&self.head).is_err() {
            return;
        }
        while left > 0 {
            let part = left.min(many.len());
            if into.write_all(&many[..part]).is_err() {
                return;
            }
            left -= part;
        }
    }
}

/// Feeds a bomb, as a file or through a pipe, and insists on its code, exit 1, and little memory.
fn refused(env: &TestEnv, what: &str, bomb: &Bomb, code: &str, is_piped: bool) {
    let name = if is_piped { "-" } else { "bomb" };
    if !is_piped {
        bomb.write(&mut std::fs::File::create(env.path("bomb")).unwrap());
    }
    let mut words = vec!["import", name, "--json"];
    if !bomb.is_book {
        words.extend(["--account", "Assets:Bank:Test"]);
    }
    let plain = env.command(&words);
    let mut measured = Command::new("python3");
    measured
        .args(["-c", MEASURED, "peak", env!("CARGO_BIN_EXE_hissab")])
        .args(words)
        .current_dir(env.folder())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in plain.get_envs() {
        measured.env(name, value.unwrap_or_default());
    }
    let mut child = measured.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    if is_piped {
        bomb.write(&mut stdin);
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let measured = read(&env.path("peak"));
    let (peak, seconds) = measured.split_once(' ').unwrap();
    let (peak, seconds): (u64, f64) = (peak.parse().unwrap(), seconds.parse().unwrap());
    assert_eq!(output.status.code(), Some(1), "{what}: {said:.2000}");
    assert!(said.len() < 8 << 10, "{what}: said {} bytes", said.len());
    let error: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(error["code"], code, "{what}: {said}");
    assert!(peak <= PEAK_KIB_MAX, "{what}: {} MiB", peak >> 10);
    if is_full() {
        println!("{what:40} {code:20} {seconds:6.2} s {:4} MiB", peak >> 10);
        let is_slow = seconds > SECONDS_MAX && !cfg!(debug_assertions);
        assert!(!is_slow, "{what}: {seconds} s");
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn bombs_of_text_are_refused_small() {
    let env = shop();
    let head = "Date,Description,Amount\n2026-04-01,tea,-5.00\n";
    // Refused long before their end, so in full size always.
    let long = Bomb::of(format!("{head}2026-04-02,"), "x", 1 << 30);
    refused(&env, "a field of 1 GB", &long, "too-long", true);
    let wide = Bomb::of(format!("{head}2026-04-02"), ",", 10_000_000);
    refused(&env, "ten million columns", &wide, "too-long", true);
    let quoted = Bomb::of(
        format!("{head}2026-04-02,\"never closed\n"),
        "2026-04-02,tea,-5.00\n",
        sized(5_000_000),
    );
    refused(
        &env,
        "a quote that never closes",
        &quoted,
        "unclosed-quote",
        false,
    );
    let sparse = std::fs::File::create(env.path("sparse")).unwrap();
    sparse.set_len((1 << 30) + 1).unwrap();
    let run = env
        .hissab(["import", "sparse", "--account", "Assets:Bank:Test"])
        .exits(1);
    assert!(run.stderr.contains("larger than 1 GiB"), "{run}");
}

#[test]
fn bombs_of_xml_are_refused_small() {
    let env = shop();
    let nested = "<a>".repeat(100_000);
    let laughs: String = (1..9)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!("<!DOCTYPE l [<!ENTITY l0 \"ha\">{laughs}]>");
    let starts = [
        (
            "camt",
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Id>",
        ),
        (
            "ofx",
            "<?OFX OFXHEADER=\"200\" VERSION=\"211\"?><OFX><STMTRS><CURDEF>",
        ),
        ("gnucash", "<gnc-v2><gnc:book><gnc:account><act:name>"),
        (
            "tally",
            "<ENVELOPE><BODY><TALLYMESSAGE><LEDGER NAME=\"a\"><PARENT>",
        ),
    ];
    for (kind, start) in starts {
        let is_ofx = kind == "ofx";
        let is_book = matches!(kind, "gnucash" | "tally");
        let declared = "<?xml version=\"1.0\"?>";
        let deep = Bomb::whole(format!("{declared}{start}{nested}"));
        // OFX is not read as a tree: nothing nests.
        let code = if is_ofx { "cut-short" } else { "too-deep" };
        refused(
            &env,
            &format!("{kind}, nested"),
            &deep.of_a_book(is_book),
            code,
            false,
        );
        let entities = Bomb::whole(format!("{declared}{laughs}{start}&l8;"));
        refused(
            &env,
            &format!("{kind}, entities"),
            &entities.of_a_book(is_book),
            "xml-entities",
            false,
        );
        let long = Bomb::of(format!("{declared}{start}"), "x", 1 << 30);
        refused(
            &env,
            &format!("{kind}, a text of 1 GB"),
            &long.of_a_book(is_book),
            "too-long",
            true,
        );
        let named = Bomb::of(format!("{declared}{start}<a"), " b='c'", 10_000_000);
        refused(
            &env,
            &format!("{kind}, attributes"),
            &named.of_a_book(is_book),
            "too-long",
            true,
        );
    }
}

#[test]
fn packed_bombs_are_refused_small() {
    let env = shop();
    let gzip = |start: &str, spaces: usize| {
        let text = [start.as_bytes(), &vec![b' '; spaces]].concat();
        let mut packing = GzEncoder::new(Vec::new(), Compression::default());
        packing.write_all(&text).unwrap();
        Bomb::whole(packing.finish().unwrap()).of_a_book(true)
    };
    // Over its limit of 192 MiB, which has to be unpacked to be seen.
    let spaces = if is_full() { 1 << 30 } else { 193 << 20 };
    refused(
        &env,
        "gzip",
        &gzip("<?xml version='1.0'?><gnc-v2>", spaces),
        "too-large",
        false,
    );
    let list = b"<workbook><sheets><sheet name=\"S\" id=\"1\"/></sheets></workbook>";
    let rels = b"<r><Relationship Id=\"1\" Target=\"sheet.xml\"/></r>";
    let sheet = |sheet: &[u8], strings: &[u8]| {
        Bomb::whole(zip::packed(&[
            ("xl/workbook.xml", list),
            ("xl/_rels/workbook.xml.rels", rels),
            ("xl/sharedStrings.xml", strings),
            ("xl/sheet.xml", sheet),
        ]))
    };
    let text = [b"<sst><si><t>", &vec![b'a'; 100_000_000][..]].concat();
    let corner = b"<c r=\"XFD1048576\"><v>1</v></c>";
    refused(
        &env,
        "xlsx, a text of 100 MB",
        &sheet(corner, &text),
        "too-large",
        false,
    );
    let cells = [b"<row>", &b"<c><v>1</v></c>".repeat(sized(10_000_000))[..]].concat();
    refused(
        &env,
        "xlsx, columns",
        &sheet(&cells, b"<sst/>"),
        "too-large",
        false,
    );
    let deep = "<a>".repeat(100_000);
    refused(
        &env,
        "xlsx, nested",
        &sheet(deep.as_bytes(), b"<sst/>"),
        "damaged-workbook",
        false,
    );
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    let ods = |content: &str| {
        Bomb::whole(zip::packed(&[
            ("mimetype", kind),
            ("content.xml", content.as_bytes()),
        ]))
    };
    let repeated = "<t><table name=\"x\"><table-row number-rows-repeated=\"1048576\"><table-cell number-columns-repeated=\"900\"><p>x</p></table-cell></table-row></table></t>";
    refused(&env, "ods, repeated", &ods(repeated), "too-large", false);
    refused(&env, "ods, nested", &ods(&deep), "damaged-workbook", false);
    let laughs = "<!DOCTYPE a [<!ENTITY b \"&c;&c;&c;\">]><a>&b;</a>";
    refused(
        &env,
        "ods, entities",
        &ods(laughs),
        "damaged-workbook",
        false,
    );
    let archive = zip::packed(&[("a.xml", &vec![b'<'; sized(700_000_000)])]);
    env.write("all.zip", &archive);
    let run = env
        .hissab([
            "import",
            "all.zip",
            "--account",
            "Assets:Bank:Test",
            "--json",
        ])
        .exits(1);
    assert!(run.stderr.contains("\"code\":\"too-large\""), "{run}");
}
