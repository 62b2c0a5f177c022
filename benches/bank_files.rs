//! How fast files of banks are read: `cargo bench --bench bank_files [MIB]`.
//!
//! A file of each kind is made in memory, of 64 MiB unless another size is said, and read three times; the best
//! one counts. Prints the kind, MB a second, and rows a second: of processor time where the system tells it (Linux),
//! so that other programs on the machine change it little.

use std::fmt::Write;
use std::time::Instant;

use hissab::formats::csv::Options;
use hissab::formats::sniff::Content;
use hissab::formats::statements;

const KINDS: [(&str, Content); 5] = [
    ("ofx", Content::Ofx),
    ("ofx xml", Content::Ofx),
    ("camt", Content::Camt),
    ("mt940", Content::Mt940),
    ("qif", Content::Qif),
];

fn main() {
    let mut words = std::env::args().skip(1).filter(|w| w != "--bench");
    let mib: usize = words.next().and_then(|w| w.parse().ok()).unwrap_or(64);
    for (name, content) in KINDS {
        let text = file(name, mib << 20);
        let (mut best, mut rows) = (f64::INFINITY, 0);
        for _ in 0..3 {
            let begun = Spent::now();
            let read = statements::read(content, text.as_bytes(), &Options::default())
                .expect("what was made here can be read");
            best = best.min(begun.seconds());
            rows = read.iter().map(|s| s.rows.len()).sum();
        }
        let speed = text.len() as f64 / best / 1e6;
        println!(
            "{name:8} {speed:7.0} MB/s {:9.0} rows/s",
            f64::from(rows as u32) / best
        );
    }
}

/// When a measurement began, by the processor's time for this program and by the clock.
struct Spent {
    processor_ns: Option<u64>,
    clock: Instant,
}

impl Spent {
    fn now() -> Spent {
        Spent {
            processor_ns: processor_ns(),
            clock: Instant::now(),
        }
    }

    fn seconds(&self) -> f64 {
        match (self.processor_ns, processor_ns()) {
            (Some(before), Some(now)) => (now - before) as f64 / 1e9,
            _ => self.clock.elapsed().as_secs_f64(),
        }
    }
}

fn processor_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// A file of at least so many bytes.
fn file(kind: &str, bytes: usize) -> String {
    let (head, tail) = match kind {
        "ofx" => (
            "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><STMTRS><CURDEF>INR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>\n",
            "</BANKTRANLIST></STMTRS></OFX>\n",
        ),
        "ofx xml" => (
            "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX><STMTRS><CURDEF>INR</CURDEF><BANKACCTFROM><ACCTID>1</ACCTID></BANKACCTFROM><BANKTRANLIST>\n",
            "</BANKTRANLIST></STMTRS></OFX>\n",
        ),
        "camt" => (
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>\n",
            "</Stmt></BkToCstmrStmt></Document>\n",
        ),
        "mt940" => (":20:X\n:25:1/2\n:28C:1\n:60F:C260401EUR0,00\n", "-\n"),
        _ => ("!Type:Bank\n", ""),
    };
    let mut text = String::with_capacity(bytes + 2_000);
    text.push_str(head);
    let mut nth = 0u64;
    while text.len() < bytes {
        nth += 1;
        let (day, paise) = (1 + nth % 28, nth % 100);
        let rupees = nth % 90_000;
        let done = match kind {
            "ofx" => write!(
                text,
                "<STMTTRN>\n<TRNTYPE>DEBIT\n<DTPOSTED>202604{day:02}120000.000[-5:EST]\n<TRNAMT>-{rupees}.{paise:02}\n<FITID>S{nth}\n<NAME>UPI-RAMESH KUMAR\n<MEMO>UPI-RAMESH KUMAR-{nth}\n</STMTTRN>\n"
            ),
            "ofx xml" => writeln!(
                text,
                "<STMTTRN><TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>202604{day:02}</DTPOSTED><TRNAMT>-{rupees}.{paise:02}</TRNAMT><FITID>S{nth}</FITID><NAME>UPI-RAMESH KUMAR</NAME><MEMO>TEA &amp; MILK {nth}</MEMO></STMTTRN>"
            ),
            "camt" => write!(
                text,
                "<Ntry>\n  <Amt Ccy=\"EUR\">{rupees}.{paise:02}</Amt>\n  <CdtDbtInd>DBIT</CdtDbtInd>\n  <Sts>BOOK</Sts>\n  <BookgDt>\n    <Dt>2026-04-{day:02}</Dt>\n  </BookgDt>\n  <ValDt>\n    <Dt>2026-04-{day:02}</Dt>\n  </ValDt>\n  <AcctSvcrRef>R{nth}</AcctSvcrRef>\n  <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\n  <NtryDtls>\n    <TxDtls>\n      <Refs><EndToEndId>E{nth}</EndToEndId></Refs>\n      <RltdPties><Cdtr><Nm>Muster AG</Nm></Cdtr><CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct></RltdPties>\n      <RmtInf><Ustrd>Rechnung {nth}</Ustrd></RmtInf>\n    </TxDtls>\n  </NtryDtls>\n</Ntry>\n"
            ),
            "mt940" => write!(
                text,
                ":61:2604{day:02}04{day:02}D{rupees},{paise:02}NTRFNONREF//{nth}\n:86:105?00LASTSCHRIFT?20EREF+RG-{nth}?21SVWZ+Strom Abschlag April 2026?30BYLADEM1001?31DE02120300000000202051?32STADTWERKE MUSTER GMBH\n"
            ),
            _ => write!(
                text,
                "D{day:02}/04/2026\nT-{rupees}.{paise:02}\nN{nth}\nPUPI-RAMESH KUMAR\nMbill {nth}\nLFood:Tea\n^\n"
            ),
        };
        done.expect("a string takes any text");
    }
    text.push_str(tail);
    text
}
