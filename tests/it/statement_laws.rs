//! What must hold of statements in every format alike: the order of rows does not count, overlapping files come to
//! the same as one, the same file again changes nothing, undoing goes back to the book as it was.

use crate::chance::Chance;
use crate::support::TestEnv;

/// A row of a made-up statement: a day of April 2026, minor units, what for.
#[derive(Clone)]
struct Row {
    day: u8,
    minor: i64,
    text: &'static str,
}

/// A format: its ending, and how it writes rows after an opening balance.
type Format = (&'static str, fn(&[Row], i64) -> String);

const FORMATS: [Format; 5] = [
    ("csv", csv),
    ("ofx", ofx),
    ("sta", mt940),
    ("camt", camt),
    ("qif", qif),
];

fn amount(minor: i64, mark: char) -> String {
    format!("{}{mark}{:02}", minor / 100, minor % 100)
}

fn signed(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", amount(minor.abs(), '.'))
}

fn csv(rows: &[Row], _: i64) -> String {
    let line = |r: &Row| format!("2026-04-{:02},{},{}\n", r.day, r.text, signed(r.minor));
    format!(
        "Date,Description,Amount\n{}",
        rows.iter().map(line).collect::<String>()
    )
}

/// Ids of a bank: the place of the row among all of its day, however the file is cut.
fn ofx(rows: &[Row], _: i64) -> String {
    let row = |r: &Row| {
        format!(
            "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>202604{:02}<TRNAMT>{}<NAME>{}\n</STMTTRN>\n",
            r.day,
            signed(r.minor),
            r.text
        )
    };
    format!(
        "<OFX><STMTRS><CURDEF>INR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\n{}</BANKTRANLIST></STMTRS></OFX>\n",
        rows.iter().map(row).collect::<String>()
    )
}

fn mt940(rows: &[Row], opening: i64) -> String {
    let side = |minor: i64| if minor < 0 { 'D' } else { 'C' };
    let closing = opening + rows.iter().map(|r| r.minor).sum::<i64>();
    let balance = |tag: &str, minor: i64| {
        format!(
            ":{tag}:{}260401INR{}\n",
            side(minor),
            amount(minor.abs(), ',')
        )
    };
    let row = |r: &Row| {
        format!(
            ":61:2604{:02}{}{}NMSCNONREF\n:86:{}\n",
            r.day,
            side(r.minor),
            amount(r.minor.abs(), ','),
            r.text
        )
    };
    format!(
        ":20:X\n:25:1\n:28C:1\n{}{}{}-\n",
        balance("60F", opening),
        rows.iter().map(row).collect::<String>(),
        balance("62F", closing)
    )
}

fn camt(rows: &[Row], opening: i64) -> String {
    let side = |minor: i64| {
        let word = if minor < 0 { "DBIT" } else { "CRDT" };
        format!(
            "<Amt Ccy=\"INR\">{}</Amt><CdtDbtInd>{word}</CdtDbtInd>",
            amount(minor.abs(), '.')
        )
    };
    let closing = opening + rows.iter().map(|r| r.minor).sum::<i64>();
    let balance = |code: &str, minor: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}<Dt><Dt>2026-04-01</Dt></Dt></Bal>",
            side(minor)
        )
    };
    let row = |r: &Row| {
        format!(
            "<Ntry>{}<Sts>BOOK</Sts><BookgDt><Dt>2026-04-{:02}</Dt></BookgDt><AddtlNtryInf>{}</AddtlNtryInf></Ntry>\n",
            side(r.minor),
            r.day,
            r.text
        )
    };
    format!(
        "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Id>S</Id><Acct><Id><IBAN>DE1</IBAN></Id></Acct>{}{}\n{}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", closing),
        rows.iter().map(row).collect::<String>()
    )
}

fn qif(rows: &[Row], _: i64) -> String {
    let row = |r: &Row| {
        format!(
            "D{:02}/04/2026\nT{}\nP{}\n^\n",
            r.day,
            signed(r.minor),
            r.text
        )
    };
    format!("!Type:Bank\n{}", rows.iter().map(row).collect::<String>())
}

