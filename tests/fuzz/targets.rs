//! What the fuzzers try: each target takes any bytes, and must neither panic nor break its law.
//! The same code runs under libFuzzer (`tests/fuzz/run`) and, seeded and short, in `cargo test`.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use hissab::book::memory::MemoryBook;
use hissab::book::sqlite::{NewBook, SqliteBook};
use hissab::book::{AuditQuery, Book, CheckDepth, Scan, Voided};
use hissab::formats::journal::{self, Input, ReadOptions};
use hissab::formats::sniff::Content;
use hissab::formats::whole::{self, Tool};
use hissab::formats::{csv, rules, sniff, statements, workbook};
use hissab::ledger::amount_format::machine;
use hissab::ledger::amount_text::parse_amount_or_zero;
use hissab::ledger::change::{
    Change, CurrencyChange, NewAccount, OperationId, Target, Unit, WriteMode,
};
use hissab::ledger::date_text::{DateContext, YearRule, parse_date};
use hissab::ledger::draft::{Draft, DraftEntry};
use hissab::ledger::fiscal::FiscalStart;
use hissab::ledger::interval::FirstSpan;
use hissab::ledger::money::{from_minor, to_minor};
use hissab::ledger::period;
use hissab::ledger::query::Query;
use hissab::ledger::settings::{DateOrder, Settings};
use hissab::ledger::totals::TotalsQuery;
use hissab::ledger::transaction::{Number, TransactionId};
use jiff::Timestamp;
use jiff::civil::date;
use rust_decimal::Decimal;
use uuid::Uuid;

/// A target by name, with inputs to begin from.
pub struct FuzzTarget {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: &'static [&'static str],
}

pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget {
        name: "amount",
        run: amount,
        seeds: &[
            "1,00,000.50",
            "₹500",
            "Rs. 500/-",
            "500USD",
            "(500)",
            "1.5 lakh",
            "12k",
            "120+30*2",
            "500 Cr",
            "-79228162514264337593543950335",
            "0.0000000000000000000000000001",
            "1e5",
        ],
    },
    FuzzTarget {
        name: "date",
        run: dates,
        seeds: &[
            "2026-04-05",
            "today",
            "-3d",
            "last friday",
            "5/4",
            "05-04-2026",
            "5-Apr-26",
            "9999-12-31",
            "31 feb",
            "in 400000 weeks",
        ],
    },
    FuzzTarget {
        name: "period",
        run: periods,
        seeds: &[
            "fy2025-26",
            "q1 fy2026-27",
            "every 2 weeks from 2026-01 to 2026-12",
            "monthly in 2025",
            "every last weekday of month",
            "2026-04..2026-05",
            "from last month",
            "every 29th feb",
        ],
    },
    FuzzTarget {
        name: "query",
        run: query,
        seeds: &[
            "desc:tea amt:>10 not:acct:cash",
            "date:2026-04 tag:shop=north",
            "cur:INR depth:2",
            "(a or b) and not c",
            "type:al code:1",
            "expr:'any:x'",
            "amt:'<-1,00,000'",
            "payee:.*[",
        ],
    },
    FuzzTarget {
        name: "journal",
        run: journals,
        seeds: &[
            "2026-04-01 * (12) Tea | note  ; tag:v\n  Expenses:Tea   ₹ 12.50 @@ $ 0.15\n  Assets:Cash\n",
            "D 1,000.00 INR\ncommodity 1,00,000.00 INR\nalias a=Assets\n2026/4/1 x\n  a:b  10 = 10\n  (v)  -3\n  [w]  4\n  c\n",
            "P 2026-04-01 USD 83.1 INR\n~ monthly\n  a  1\n= b\n  c  *1\ncomment\nx\nend comment\nY 2026\n4-2 y\n  a  := 3\n  b\n",
            "apply account x\n2026-01-01=2026-01-02 ! p\n    a  5 A {2 B} [2020-01-01] @ 3 B\n    b  -15 B\nend apply account\n",
        ],
    },
    FuzzTarget {
        name: "beancount",
        run: beancounts,
        seeds: &[
            "option \"title\" \"x\"\n2020-01-01 open Assets:A USD,EUR \"FIFO\"\n  k: \"v\"\n2020-01-02 * \"p\" \"n\" #t ^l\n  id: 1.00 USD\n  ! Assets:A  -(3+4)*2 USD @ 1.5 EUR\n  Assets:B\n",
            "2020-01-01 open Assets:A\n2020-01-02 pad Assets:A Equity:O\n2020-01-03 balance Assets:A 10.00 ~ 0.01 USD\n2020-01-03 price X 3 USD\npushtag #x\npoptag #x\npushmeta k: 1\npopmeta k:\n",
            "2020-01-02 * \"buy\"\n  Assets:A  5 X {2 # 1 USD, 2019-01-01, \"l\"}\n  Assets:A  5 X {{3 USD}}\n  Assets:B\n2020-01-03 * \"sell\"\n  Assets:A  -10 X {} @@ 4 USD\n  Assets:B  USD\n",
            "plugin \"beancount.plugins.implicit_prices\"\noption \"inferred_tolerance_default\" \"*:0.01\"\noption \"infer_tolerance_from_cost\" \"TRUE\"\n2020-01-02 txn \"a\nb\"\n  Assets:A  1.5 X {USD}\n  Assets:B  -3.003 USD\n2020-01-01 custom \"a\" TRUE 1 USD\n2020-01-01 note Assets:A \"x\"\n",
        ],
    },
    FuzzTarget {
        name: "tools",
        run: tools,
        seeds: &[
            include_str!("../data/gnucash/shop.gnucash"),
            include_str!("../data/tally/vouchers.xml"),
            include_str!("../data/tally/daybook.csv"),
            "<ENVELOPE><GROUP NAME=\"G\"><PARENT>&#4; Primary</PARENT><ISREVENUE>Yes</ISREVENUE></GROUP><LEDGER NAME='L &amp; M'><PARENT>G</PARENT><GUID>1</GUID><OPENINGBALANCE>-$100.00 @ \u{20b9} 83/$ = -\u{20b9} 8300.00</OPENINGBALANCE></LEDGER></ENVELOPE>",
        ],
    },
    FuzzTarget {
        name: "csv",
        run: statements,
        seeds: &[
            "Date,Narration,Withdrawal,Deposit,Balance\n01/04/26,UPI tea,12.50,,987.50\n02/04/26,Sale,,100.00,\"1,087.50\"\n",
            "Txn Date;Details;Amount;Dr/Cr\n2026-04-01;x;5,00;Dr\n2026-04-02;\"a;b\";7,50;Cr\n",
            "Account: 1234\n\nDate\tAmount\tDescription\n4/13/2026\t-5.00\tcafé\n4/14/2026\t(6.00)\t=1+1\nTotal\t-11.00\t\n",
            "skip 1\nfields date,description,amount\ndate-format %d/%m/%Y\nif tea\n account2 expenses:tea\n",
        ],
    },
    FuzzTarget {
        name: "workbook",
        run: workbooks,
        seeds: &[
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Date</t></is></c><c t=\"str\"><v>Amount</v></c></row><row><c s=\"1\"><v>46114</v></c><c><v>1234.5600000000001</v></c></row></sheetData></worksheet>",
            "<c r=\"XFD1048576\"><v>1e300</v></c><c r=\"B0\" t=\"s\"><v>-1</v></c><c t=\"b\"><v>1</v></c>",
            "<office><table name=\"x\"><table-row number-rows-repeated=\"1048576\"><table-cell value-type=\"float\" value=\"5\" number-columns-repeated=\"16384\"><p>a<s/>b</p></table-cell></table-row></table></office>",
            "<html><table><tr><td colspan=2>a &amp; b<td>&#8377;<tr><th>Date<script><td></script></table>",
            "<?xml?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"><Row ss:Index=\"2\"><Cell ss:Index=\"9\"><Data>x</Data></Cell></Row>",
            "\u{9}\u{8}\u{10}\0\0\u{6}\u{5}\0\u{b}\u{2}\u{3}\u{2}\u{e}\0\0\0\0\0\0\0\0\0\0\0\u{10}@\u{a}\0\0\0",
        ],
    },
    FuzzTarget {
        name: "bank_file",
        run: bank_files,
        seeds: &[
            include_str!("../data/statements/two-accounts.ofx"),
            include_str!("../data/statements/comma-decimals.ofx"),
            include_str!("../data/statements/quicken.qif"),
            include_str!("../data/statements/wrapped.sta"),
            include_str!("../data/statements/batch.camt"),
        ],
    },
    FuzzTarget {
        name: "book_file",
        run: book_file,
        seeds: &["\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}", "aaaaaaaaaaaaaaaaaaaaaaaa"],
    },
];

/// A target by name.
pub fn target(name: &str) -> &'static FuzzTarget {
    TARGETS
        .iter()
        .find(|t| t.name == name)
        .expect("the name is one of TARGETS")
}

