//! Golden tests of the looking commands: ledgers, the register, cash and bank books.

use insta::assert_snapshot;

use crate::shop::{shop, told};
use crate::support::TestEnv;

#[test]
fn ledger_of_an_account() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-01", "--to", "2026-04-07"]), @r#"
Ledger · Assets:Bank:HDFC · 01-Apr-2026 to 07-Apr-2026 · INR
Date         No.  Voucher  Ref.          Particulars                      Debit     Credit         Balance
01-Apr-2026                              Opening balance                                      84,200.00 Dr
02-Apr-2026  5    Contra                 Cash, deposited              20,000.00             1,04,200.00 Dr
03-Apr-2026  6    Receipt  609412345678  Ramesh, UPI                   3,400.00             1,07,600.00 Dr
05-Apr-2026  10   Payment  000124        Rent, April                             12,000.00    95,600.00 Dr
06-Apr-2026  11   Payment  000123        Gupta Traders, bill GT/0398             18,600.00    77,000.00 Dr
07-Apr-2026                              Total, closing               23,400.00  30,600.00    77,000.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "cash", "--void"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                             Debit     Credit       Balance
31-Mar-2026  1    Opening        Gupta Traders +2, Opening balances  12,500.00             12,500.00 Dr
01-Apr-2026  2    Receipt        Sales, Counter sales                 6,250.00             18,750.00 Dr
01-Apr-2026  3    Payment        Tea                                               120.00  18,630.00 Dr
02-Apr-2026  5    Contra         HDFC, Cash deposited                           20,000.00   1,370.00 Cr
03-Apr-2026  7    Payment        VOID: Auto, 80.00 Cr
04-Apr-2026  8    Receipt        Sales, Counter sales                13,185.50             11,815.50 Dr
06-Apr-2026  12   Payment        Suspense, Paid to Mohan                         2,000.00   9,815.50 Dr
06-Apr-2026                      Total, closing                      31,935.50  22,120.00   9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "cash", "--limit", "2"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                  Debit    Credit       Balance
04-Apr-2026                      Opening balance                                1,370.00 Cr
04-Apr-2026  8    Receipt        Sales, Counter sales     13,185.50            11,815.50 Dr
06-Apr-2026  12   Payment        Suspense, Paid to Mohan             2,000.00   9,815.50 Dr
06-Apr-2026                      Total, closing           13,185.50  2,000.00   9,815.50 Dr
Limited to the last 2 lines: opening and turnover are of these alone.
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "cash", "--limit", "2", "--reverse"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                  Debit    Credit       Balance
06-Apr-2026  12   Payment        Suspense, Paid to Mohan             2,000.00   9,815.50 Dr
04-Apr-2026  8    Receipt        Sales, Counter sales     13,185.50            11,815.50 Dr
04-Apr-2026                      Opening balance                                1,370.00 Cr
06-Apr-2026                      Total, closing           13,185.50  2,000.00   9,815.50 Dr
Limited to the last 2 lines: opening and turnover are of these alone.
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "receivable", "--from", "2026-04-01"]), @r#"
Ledger · Assets:Receivable · 01-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.          Particulars             Account         Debit    Credit      Balance
01-Apr-2026                              Opening balance                                          3,400.00 Dr
02-Apr-2026  4    Sales    B-118         Sales, Goods on credit  Sita Stores  4,800.00            8,200.00 Dr
03-Apr-2026  6    Receipt  609412345678  HDFC, UPI               Ramesh                 3,400.00  4,800.00 Dr
06-Apr-2026                              Total, closing                       4,800.00  3,400.00  4,800.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "tea", "rent"]), @r#"
Ledger · Expenses:Tea · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars      Debit  Credit    Balance
01-Apr-2026  3    Payment        Cash, tea       120.00          120.00 Dr
06-Apr-2026                      Total, closing  120.00          120.00 Dr

Ledger · Expenses:Rent · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars            Debit  Credit       Balance
05-Apr-2026  10   Payment  000124  HDFC, Rent, April  12,000.00          12,000.00 Dr
06-Apr-2026                        Total, closing     12,000.00          12,000.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["areg", "cash", "desc:sales"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars               Debit  Credit       Balance
01-Apr-2026  2    Receipt        Sales, Counter sales   6,250.00           6,250.00 Dr
04-Apr-2026  8    Receipt        Sales, Counter sales  13,185.50          19,435.50 Dr
06-Apr-2026                      Total, closing        19,435.50          19,435.50 Dr
Filtered: a part of the entries, and balances of that part.
[exit 0]
"#);
}

