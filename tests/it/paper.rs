//! Reports as pages and workbooks: every command, what stands in the cells, and what is not computed.

use std::process::Command;

use crate::shop::shop;
use crate::support::TestEnv;

/// Prints every cell of every sheet of a workbook: sheet, place, formula or type, value.
const CELLS: &str = r#"
import re, sys, zipfile
import xml.etree.ElementTree as tree
space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
book = zipfile.ZipFile(sys.argv[1])
shared = []
if "xl/sharedStrings.xml" in book.namelist():
    for item in tree.fromstring(book.read("xl/sharedStrings.xml")):
        shared.append("".join(t.text or "" for t in item.iter(space + "t")))
names = [s.get("name") for s in tree.fromstring(book.read("xl/workbook.xml")).iter(space + "sheet")]
for number, name in enumerate(names, 1):
    for cell in tree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(space + "c"):
        value, formula, kind = cell.findtext(space + "v"), cell.findtext(space + "f"), cell.get("t", "n")
        if kind == "s":
            value, kind = shared[int(value)], "text"
        if kind == "inlineStr":
            value, kind = "".join(t.text or "" for t in cell.iter(space + "t")), "text"
        print("|".join([name, cell.get("r"), "=" + formula if formula else kind, value or ""]))
"#;

fn cells(env: &TestEnv, name: &str) -> Vec<String> {
    let output = Command::new("python3")
        .args(["-c", CELLS])
        .arg(env.path(name))
        .env("PYTHONUTF8", "1")
        .output()
        .expect("python3 is needed for this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

const REPORTS: &[&[&str]] = &[
    &["tb", "--from", "2026-04-01"],
    &["balance"],
    &["balance", "-M", "--tree"],
    &["bs"],
    &["is", "-M"],
    &["cf", "--from", "2026-04-01"],
    &["journal"],
    &["daybook", "2026-04-01"],
    &["ledger", "hdfc"],
    &["register", "cash"],
    &["cashbook"],
    &["dues"],
    &["ageing"],
    &["statement", "Ramesh"],
    &["accounts"],
    &["stats"],
    &["check"],
    &["audit", "list"],
    &["import", "list"],
    &["currency", "list"],
    &["search", "counter"],
];

#[test]
fn every_report_is_a_page_and_a_workbook() {
    let env = shop();
    for report in REPORTS {
        let words = |more: &[&'static str]| [report, more].concat();
        let page = env.hissab(words(&["-O", "html"]));
        assert!(matches!(page.exit, 0 | 3), "{report:?} {page}");
        assert!(
            page.stdout.starts_with("<!DOCTYPE html>"),
            "{report:?} {page}"
        );
        assert!(
            page.stdout.ends_with("</body>\n</html>\n"),
            "{report:?} {page}"
        );
        assert_eq!(page.stdout.matches("<table>").count(), 1, "{report:?}");
        let run = env.hissab(words(&["-o", "x.xlsx"]));
        assert!(matches!(run.exit, 0 | 3), "{report:?} {run}");
        assert!(!cells(&env, "x.xlsx").is_empty(), "{report:?}");
    }
}

#[test]
fn a_workbook_has_dates_numbers_and_totals_that_are_formulas() {
    let env = shop();
    env.hissab(["tb", "--from", "2026-04-01", "-o", "tb.xlsx"])
        .ok();
    let tb = cells(&env, "tb.xlsx");
    let has = |cell: &str| assert!(tb.iter().any(|c| c == cell), "{cell}: {tb:#?}");
    has("Trial balance|A1|text|Trial balance · Shree Ganesh Stores");
    has("Trial balance|D4|text|opening");
    has("Trial balance|A5|text|Assets:Bank:HDFC");
    has("Trial balance|D5|n|84200");
    let total = tb.iter().find(|c| c.contains("|text|Total")).unwrap();
    let row: u32 = total.split('|').nth(1).unwrap()[1..].parse().unwrap();
    let last = row - 2;
    has(&format!("Trial balance|D{row}|=SUM(D5:D{last})|0.00"));
    has(&format!("Trial balance|E{row}|=SUM(E5:E{last})|95355.50"));
    env.hissab(["journal", "-o", "journal.xlsx"]).ok();
    let journal = cells(&env, "journal.xlsx");
    // 31 March 2026, as spreadsheets count days.
    assert!(
        journal.iter().any(|c| c == "Journal|B5|n|46112"),
        "{journal:#?}"
    );
    env.hissab(["bs", "-o", "bs.xlsx"]).ok();
    let sheet = cells(&env, "bs.xlsx");
    let total = sheet
        .iter()
        .find(|c| c.contains("=SUMPRODUCT(--EXACT(A"))
        .unwrap();
    assert!(
        total.ends_with("|98417.50") || total.contains('|'),
        "{total}"
    );
    assert!(
        sheet.iter().any(|c| c.contains("|text|Total asset")),
        "{sheet:#?}"
    );
}

#[test]
fn statements_in_a_workbook_have_their_bottom_lines() {
    let env = shop();
    let sheet = |words: &[&str]| {
        env.hissab([words, &["-o", "x.xlsx"]].concat()).ok();
        cells(&env, "x.xlsx")
    };
    // The value beside a label: (formula or number, value).
    let beside = |cells: &[String], label: &str, column: &str| {
        let label = format!("|text|{label}");
        let found = cells.iter().find(|c| c.ends_with(&label)).unwrap();
        let row: String = found.split('|').nth(1).unwrap()[1..].to_owned();
        let at = format!("|{column}{row}|");
        let cell = cells.iter().find(|c| c.contains(&at)).unwrap();
        let parts: Vec<&str> = cell.split('|').collect();
        (parts[2].to_owned(), parts[3].parse::<f64>().unwrap())
    };
    let is = sheet(&["is", "-p", "2026-04"]);
    let (income, value) = beside(&is, "Total income", "D");
    assert!(income.starts_with("=SUMPRODUCT("), "{income}");
    assert_eq!(value, 24_235.5);
    assert_eq!(beside(&is, "Income:Sales", "D").1, 24_235.5);
    let (net, value) = beside(&is, "Net loss", "D");
    assert_eq!(value, 2_884.5);
    // Expenses less income.
    assert!(net.starts_with("=-D") && net.contains("+D"), "{net}");
    let order = |label: &str| is.iter().position(|c| c.ends_with(label)).unwrap();
    assert!(order("Total income") < order("Total expenses"), "{is:#?}");
    let cf = sheet(&["cf", "-p", "2026-04"]);
    assert_eq!(beside(&cf, "Net change", "D").1, -9_884.5);
    assert_eq!(beside(&cf, "Cash and bank before", "D").1, 96_700.0);
    assert_eq!(beside(&cf, "Cash and bank after", "D").1, 86_815.5);
    let bs = sheet(&["bs"]);
    assert_eq!(beside(&bs, "Total liabilities and equity", "D").1, 91_615.5);
    assert_eq!(beside(&bs, "Total assets", "D").1, 91_615.5);
    let dues = sheet(&["dues"]);
    assert_eq!(beside(&dues, "Total to receive", "C").1, 4_800.0);
    assert_eq!(beside(&dues, "Total to pay", "C").1, -15_000.0);
}

#[test]
fn a_tree_has_no_total_that_would_count_twice() {
    let env = shop();
    env.hissab(["balance", "--tree", "-o", "x.xlsx"]).ok();
    assert!(!cells(&env, "x.xlsx").iter().any(|c| c.contains("|=")));
    env.hissab(["balance", "-o", "x.xlsx"]).ok();
    assert!(cells(&env, "x.xlsx").iter().any(|c| c.contains("|=SUM(")));
}

#[test]
fn long_amounts_and_formulas_are_text() {
    let mut env = TestEnv::new();
    env.set("HISSAB_BOOK", "a.hissab");
    env.hissab(["init", "a.hissab"]).ok();
    env.hissab(["in", "99999999999999.99", "=HYPERLINK(\"http://x\")"])
        .ok();
    env.hissab(["in", "5", "+cmd"]).ok();
    env.hissab(["journal", "-o", "x.xlsx"]).ok();
    let found = cells(&env, "x.xlsx");
    let has = |end: &str| assert!(found.iter().any(|c| c.ends_with(end)), "{end}: {found:#?}");
    has("|text|99999999999999.99");
    has("|text|100000000000004.99");
    has("|text|=HYPERLINK(\"http://x\")");
    has("Amounts of more than 15 digits are text: spreadsheets would round them.");
    let is_computed = |c: &&String| {
        c.split('|')
            .nth(2)
            .is_some_and(|kind| kind.starts_with('='))
    };
    let computed: Vec<&String> = found.iter().filter(is_computed).collect();
    assert!(
        computed.iter().all(|c| c.contains("|=SUM(")),
        "{computed:#?}"
    );
    let page = env
        .hissab(["journal", "-O", "html", "--fields", "description"])
        .ok()
        .stdout;
    assert!(page.contains("<td>'=HYPERLINK"), "{page}");
    let raw = env
        .hissab(["journal", "-O", "html", "--fields", "description", "--raw"])
        .ok()
        .stdout;
    assert!(raw.contains("<td>=HYPERLINK"), "{raw}");
    let csv = env.hissab(["journal", "-O", "csv"]).ok().stdout;
    assert!(
        csv.contains("'=HYPERLINK") && csv.contains("'+cmd"),
        "{csv}"
    );
}