/// Writes the seeds of a target where `HISSAB_FUZZ_CORPUS` says: what libFuzzer begins from.
#[allow(dead_code)]
pub fn plant(name: &str) {
    let Some(folder) = std::env::var_os("HISSAB_FUZZ_CORPUS") else {
        return;
    };
    for (n, seed) in target(name).seeds.iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{n}")), seed).expect("the corpus");
    }
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok().filter(|t| t.len() <= 4_096)
}

fn context(data: &[u8]) -> DateContext {
    let order = [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd];
    DateContext {
        today: date(2026, 4, 7),
        order: order[data.len() % 3],
        fiscal: FiscalStart::new(data.len() as u8 % 12 + 1).unwrap_or(FiscalStart::JANUARY),
    }
}

/// What is read, printed and read again is the same.
fn amount(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(typed) = parse_amount_or_zero(text) else {
        return;
    };
    for scale in [0, 2, 8, 12] {
        if typed.check_scale(scale).is_err() {
            continue;
        }
        let Ok(minor) = to_minor(typed.amount, scale) else {
            continue;
        };
        let printed = machine(i128::from(minor), scale);
        let again = Decimal::from_str_exact(&printed).expect("what is printed is a number");
        assert_eq!(
            to_minor(again, scale).ok(),
            Some(minor),
            "{text:?} as {printed:?}"
        );
        assert_eq!(
            from_minor(i128::from(minor), scale).map(|d| d.normalize()),
            Some(typed.amount.normalize()),
            "{text:?}"
        );
    }
}

/// A day that was read is read again from its ISO form.
fn dates(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let ctx = context(data);
    for rule in [YearRule::NotAfterToday, YearRule::ThisYear] {
        if let Ok(day) = parse_date(text, &ctx, rule) {
            assert_eq!(
                parse_date(&day.to_string(), &ctx, rule).ok(),
                Some(day),
                "{text:?}"
            );
        }
    }
}

/// Periods are not empty, and intervals cut them into spans that follow each other.
fn periods(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let ctx = context(data);
    let _ = period::begin(text, &ctx);
    let _ = period::to(text, &ctx);
    let _ = period::as_of(text, &ctx);
    let _ = period::fiscal_year(text, &ctx);
    let Ok(expression) = period::period_expression(text, &ctx) else {
        return;
    };
    assert!(!expression.period.is_empty(), "{text:?}");
    let _ = (expression.period.to_string(), expression.period.previous());
    let Some(interval) = expression.interval else {
        return;
    };
    let from = expression.period.from.unwrap_or(date(2024, 2, 29));
    let until = expression.period.until.unwrap_or(date(2026, 4, 8));
    if let Ok(spans) = interval.spans(from, until, ctx.fiscal, FirstSpan::Whole) {
        for pair in spans.windows(2) {
            assert!(pair[0].period().until <= pair[1].period().from, "{text:?}");
        }
        spans.iter().for_each(|span| {
            let _ = interval.label(*span, ctx.fiscal);
        });
    }
}

/// A query reads or refuses, and one that reads can be asked of a book.
fn query(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let ctx = context(data);
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let read = [
        Query::parse(&words, &ctx),
        Query::parse_expression(text, &ctx),
    ];
    let book = sample_journal();
    let Ok(mut book) = journal_book(book.as_bytes()) else {
        return;
    };
    let chart = book.chart().expect("a book in memory reads");
    for query in read {
        match query {
            Err(problem) => {
                let _ = problem.to_string();
            }
            Ok(query) => {
                let mut matched = 0;
                book.scan(&Scan::default(), &mut |t| {
                    matched += usize::from(query.matches_transaction(&t, &chart));
                    ControlFlow::Continue(())
                })
                .expect("a book in memory scans");
            }
        }
    }
}

fn sample_journal() -> &'static str {
    target("journal").seeds[0]
}

fn journal_book(bytes: &[u8]) -> Result<MemoryBook, Vec<journal::JournalError>> {
    let options = ReadOptions::new(date(2026, 4, 7));
    journal::read(vec![Input::bytes("fuzz", bytes)], &options)
        .map(|read| MemoryBook::new(read.book))
}

/// A journal reads or says why not; what it reads proves by weight, and its totals are its entries.
fn journals(data: &[u8]) {
    // A journal may include files: none of this machine's.
    if data.windows(7).any(|w| w.eq_ignore_ascii_case(b"include")) {
        return;
    }
    match journal_book(data) {
        Ok(book) => balances(book),
        Err(errors) => {
            assert!(!errors.is_empty());
            errors.iter().for_each(|e| {
                let _ = e.to_string();
            });
        }
    }
}