#[test]
fn ledger_in_every_format() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "csv"]), @r#"
row,date,number,voucher,reference,payee,particulars,description,debit,credit,currency,balance,account,status,id
opening,2026-04-04,,,,,,,,,INR,107600.00,Assets:Bank:HDFC,,
entry,2026-04-05,10,payment,000124,,Expenses:Rent,"Rent, April",,12000.00,INR,95600.00,Assets:Bank:HDFC,unmarked,[ID]
entry,2026-04-06,11,payment,000123,,Liabilities:Payable:Gupta Traders,bill GT/0398,,18600.00,INR,77000.00,Assets:Bank:HDFC,unmarked,[ID]
closing,2026-04-06,,,,,,,0.00,30600.00,INR,77000.00,Assets:Bank:HDFC,,
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "tsv"]), @r#"
row	date	number	voucher	reference	payee	particulars	description	debit	credit	currency	balance	account	status	id
opening	2026-04-04									INR	107600.00	Assets:Bank:HDFC		
entry	2026-04-05	10	payment	000124		Expenses:Rent	Rent, April		12000.00	INR	95600.00	Assets:Bank:HDFC	unmarked	[ID]
entry	2026-04-06	11	payment	000123		Liabilities:Payable:Gupta Traders	bill GT/0398		18600.00	INR	77000.00	Assets:Bank:HDFC	unmarked	[ID]
closing	2026-04-06							0.00	30600.00	INR	77000.00	Assets:Bank:HDFC		
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "json"]), @r#"
{
  "schema": "hissab/ledger/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-04",
  "to": "2026-04-06",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "accounts": ["Assets:Bank:HDFC"],
  "rows": [
    {"row":"opening","date":"2026-04-04","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":null,"credit":null,"currency":"INR","balance":"107600.00","account":"Assets:Bank:HDFC","status":null,"id":null},
    {"row":"entry","date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"particulars":"Expenses:Rent","description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"95600.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"entry","date":"2026-04-06","number":11,"voucher":"payment","reference":"000123","payee":null,"particulars":"Liabilities:Payable:Gupta Traders","description":"bill GT/0398","debit":null,"credit":"18600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"closing","date":"2026-04-06","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":"0.00","credit":"30600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":null,"id":null}
  ]
}
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "ndjson"]), @r#"
{"row":"opening","date":"2026-04-04","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":null,"credit":null,"currency":"INR","balance":"107600.00","account":"Assets:Bank:HDFC","status":null,"id":null}
{"row":"entry","date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"particulars":"Expenses:Rent","description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"95600.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"}
{"row":"entry","date":"2026-04-06","number":11,"voucher":"payment","reference":"000123","payee":null,"particulars":"Liabilities:Payable:Gupta Traders","description":"bill GT/0398","debit":null,"credit":"18600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"}
{"row":"closing","date":"2026-04-06","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":"0.00","credit":"30600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":null,"id":null}
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "md"]), @r#"
## Ledger · Assets:Bank:HDFC · 04-Apr-2026 to 06-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit | Balance |
| --- | --- | --- | --- | --- | ---: | ---: | ---: |
| 04-Apr-2026 | | | | Opening balance | | | 1,07,600.00 Dr |
| 05-Apr-2026 | 10 | Payment | 000124 | Rent, April | | 12,000.00 | 95,600.00 Dr |
| 06-Apr-2026 | 11 | Payment | 000123 | Gupta Traders, bill GT/0398 | | 18,600.00 | 77,000.00 Dr |
| **06-Apr-2026** | | | | **Total, closing** | | **30,600.00** | **77,000.00 Dr** |
[exit 0]
"#);
}

