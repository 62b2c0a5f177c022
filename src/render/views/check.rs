//! Findings on paper: aligned lines for people, rows for machines, and the three forms that
//! build servers read (JUnit, GitHub annotations, SARIF).

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::ledger::finding::{Finding, Severity};
use crate::render::{Cell, Column, Json, People, Sheet, SheetColumn, SheetRow, View, sanitize};
use crate::reports::check::report::CheckReport;

/// Findings as rows.
pub struct CheckView<'a> {
    pub report: &'a CheckReport,
}

impl View for CheckView<'_> {
    fn schema(&self) -> &'static str {
        "check/1"
    }

    fn head(&self) -> Vec<(&'static str, Json)> {
        Vec::new()
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::text("code"),
            Column::text("severity"),
            Column::text("where"),
            Column::text("date"),
            Column::number("number"),
            Column::text("account"),
            Column::text("message"),
            Column::text("hint"),
        ]
    }

    fn rows(&self, push: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>) -> io::Result<()> {
        for finding in self.report.findings() {
            let place = finding.place();
            push(&[
                Cell::Word(finding.code),
                Cell::Word(finding.severity.word()),
                Cell::maybe(Some(&place)),
                finding.date.map_or(Cell::Empty, Cell::Date),
                finding.number.map_or(Cell::Empty, Cell::Number),
                Cell::maybe(finding.account.as_deref()),
                Cell::text(&finding.message),
                Cell::maybe(finding.hint.as_deref()),
            ])?;
        }
        Ok(())
    }

    fn tail(&self) -> Vec<(&'static str, Json)> {
        let codes = |wanted: fn(&&crate::ledger::finding::CheckOutcome) -> bool| {
            let outcomes = self.report.outcomes.iter().filter(wanted);
            Json::List(outcomes.map(|o| Json::text(o.code)).collect())
        };
        let skipped = self.report.outcomes.iter().filter_map(|o| {
            let why = o.skipped.as_ref()?;
            Some(Json::object([
                ("code", Json::text(o.code)),
                ("reason", Json::text(why)),
            ]))
        });
        let count = |severity| Json::Number(self.report.count(severity) as u64);
        vec![
            (
                "passed",
                codes(|o| o.skipped.is_none() && o.findings.is_empty()),
            ),
            ("skipped", Json::List(skipped.collect())),
            ("checks", Json::Number(self.report.outcomes.len() as u64)),
            ("transactions", Json::Number(self.report.transactions)),
            ("errors", count(Severity::Error)),
            ("warnings", count(Severity::Warning)),
            ("notes", count(Severity::Note)),
            ("accepted", Json::Number(self.report.accepted as u64)),
            ("in_baseline", Json::Number(self.report.known as u64)),
        ]
    }

    fn sheet(&self, people: &People) -> Sheet {
        let rows = self.report.findings().into_iter().map(|finding| {
            SheetRow::Cells(vec![
                finding.severity.word().to_owned(),
                finding.code.to_owned(),
                finding.date.map(|d| people.date(d)).unwrap_or_default(),
                place_words(finding),
                finding.message.clone(),
                finding.hint.clone().unwrap_or_default(),
            ])
        });
        let headings = ["Severity", "Code", "Date", "Where", "Message", "Hint"];
        let passed = ("passed", self.report.passed());
        let skipped = ("skipped", self.report.skipped());
        let mut notes: Vec<String> = [passed, skipped]
            .into_iter()
            .filter(|(_, codes)| !codes.is_empty())
            .map(|(word, codes)| format!("{word}: {}", codes.join(", ")))
            .collect();
        notes.push(self.report.summary());
        Sheet {
            title: String::new(),
            columns: headings.map(SheetColumn::left).to_vec(),
            rows: rows.collect(),
            notes,
        }
    }
}

/// What a person reads under "where": the account, else the transaction.
fn place_words(finding: &Finding) -> String {
    match (&finding.account, finding.number) {
        (Some(account), _) => account.clone(),
        (None, Some(number)) => number.to_string(),
        (None, None) => String::new(),
    }
}

