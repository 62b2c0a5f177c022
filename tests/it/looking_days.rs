//! Golden tests of the looking commands: the journal and the day book.

use insta::assert_snapshot;

use crate::shop::{shop, told};

#[test]
fn journal_and_print() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["journal", "--from", "2026-04-05"]), @r#"
Journal · 05-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars                            Debit     Credit
05-Apr-2026  10   Payment  000124  Expenses:Rent                      12,000.00
                                     Assets:Bank:HDFC (Rent, April)              12,000.00
06-Apr-2026  11   Payment  000123  Liabilities:Payable:Gupta Traders  18,600.00
                                     Assets:Bank:HDFC (bill GT/0398)             18,600.00
06-Apr-2026  12   Payment          Liabilities:Suspense                2,000.00
                                     Assets:Cash (Paid to Mohan)                  2,000.00
Total of 3 vouchers                                                   32,600.00  32,600.00
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "--limit", "1"]), @r#"
Journal · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                       Debit    Credit
06-Apr-2026  12   Payment        Liabilities:Suspense           2,000.00
                                   Assets:Cash (Paid to Mohan)            2,000.00
Total of 1 voucher                                              2,000.00  2,000.00
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "desc:auto", "--void"]), @r#"
Journal · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars  Debit  Credit
03-Apr-2026  7    Payment        VOID: Auto, 80.00; "entered twice", suresh, 03-Apr-2026
Total of 0 vouchers, 1 void
[exit 0]
"#);
    assert_snapshot!(look(&["print", "--from", "2026-04-05", "--to", "2026-04-05"]), @r#"
2026-04-05 (000124) Rent, April
    Expenses:Rent                                 12000.00 INR
    Assets:Bank:HDFC                             -12000.00 INR

[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "csv"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
10,2026-04-05,payment,unmarked,"Rent, April",,000124,Expenses:Rent,12000.00,,INR,,,[ID],
10,2026-04-05,payment,unmarked,"Rent, April",,000124,Assets:Bank:HDFC,,12000.00,INR,,,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "tsv"]), @r#"
number	date	voucher	status	description	payee	reference	account	debit	credit	currency	memo	tags	id	price
10	2026-04-05	payment	unmarked	Rent, April		000124	Expenses:Rent	12000.00		INR			[ID]	
10	2026-04-05	payment	unmarked	Rent, April		000124	Assets:Bank:HDFC		12000.00	INR			[ID]	
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "json"]), @r#"
{
  "schema": "hissab/journal/1",
  "book": "Shree Ganesh Stores",
  "from": null,
  "to": "2026-04-06",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": true,
  "rows": [
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Expenses:Rent","debit":"12000.00","credit":null,"currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null},
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Assets:Bank:HDFC","debit":null,"credit":"12000.00","currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
  ],
  "transactions": 1,
  "void": 0,
  "totals": [{"currency": "INR", "debit": "12000.00", "credit": "12000.00"}]
}
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "ndjson"]), @r#"
{"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Expenses:Rent","debit":"12000.00","credit":null,"currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
{"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Assets:Bank:HDFC","debit":null,"credit":"12000.00","currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "md"]), @r#"
## Journal · to 06-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit |
| --- | --- | --- | --- | --- | ---: | ---: |
| 05-Apr-2026 | 10 | Payment | 000124 | Expenses:Rent | 12,000.00 | |
| | | | | &nbsp;&nbsp;Assets:Bank:HDFC (Rent, April) | | 12,000.00 |
| Total of 1 voucher | | | | | 12,000.00 | 12,000.00 |
[exit 0]
"#);
}

#[test]
fn daybook_of_days() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["daybook", "--from", "2026-04-02", "--to", "2026-04-03"]), @r#"
Day book · 02-Apr-2026 to 03-Apr-2026 · INR
Date         No.  Voucher  Ref.          Particulars                           Debit     Credit
02-Apr-2026  4    Sales    B-118         Assets:Receivable:Sita Stores      4,800.00
                                           Income:Sales (Goods on credit)              4,800.00
02-Apr-2026  5    Contra                 Assets:Bank:HDFC                  20,000.00
                                           Assets:Cash (Cash deposited)               20,000.00
03-Apr-2026  6    Receipt  609412345678  Assets:Bank:HDFC                   3,400.00
                                           Assets:Receivable:Ramesh (UPI)              3,400.00
03-Apr-2026  7    Payment                VOID: Auto, 80.00; "entered twice", suresh, 03-Apr-2026
Total of 3 vouchers, 1 void                                                28,200.00  28,200.00
Cash: opening 18,630.00 Dr, receipts 0.00, payments 20,000.00, closing 1,370.00 Cr
[exit 0]
"#);
    assert_snapshot!(look(&["daybook"]), @r#"
Day book · 07-Apr-2026 · INR
Date  No.  Voucher  Ref.  Particulars  Debit  Credit
Total of 0 vouchers
Cash: opening 9,815.50 Dr, receipts 0.00, payments 0.00, closing 9,815.50 Dr
--- stderr
nothing to show: the transactions are of 31-Mar-2026 to 06-Apr-2026
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "yesterday"]), @r#"
Day book · 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars                            Debit     Credit
06-Apr-2026  11   Payment  000123  Liabilities:Payable:Gupta Traders  18,600.00
                                     Assets:Bank:HDFC (bill GT/0398)             18,600.00
06-Apr-2026  12   Payment          Liabilities:Suspense                2,000.00
                                     Assets:Cash (Paid to Mohan)                  2,000.00
Total of 2 vouchers                                                   20,600.00  20,600.00
Cash: opening 11,815.50 Dr, receipts 0.00, payments 2,000.00, closing 9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "3/4", "-O", "csv"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Bank:HDFC,3400.00,,INR,,,[ID],
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Receivable:Ramesh,,3400.00,INR,,,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "3/4", "-O", "csv", "--void"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Bank:HDFC,3400.00,,INR,,,[ID],
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Receivable:Ramesh,,3400.00,INR,,,[ID],
7,2026-04-03,payment,void,Auto,,,Expenses:Travel,80.00,,INR,,,[ID],
7,2026-04-03,payment,void,Auto,,,Assets:Cash,,80.00,INR,,,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "5/4", "-O", "json"]), @r#"
{
  "schema": "hissab/daybook/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-05",
  "to": "2026-04-05",
  "fiscal_year": "2026-27",
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Expenses:Rent","debit":"12000.00","credit":null,"currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null},
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Assets:Bank:HDFC","debit":null,"credit":"12000.00","currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
  ],
  "transactions": 1,
  "void": 0,
  "totals": [{"currency": "INR", "debit": "12000.00", "credit": "12000.00"}],
  "cash": [{"currency": "INR", "opening": "11815.50", "receipts": "0.00", "payments": "0.00", "closing": "11815.50"}]
}
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "5/4", "-O", "md"]), @r#"
## Day book · 05-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit |
| --- | --- | --- | --- | --- | ---: | ---: |
| 05-Apr-2026 | 10 | Payment | 000124 | Expenses:Rent | 12,000.00 | |
| | | | | &nbsp;&nbsp;Assets:Bank:HDFC (Rent, April) | | 12,000.00 |
| Total of 1 voucher | | | | | 12,000.00 | 12,000.00 |

Cash: opening 11,815.50 Dr, receipts 0.00, payments 0.00, closing 11,815.50 Dr
[exit 0]
"#);
}