#[test]
fn register_of_entries() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["reg", "exp"]), @r#"
Register · to 06-Apr-2026 · INR
Date         No.  Description  Account                Amount    Balance
01-Apr-2026  3    tea          Expenses:Tea           120.00     120.00
04-Apr-2026  9    Stock        Expenses:Purchases  15,000.00  15,120.00
05-Apr-2026  10   Rent, April  Expenses:Rent       12,000.00  27,120.00
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "cash", "-H", "--from", "2026-04-04"]), @r#"
Register · 04-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Description    Account         Amount    Balance
04-Apr-2026  8    Counter sales  Assets:Cash  13,185.50  11,815.50
06-Apr-2026  12   Paid to Mohan  Assets:Cash  -2,000.00   9,815.50
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "cash", "--limit", "2", "--reverse"]), @r#"
Register · to 06-Apr-2026 · INR
Date         No.  Description    Account         Amount    Balance
06-Apr-2026  12   Paid to Mohan  Assets:Cash  -2,000.00   9,815.50
04-Apr-2026  8    Counter sales  Assets:Cash  13,185.50  11,815.50
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--from", "2026-04-05", "--to", "2026-04-05", "-O", "csv"]), @r#"
date,number,voucher,reference,payee,description,debit,credit,currency,balance,account,status,id
2026-04-05,10,payment,000124,,"Rent, April",12000.00,,INR,12000.00,Expenses:Rent,unmarked,[ID]
2026-04-05,10,payment,000124,,"Rent, April",,12000.00,INR,0.00,Assets:Bank:HDFC,unmarked,[ID]
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--from", "2026-04-05", "--to", "2026-04-05", "-O", "json"]), @r#"
{
  "schema": "hissab/register/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-05",
  "to": "2026-04-05",
  "fiscal_year": "2026-27",
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"description":"Rent, April","debit":"12000.00","credit":null,"currency":"INR","balance":"12000.00","account":"Expenses:Rent","status":"unmarked","id":"[ID]"},
    {"date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"0.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"}
  ]
}
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--from", "2026-04-05", "--to", "2026-04-05", "-O", "md"]), @r#"
## Register · 05-Apr-2026 · INR

| Date | No. | Description | Account | Amount | Balance |
| --- | --- | --- | --- | ---: | ---: |
| 05-Apr-2026 | 10 | Rent, April | Expenses:Rent | 12,000.00 | 12,000.00 |
| | | | Assets:Bank:HDFC | -12,000.00 | 0.00 |
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "tea", "-O", "tsv"]), @r#"
date	number	voucher	reference	payee	description	debit	credit	currency	balance	account	status	id
2026-04-01	3	payment			tea	120.00		INR	120.00	Expenses:Tea	unmarked	[ID]
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "tea", "-O", "ndjson"]), @r#"
{"date":"2026-04-01","number":3,"voucher":"payment","reference":null,"payee":null,"description":"tea","debit":"120.00","credit":null,"currency":"INR","balance":"120.00","account":"Expenses:Tea","status":"unmarked","id":"[ID]"}
[exit 0]
"#);
}

