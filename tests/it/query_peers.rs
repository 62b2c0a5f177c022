//! Queries pick the same postings as hledger (1.25 or later).

use std::io::Write;
use std::ops::ControlFlow;
use std::process::Command;

use hissab::book::memory::MemoryBook;
use hissab::book::{Book, Scan};
use hissab::formats::journal::{Input, ReadOptions, read};
use hissab::ledger::date_text::DateContext;
use hissab::ledger::fiscal::FiscalStart;
use hissab::ledger::query::Query;
use hissab::ledger::settings::DateOrder;
use jiff::civil::date;

const JOURNAL: &str = "\
account assets:cash
account assets:bank
account equity:conversion

2026-01-05 * (B-17) Cafe Coffee | morning tea  ; project:blue
    expenses:food:tea        120.00 INR
    assets:cash

2026-02-10 ! Rent, February
    expenses:rent          12000.00 INR
    assets:bank:hdfc      -12000.00 INR  ; cheque:000124

2026-02-28=2026-03-02 Sale to Ramesh
    assets:receivable:ramesh    50.00 USD
    income:sales

2026-03-01 Exchange  ; project:red
    assets:cash             100.00 USD
    equity:conversion      -100.00 USD
    equity:conversion      8300.00 INR
    assets:cash           -8300.00 INR

2026-03-05 * (101) Gupta Traders
    expenses:purchases       0.01 INR
    * assets:bank:hdfc

2026-04-01 Salary|March
    assets:bank:hdfc     50000.00 INR
    income:salary

2026-04-02 Refund
    assets:cash             99.99 INR
    expenses:food:snacks

2026-04-03 Nothing much
    expenses:food:tea        0.00 INR
    assets:cash              0.00 INR
";

const QUERIES: &[&[&str]] = &[
    &["tea"],
    &["TEA"],
    &["^assets"],
    &["expenses:food"],
    &["tea$|rent$"],
    &["tea", "rent"],
    &["not:assets"],
    &["not:tea", "not:rent"],
    &["expenses", "not:rent", "desc:tea"],
    &["desc:rent"],
    &["desc:rent", "desc:sale"],
    &["desc:cafe.*tea", "cash"],
    &["payee:coffee"],
    &["payee:morning"],
    &["payee:rent"],
    &["note:tea"],
    &["note:march"],
    &["note:rent"],
    &["code:1"],
    &["code:^b"],
    &["not:code:."],
    &["cur:USD"],
    &["cur:US"],
    &["cur:U.*"],
    &["not:cur:INR"],
    &["amt:120"],
    &["amt:>100"],
    &["amt:>=100"],
    &["amt:<100"],
    &["amt:<=99.99"],
    &["amt:<0"],
    &["amt:>0"],
    &["amt:>=0"],
    &["amt:0"],
    &["amt:>+100"],
    &["amt:<-100"],
    &["amt:-12000"],
    &["amt:=0.01"],
    &["amt:>50", "amt:<1000"],
    &["date:2026-02"],
    &["date:2026-02..2026-03-05"],
    &["date:from 2026-03"],
    &["date:to 2026-02-28"],
    &["not:date:2026-02"],
    &["date:2026-02", "date:2026-02-20-"],
    &["date2:2026-03"],
    &["tag:project"],
    &["tag:proj=blue"],
    &["tag:cheque=24"],
    &["tag:.=red"],
    &["not:tag:project"],
    &["type:X"],
    &["type:A"],
    &["type:c"],
    &["type:LE"],
    &["type:V"],
    &["type:RX", "cur:INR"],
    &["not:type:A"],
    &["status:*"],
    &["status:!"],
    &["status:"],
    &["status:*", "status:!"],
    &["real:"],
    &["real:0"],
    &["not:not:tea"],
];

/// (place of the transaction from 1, account) of every posting in hledger's register.
fn hledgers(path: &str, query: &[&str]) -> Vec<(String, String)> {
    let run = Command::new("hledger")
        .args([
            "-f",
            path,
            "--today=2026-07-15",
            "register",
            "-O",
            "csv",
            "--empty",
        ])
        .args(query)
        .output()
        .expect("hledger runs");
    assert!(
        run.status.success(),
        "{query:?}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let mut rows = csv::Reader::from_reader(run.stdout.as_slice());
    let mut found: Vec<_> = rows
        .records()
        .map(|row| row.expect("hledger writes csv"))
        .map(|row| (row[0].to_string(), row[4].to_string()))
        .collect();
    found.sort();
    found
}

fn ours(book: &mut MemoryBook, query: &[&str]) -> Vec<(String, String)> {
    let ctx = DateContext {
        today: date(2026, 7, 15),
        order: DateOrder::Mdy,
        fiscal: FiscalStart::JANUARY,
    };
    let words: Vec<String> = query.iter().map(|w| w.to_string()).collect();
    let query = Query::parse(&words, &ctx).expect("a query");
    let chart = book.chart().expect("a chart");
    let mut found = Vec::new();
    book.scan(&Scan::default(), &mut |transaction| {
        for entry in transaction
            .entries
            .iter()
            .filter(|e| query.matches_entry(&transaction, e, &chart))
        {
            found.push((
                transaction.number.to_string(),
                chart.account(entry.account).path.to_string(),
            ));
        }
        ControlFlow::Continue(())
    })
    .expect("a scan");
    found.sort();
    found
}

#[test]
fn queries_pick_the_postings_hledger_picks() {
    let hledger = Command::new("hledger").arg("--version").output();
    hledger.expect("hledger is needed: tests/run installs it, or apt-get install hledger");
    let mut file = tempfile::NamedTempFile::with_suffix(".journal").unwrap();
    file.write_all(JOURNAL.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let journal = read(
        vec![Input::bytes("j", JOURNAL)],
        &ReadOptions::new(date(2026, 7, 15)),
    )
    .unwrap();
    let mut book = MemoryBook::new(journal.book);
    let mut different = Vec::new();
    for query in QUERIES {
        let (theirs, ours) = (hledgers(path, query), ours(&mut book, query));
        assert!(
            !theirs.is_empty() || ["payee:morning", "cur:US", "real:0"].contains(&query[0]),
            "{query:?} tells nothing apart"
        );
        if theirs != ours {
            different.push(format!(
                "{query:?}\n  hledger {theirs:?}\n  hissab  {ours:?}"
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