/// Every transaction weighs nothing, and the totals are the entries.
fn balances(mut book: MemoryBook) {
    let mut weights = std::collections::BTreeMap::new();
    book.scan(&Scan::default(), &mut |t| {
        for entry in &t.entries {
            let (minor, currency) = entry.weight();
            *weights.entry((t.number, currency)).or_insert(0i128) += i128::from(minor);
        }
        ControlFlow::Continue(())
    })
    .expect("a book in memory scans");
    assert!(
        weights.values().all(|sum| *sum == 0),
        "a transaction does not balance"
    );
    book.totals(&TotalsQuery::until(None))
        .expect("a book in memory adds up");
}

/// A ledger of beancount reads or says why not; what is read balances.
fn beancounts(data: &[u8]) {
    let _ = sniff::content(data);
    // It may include files: none of this machine's.
    if !data.windows(7).any(|w| w.eq_ignore_ascii_case(b"include")) {
        whole_book(Tool::Beancount, data);
    }
}

/// A book of another tool reads or says why not.
fn tools(data: &[u8]) {
    let tools = [Tool::Gnucash, Tool::TallyXml, Tool::TallyCsv];
    for tool in sniff::content(data)
        .ok()
        .and_then(Tool::of)
        .into_iter()
        .chain(tools)
    {
        if !matches!(tool, Tool::Journal(_) | Tool::Beancount) {
            whole_book(tool, data);
        }
    }
}

fn whole_book(tool: Tool, data: &[u8]) {
    let options = ReadOptions::new(date(2026, 4, 7));
    let input = Input::bytes("fuzz", data);
    if let Ok(read) = whole::read(vec![(Some(tool), input)], &options) {
        balances(MemoryBook::new(read.book));
    }
}

/// A workbook becomes text that keeps its rows, or says why not: as it is, and as each part of one.
fn workbooks(data: &[u8]) {
    let _ = workbook::to_csv(data, None).map(|e| csv::peek(e.text.as_bytes()));
    let list = b"<workbook><sheets><sheet name=\"S\" id=\"1\"/></sheets></workbook>";
    let rels = b"<r><Relationship Id=\"1\" Target=\"sheet.xml\"/></r>";
    let styles = b"<s><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></s>";
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    let archives = [
        vec![
            ("xl/workbook.xml", &list[..]),
            ("xl/_rels/workbook.xml.rels", rels),
            ("xl/styles.xml", styles),
            ("xl/sheet.xml", data),
        ],
        vec![("xl/workbook.xml", data)],
        vec![
            ("xl/workbook.xml", &list[..]),
            ("xl/_rels/workbook.xml.rels", data),
            ("xl/sharedStrings.xml", data),
        ],
        vec![("mimetype", &kind[..]), ("content.xml", data)],
    ];
    for files in archives {
        let _ = workbook::to_csv(&workbook::zip::stored(&files), None);
    }
    // Records of an old workbook, in a compound file around them.
    let _ = workbook::to_csv(&workbook::compound_of("Workbook", data), None);
}

/// A bank file reads or says why not, alone and by the rules its own text may be.
fn statements(data: &[u8]) {
    let _ = sniff::content(data);
    let _ = csv::peek(data);
    let _ = csv::read(data, &csv::Options::default(), None).map_err(|f| f.to_string());
    let Some(text) = text(data) else { return };
    let _ = rules::profile::parse(text);
    let mut nothing = |_: &str| Err("no files".to_owned());
    if let Ok(mut rules) = rules::profile::rules_file(text, &mut nothing) {
        let _ = csv::read(
            target("csv").seeds[0].as_bytes(),
            &csv::Options::default(),
            Some(&mut rules),
        );
    }
}

/// Any bytes as each kind of statement: read or refused, and what is read has no row of zero and is in order.
fn bank_files(data: &[u8]) {
    let sniffed = sniff::content(data).ok();
    for kind in [Content::Ofx, Content::Qif, Content::Mt940, Content::Camt] {
        let options = csv::Options {
            allow_gap: sniffed != Some(kind),
            ..csv::Options::default()
        };
        match statements::read(kind, data, &options) {
            Ok(read) => {
                for statement in read {
                    let rows = &statement.rows;
                    assert!(rows.iter().all(|r| !r.amount.is_zero()));
                    assert!(rows.is_sorted_by_key(|r| r.date));
                }
            }
            Err(fault) => assert!(!fault.to_string().is_empty()),
        }
    }
}