#[test]
fn cash_and_bank_books() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["cashbook", "-D"]), @r#"
Cash book · Assets:Cash · to 06-Apr-2026 · INR
Date         Particulars         Debit     Credit       Balance
31-Mar-2026                  12,500.00             12,500.00 Dr
01-Apr-2026                   6,250.00     120.00  18,630.00 Dr
02-Apr-2026                             20,000.00   1,370.00 Cr
04-Apr-2026                  13,185.50             11,815.50 Dr
06-Apr-2026                              2,000.00   9,815.50 Dr
06-Apr-2026  Total, closing  31,935.50  22,120.00   9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["cashbook", "--from", "2026-04-04"]), @r#"
Cash book · Assets:Cash · 04-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                  Debit    Credit       Balance
04-Apr-2026                      Opening balance                                1,370.00 Cr
04-Apr-2026  8    Receipt        Sales, Counter sales     13,185.50            11,815.50 Dr
06-Apr-2026  12   Payment        Suspense, Paid to Mohan             2,000.00   9,815.50 Dr
06-Apr-2026                      Total, closing           13,185.50  2,000.00   9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["cashbook", "-D", "-O", "csv"]), @r#"
row,date,number,voucher,reference,payee,particulars,description,debit,credit,currency,balance,account,status,id
opening,,,,,,,,,,INR,0.00,Assets:Cash,,
day,2026-03-31,,,,,,,12500.00,0.00,INR,12500.00,Assets:Cash,,
day,2026-04-01,,,,,,,6250.00,120.00,INR,18630.00,Assets:Cash,,
day,2026-04-02,,,,,,,0.00,20000.00,INR,-1370.00,Assets:Cash,,
day,2026-04-04,,,,,,,13185.50,0.00,INR,11815.50,Assets:Cash,,
day,2026-04-06,,,,,,,0.00,2000.00,INR,9815.50,Assets:Cash,,
closing,2026-04-06,,,,,,,31935.50,22120.00,INR,9815.50,Assets:Cash,,
[exit 0]
"#);
    assert_snapshot!(look(&["bankbook", "--from", "2026-04-05"]), @r#"
Bank book · Assets:Bank:HDFC · 05-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars                  Debit     Credit         Balance
05-Apr-2026                        Opening balance                                1,07,600.00 Dr
05-Apr-2026  10   Payment  000124  Rent, April                         12,000.00    95,600.00 Dr
06-Apr-2026  11   Payment  000123  Gupta Traders, bill GT/0398         18,600.00    77,000.00 Dr
06-Apr-2026                        Total, closing                      30,600.00    77,000.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["bankbook", "hdfc", "--from", "2026-04-05", "-O", "json"]), @r#"
{
  "schema": "hissab/bankbook/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-05",
  "to": "2026-04-06",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "accounts": ["Assets:Bank:HDFC"],
  "rows": [
    {"row":"opening","date":"2026-04-05","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":null,"credit":null,"currency":"INR","balance":"107600.00","account":"Assets:Bank:HDFC","status":null,"id":null},
    {"row":"entry","date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"particulars":"Expenses:Rent","description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"95600.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"entry","date":"2026-04-06","number":11,"voucher":"payment","reference":"000123","payee":null,"particulars":"Liabilities:Payable:Gupta Traders","description":"bill GT/0398","debit":null,"credit":"18600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"closing","date":"2026-04-06","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":"0.00","credit":"30600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":null,"id":null}
  ]
}
[exit 0]
"#);
    assert_snapshot!(look(&["bankbook", "--from", "2026-04-06", "-O", "md"]), @r#"
## Bank book · Assets:Bank:HDFC · 06-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit | Balance |
| --- | --- | --- | --- | --- | ---: | ---: | ---: |
| 06-Apr-2026 | | | | Opening balance | | | 95,600.00 Dr |
| 06-Apr-2026 | 11 | Payment | 000123 | Gupta Traders, bill GT/0398 | | 18,600.00 | 77,000.00 Dr |
| **06-Apr-2026** | | | | **Total, closing** | | **18,600.00** | **77,000.00 Dr** |
[exit 0]
"#);
}

#[test]
fn a_limited_ledger_counts_entries_and_still_adds_up() {
    let mut env = TestEnv::new();
    env.hissab(["init", "a.hissab"]).ok();
    env.set("HISSAB_BOOK", "a.hissab");
    let add = |words: &[&str]| {
        let mut line = vec!["add", "--create-accounts"];
        line.extend(words);
        env.hissab(line).ok();
    };
    add(&["-d", "2026-04-01", "a", "Assets:Cash", "10", "Income:X"]);
    // Three entries in one account.
    add(&[
        "-d",
        "2026-04-02",
        "b",
        "Assets:Cash",
        "1",
        "Assets:Cash",
        "2",
        "Assets:Cash",
        "3",
        "Income:X",
    ]);
    let ledger = |limit: &str, more: &[&str]| {
        let mut line = vec![
            "ledger",
            "cash",
            "--limit",
            limit,
            "-O",
            "csv",
            "--no-header",
        ];
        line.extend(["--fields", "row,debit,balance"]);
        line.extend(more);
        env.hissab(line).ok().stdout
    };
    assert_eq!(
        ledger("2", &[]),
        "opening,,11.00\nentry,2.00,13.00\nentry,3.00,16.00\nclosing,5.00,16.00\n"
    );
    assert_eq!(
        ledger("4", &[]),
        "opening,,0.00\nentry,10.00,10.00\nentry,1.00,11.00\nentry,2.00,13.00\nentry,3.00,16.00\nclosing,16.00,16.00\n"
    );
    let reversed = ledger("2", &["--reverse"]);
    assert!(
        reversed.contains("entry,3.00,16.00\nentry,2.00,13.00\n"),
        "{reversed}"
    );
    assert!(!reversed.contains("entry,1.00"), "{reversed}");
}