/// The lines people read: a finding and its hint, then what passed, what was skipped, the sum.
pub fn write_lines(
    out: &mut dyn Write,
    report: &CheckReport,
    people: &People,
    colour: bool,
) -> io::Result<()> {
    let findings = report.findings();
    let cells: Vec<[String; 3]> = findings
        .iter()
        .map(|finding| {
            let date = finding.date.map(|d| people.date(d)).unwrap_or_default();
            let place = sanitize::line(&place_words(finding)).into_owned();
            [finding.code.to_owned(), date, place]
        })
        .collect();
    let width = |column: usize| cells.iter().map(|c| c[column].width()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for (finding, cells) in findings.iter().zip(&cells) {
        write!(out, "{}", severity(finding.severity, colour))?;
        for (cell, width) in cells.iter().zip(widths).filter(|(_, width)| *width > 0) {
            write!(out, "{cell}{}  ", " ".repeat(width - cell.width()))?;
        }
        writeln!(out, "{}", sanitize::line(&finding.message))?;
        if let Some(hint) = &finding.hint {
            writeln!(out, "         hint: {}", sanitize::line(hint))?;
        }
    }
    for (word, codes) in [("passed", report.passed()), ("skipped", report.skipped())] {
        if !codes.is_empty() {
            writeln!(out, "{word:<9}{}", codes.join(", "))?;
        }
    }
    writeln!(out, "{}", report.summary())
}

fn severity(severity: Severity, colour: bool) -> String {
    let word = format!("{:<9}", severity.word());
    let paint = match severity {
        Severity::Error => "1;31",
        Severity::Warning => "33",
        Severity::Note => "36",
    };
    if colour {
        format!("\u{1b}[{paint}m{word}\u{1b}[0m")
    } else {
        word
    }
}

/// JUnit: a test case a check, a failure for what counts as failing, the rest as output.
pub fn write_junit(out: &mut dyn Write, report: &CheckReport, fail_on: Severity) -> io::Result<()> {
    let failing = |o: &&crate::ledger::finding::CheckOutcome| {
        o.findings.iter().any(|f| f.severity >= fail_on)
    };
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuite name=\"hissab check\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
        report.outcomes.len(),
        report.outcomes.iter().filter(failing).count(),
        report.skipped().len()
    )?;
    for outcome in &report.outcomes {
        let open = format!(
            "  <testcase classname=\"hissab.check\" name=\"{}\"",
            xml(outcome.code)
        );
        if outcome.findings.is_empty() && outcome.skipped.is_none() {
            writeln!(out, "{open}/>")?;
            continue;
        }
        writeln!(out, "{open}>")?;
        if let Some(why) = &outcome.skipped {
            writeln!(out, "    <skipped message=\"{}\"/>", xml(why))?;
        }
        for finding in &outcome.findings {
            let text = xml(&sentence(finding));
            let hint = xml(finding.hint.as_deref().unwrap_or_default());
            let tag = if finding.severity >= fail_on {
                "failure"
            } else {
                "system-out"
            };
            if tag == "failure" {
                let kind = finding.severity.word();
                writeln!(
                    out,
                    "    <failure type=\"{kind}\" message=\"{text}\">{hint}</failure>"
                )?;
            } else {
                writeln!(out, "    <system-out>{text}</system-out>")?;
            }
        }
        writeln!(out, "  </testcase>")?;
    }
    writeln!(out, "</testsuite>")
}

/// GitHub workflow commands: an annotation a finding.
pub fn write_github(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    for finding in report.findings() {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut text = sentence(finding);
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("\nhint: {hint}"));
        }
        let escaped = text
            .replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A");
        writeln!(out, "::{command} title={}::{escaped}", finding.code)?;
    }
    Ok(())
}

/// SARIF 2.1.0: a result a finding, the places as logical locations.
pub fn write_sarif(out: &mut dyn Write, report: &CheckReport) -> io::Result<()> {
    let rules = report
        .outcomes
        .iter()
        .map(|o| serde_json::json!({ "id": o.code }));
    let results = report.findings().into_iter().map(|finding| {
        serde_json::json!({
            "ruleId": finding.code,
            "level": finding.severity.word(),
            "message": { "text": sentence(finding) },
            "locations": [{ "logicalLocations": [{ "fullyQualifiedName": finding.place() }] }],
        })
    });
    let document = serde_json::json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hissab",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            }},
            "results": results.collect::<Vec<_>>(),
        }],
    });
    writeln!(out, "{document:#}")
}

/// A finding in one line, with its place.
fn sentence(finding: &Finding) -> String {
    let date = finding.date.map(|d| d.to_string()).unwrap_or_default();
    let parts = [date, place_words(finding), finding.message.clone()];
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    sanitize::line(&said.join(" ")).into_owned()
}

fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in sanitize::block(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::finding::CheckOutcome;
    use crate::render::{Format, Options, write};
    use insta::assert_snapshot;
    use jiff::civil::date;

    fn report() -> CheckReport {
        let failed = Finding {
            code: "assertion-failed",
            severity: Severity::Error,
            date: Some(date(2026, 4, 7)),
            number: None,
            account: Some("Assets:Cash".to_owned()),
            message: "counted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr".to_owned(),
            hint: Some("hissab ledger cash --to 2026-04-07 --void".to_owned()),
        };
        let twice = Finding {
            code: "duplicate-suspect",
            severity: Severity::Warning,
            date: Some(date(2026, 4, 2)),
            number: Some(1045),
            account: None,
            message: "the same as 1044: \"<Tea> & \u{1b}[2J\", 100%".to_owned(),
            hint: None,
        };
        CheckReport {
            outcomes: vec![
                CheckOutcome {
                    detail: Some("1061 records".to_owned()),
                    ..CheckOutcome::of("chain", Vec::new())
                },
                CheckOutcome::of("duplicate-suspect", vec![twice]),
                CheckOutcome::of("assertion-failed", vec![failed]),
                CheckOutcome::of("balanced", Vec::new()),
                CheckOutcome::skipped("statement-unreconciled", "no statement imported"),
            ],
            transactions: 1053,
            accepted: 0,
            known: 0,
        }
    }

    fn text(show: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        show(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_the_worst_first_and_what_passed_last() {
        let shown = text(|out| write_lines(out, &report(), &People::default(), false).unwrap());
        assert_snapshot!(shown, @r#"
error    assertion-failed   07-Apr-2026  Assets:Cash  counted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr
         hint: hissab ledger cash --to 2026-04-07 --void
warning  duplicate-suspect  02-Apr-2026  1045         the same as 1044: "<Tea> & ␛[2J", 100%
passed   chain (1061 records), balanced
skipped  statement-unreconciled (no statement imported)
5 checks, 1053 transactions: 1 error, 1 warning
"#);
    }

    #[test]
    fn machines_read_rows_and_documents() {
        let report = report();
        for format in [Format::Csv, Format::Json] {
            let view = CheckView { report: &report };
            let shown = text(|out| write(out, &Options::of(format), &view).unwrap());
            match format {
                Format::Csv => assert_snapshot!(shown, @r#"
code,severity,where,date,number,account,message,hint
assertion-failed,error,Assets:Cash@2026-04-07,2026-04-07,,Assets:Cash,"counted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr",hissab ledger cash --to 2026-04-07 --void
duplicate-suspect,warning,1045,2026-04-02,1045,,"the same as 1044: ""<Tea> & ␛[2J"", 100%",
"#),
                _ => assert_snapshot!(shown, @r#"
{
  "schema": "hissab/check/1",
  "rows": [
    {"code":"assertion-failed","severity":"error","where":"Assets:Cash@2026-04-07","date":"2026-04-07","number":null,"account":"Assets:Cash","message":"counted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr","hint":"hissab ledger cash --to 2026-04-07 --void"},
    {"code":"duplicate-suspect","severity":"warning","where":"1045","date":"2026-04-02","number":1045,"account":null,"message":"the same as 1044: \"<Tea> & \u001b[2J\", 100%","hint":null}
  ],
  "passed": ["chain", "balanced"],
  "skipped": [{"code": "statement-unreconciled", "reason": "no statement imported"}],
  "checks": 5,
  "transactions": 1053,
  "errors": 1,
  "warnings": 1,
  "notes": 0,
  "accepted": 0,
  "in_baseline": 0
}
"#),
            }
        }
    }

    #[test]
    fn build_servers_read_what_failed() {
        let junit = text(|out| write_junit(out, &report(), Severity::Error).unwrap());
        assert_snapshot!(junit, @r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="hissab check" tests="5" failures="1" skipped="1">
  <testcase classname="hissab.check" name="chain"/>
  <testcase classname="hissab.check" name="duplicate-suspect">
    <system-out>2026-04-02 1045 the same as 1044: &quot;&lt;Tea&gt; &amp; ␛[2J&quot;, 100%</system-out>
  </testcase>
  <testcase classname="hissab.check" name="assertion-failed">
    <failure type="error" message="2026-04-07 Assets:Cash counted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr">hissab ledger cash --to 2026-04-07 --void</failure>
  </testcase>
  <testcase classname="hissab.check" name="balanced"/>
  <testcase classname="hissab.check" name="statement-unreconciled">
    <skipped message="no statement imported"/>
  </testcase>
</testsuite>
"#);
        let github = text(|out| write_github(out, &report()).unwrap());
        assert_snapshot!(github, @r#"
::error title=assertion-failed::2026-04-07 Assets:Cash counted 9,735.50 Dr, books 9,815.50 Dr, difference 80.00 Dr%0Ahint: hissab ledger cash --to 2026-04-07 --void
::warning title=duplicate-suspect::2026-04-02 1045 the same as 1044: "<Tea> & ␛[2J", 100%25
"#);
        let sarif = text(|out| write_sarif(out, &report()).unwrap());
        let document: serde_json::Value = serde_json::from_str(&sarif).unwrap();
        assert_eq!(
            document["runs"][0]["results"][0]["ruleId"],
            "assertion-failed"
        );
    }
}