/// A book file with bytes changed: four bytes of input each, three for the place and one for the value.
/// It opens or not, proves or not; every read answers or fails.
fn book_file(data: &[u8]) {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = SOUND.get_or_init(sound_book).clone();
    if data.first() == Some(&0) {
        bytes = data.to_vec();
    } else {
        for change in data.chunks_exact(4).take(64) {
            let at =
                usize::from(change[0]) << 16 | usize::from(change[1]) << 8 | usize::from(change[2]);
            let at = at % bytes.len();
            bytes[at] = change[3];
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("fuzz.hissab");
    std::fs::write(&path, &bytes).expect("a temporary file");
    let _ = read_all(&path);
}

const WAIT: Duration = Duration::from_secs(5);

fn read_all(path: &Path) -> hissab::book::Result<()> {
    let mut book = SqliteBook::open_read(path, WAIT)?;
    let _ = book.check(CheckDepth::Deep);
    let _ = book.info();
    let _ = book.prices();
    let _ = book.imports();
    let _ = book.assertions();
    let _ = book.audit(&AuditQuery::default());
    let _ = book.totals(&TotalsQuery::until(Some(date(2026, 4, 3))));
    let chart = book.chart()?;
    let scan = Scan {
        voided: Voided::Show,
        ..Scan::default()
    };
    let _ = book.scan(&scan, &mut |t| {
        // What a report does with a row: looks up what it names.
        for entry in &t.entries {
            let _ = (chart.account(entry.account), chart.currency(entry.currency));
        }
        ControlFlow::Continue(())
    });
    let totals = book.totals(&TotalsQuery::until(None))?;
    for row in &totals.rows {
        let _ = (
            chart.account(row.account),
            chart.currency(row.currency),
            row.closing(),
        );
    }
    for number in 1..=4 {
        let _ = book.history(Target::Number(Number(number)));
    }
    let words = Scan {
        words: vec!["tea".to_owned()],
        ..Scan::default()
    };
    let _ = book.scan(&words, &mut |_| ControlFlow::Continue(()));
    drop(book);
    let mut book = SqliteBook::open_write(path, WAIT)?;
    let post = vec![Change::Post(tea(99))];
    let _ = book.write(&[unit(99, &post)], WriteMode::Commit);
    Ok(())
}

fn tea(id: u128) -> Draft {
    let mut draft = Draft::new(TransactionId(Uuid::from_u128(id)), date(2026, 4, 2), "Tea");
    draft.entries = [("Expenses:Tea", "5.00"), ("Assets:Cash", "-5.00")]
        .map(|(account, amount)| DraftEntry {
            account: account.into(),
            amount: Decimal::from_str_exact(amount).ok(),
            ..DraftEntry::default()
        })
        .into();
    draft
}

fn unit(operation: u128, changes: &Vec<Change>) -> Unit<'_> {
    Unit {
        operation: OperationId(Uuid::from_u128(operation)),
        action: "posted".to_owned(),
        reason: None,
        who: "fuzz".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        once: None,
        changes,
    }
}

/// A small book as bytes: three postings, one of them void, one amended.
fn sound_book() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sound.hissab");
    let mut first = vec![Change::Currency(CurrencyChange {
        code: "INR".into(),
        scale: 2,
        symbol: None,
        name: None,
    })];
    let settings = Settings::new("Fuzz", "INR").pairs();
    first.extend(settings.into_iter().map(|(name, value)| Change::Setting {
        name,
        value: Some(value),
    }));
    for (n, path) in ["Assets:Cash", "Expenses:Tea"].into_iter().enumerate() {
        first.push(Change::OpenAccount(NewAccount::at(
            Uuid::from_u128(500 + n as u128),
            path,
        )));
    }
    let new = NewBook {
        id: Uuid::from_u128(1),
        created_at: Timestamp::UNIX_EPOCH,
        unit: unit(1, &first),
    };
    let (mut book, _) = SqliteBook::create(&path, WAIT, &new).expect("a new book");
    let changes = [
        vec![
            Change::Post(tea(11)),
            Change::Post(tea(12)),
            Change::Post(tea(13)),
        ],
        vec![Change::Void {
            target: Target::Number(Number(2)),
            if_version: None,
            reason: Some("twice".to_owned()),
        }],
        vec![Change::Amend {
            target: Target::Number(Number(3)),
            if_version: None,
            draft: Draft {
                payee: Some("Ravi".to_owned()),
                ..tea(13)
            },
        }],
    ];
    for (n, changes) in changes.iter().enumerate() {
        let done = book.write(&[unit(20 + n as u128, changes)], WriteMode::Commit);
        assert!(done.is_ok_and(|d| d[0].is_ok()));
    }
    drop(book);
    std::fs::read(&path).expect("the book")
}