/// Rows with many that are alike, by day.
fn rows(chance: &mut Chance) -> Vec<Row> {
    const TEXTS: [&str; 3] = ["Tea", "Rent", "Sale"];
    let mut rows: Vec<Row> = (0..40)
        .map(|_| Row {
            day: 1 + u8::try_from(chance.below(28)).unwrap_or(0),
            minor: [-1250, -500, 700, 99_999][chance.below(4)],
            text: TEXTS[chance.below(TEXTS.len())],
        })
        .collect();
    // Day 28 settles which number is the day.
    rows[0].day = 28;
    rows.sort_by_key(|r| r.day);
    rows
}

fn book() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab(["init", "b.hissab", "--currency", "INR"]).ok();
    env.set("HISSAB_BOOK", "b.hissab");
    env.hissab(["account", "add", "Assets:Bank"]).ok();
    env
}

fn import(env: &TestEnv, name: &str) {
    env.hissab(["import", name, "--account", "Assets:Bank"])
        .ok();
}

fn state(env: &TestEnv) -> String {
    let balances = env.hissab(["balance", "-O", "csv", "-D"]).ok().stdout;
    let mut entries: Vec<String> = env
        .hissab([
            "journal",
            "-O",
            "csv",
            "--fields",
            "date,description,account,debit,credit",
        ])
        .ok()
        .stdout
        .lines()
        .map(str::to_owned)
        .collect();
    entries.sort();
    format!("{balances}{}", entries.join("\n"))
}

/// A book that one file was brought into.
fn with(name: &str, text: String) -> TestEnv {
    let env = book();
    env.write(name, text);
    import(&env, name);
    env
}

#[test]
fn the_order_of_rows_does_not_count_in_any_format() {
    let mut chance = Chance::new("order of rows");
    for (ending, write) in FORMATS {
        let name = format!("a.{ending}");
        let mut rows = rows(&mut chance);
        let whole = state(&with(&name, write(&rows, 5_000)));
        for last in (1..rows.len()).rev() {
            rows.swap(last, chance.below(last + 1));
        }
        let shuffled = state(&with(&name, write(&rows, 5_000)));
        assert_eq!(whole, shuffled, "{ending}");
    }
}

#[test]
fn overlapping_files_come_to_the_same_as_one_in_every_format() {
    let mut chance = Chance::new("overlapping files");
    for (ending, write) in FORMATS {
        let rows = rows(&mut chance);
        let whole = with(&format!("a.{ending}"), write(&rows, 5_000));
        let parts = book();
        for (n, (from, to)) in [(10, 20), (1, 12), (18, 28)].into_iter().enumerate() {
            let before: i64 = rows.iter().filter(|r| r.day < from).map(|r| r.minor).sum();
            let part: Vec<Row> = rows
                .iter()
                .filter(|r| (from..=to).contains(&r.day))
                .cloned()
                .collect();
            let name = format!("{n}.{ending}");
            parts.write(&name, write(&part, 5_000 + before));
            parts
                .hissab([
                    "import",
                    &name,
                    "--account",
                    "Assets:Bank",
                    "--date-order",
                    "dmy",
                ])
                .ok();
        }
        assert_eq!(state(&parts), state(&whole), "{ending}");
        parts.hissab(["check", "--deep"]).ok();
    }
}

#[test]
fn an_import_that_is_undone_leaves_the_book_as_it_was_in_every_format() {
    let mut chance = Chance::new("undone imports");
    for (ending, write) in FORMATS {
        let rows = rows(&mut chance);
        let env = book();
        env.hissab(["account", "add", "Expenses:Tea"]).ok();
        env.hissab([
            "add",
            "2026-04-02",
            "Tea",
            "Expenses:Tea",
            "5",
            "Assets:Bank",
        ])
        .ok();
        let before = state(&env);
        let name = format!("a.{ending}");
        env.write(&name, write(&rows, 5_000));
        import(&env, &name);
        let after = state(&env);
        import(&env, &name);
        assert_eq!(state(&env), after, "{ending}: the same file again");
        let records = |env: &TestEnv| {
            env.hissab(["audit", "list", "-O", "csv"])
                .ok()
                .stdout
                .lines()
                .count()
        };
        let log = records(&env);
        env.hissab(["import", "undo", "1"]).ok();
        assert_eq!(state(&env), before, "{ending}: undone");
        assert!(records(&env) > log, "{ending}: the log is longer");
        import(&env, &name);
        assert_eq!(state(&env), after, "{ending}: in again");
        env.hissab(["check", "--deep"]).ok();
    }
}
