//! Tally's XML: its raw export (`TALLYMESSAGE`, dots in names, negative debits), and the form that connectors make of it.

use super::amount::{code_of, date, is_symbol_of, raw, signed};
use super::model::{Amount, Bill, Entry, Group, Ledger, Tally, Voucher};
use crate::formats::fault::Fault;
use crate::formats::journal::builder::one_line;
use crate::formats::xml::{self, Node, Records};
use crate::ledger::currency::iso_scale;

const WANTED: &[&str] = &[
    "GROUP",
    "LEDGER",
    "VOUCHER",
    "VOUCHERTYPE",
    "CURRENCY",
    "COMPANY",
];
/// Masters of stock and costing: they hold no money of their own.
const COUNTED: &[&str] = &[
    "STOCKITEM",
    "STOCKGROUP",
    "STOCKCATEGORY",
    "UNIT",
    "GODOWN",
    "COSTCENTRE",
    "COSTCATEGORY",
    "BUDGET",
    "EMPLOYEE",
    "GSTREGISTRATION",
];

impl Tally {
    /// Reads one file.
    pub(in crate::formats) fn xml(&mut self, bytes: Vec<u8>, source: u16) -> Result<(), Fault> {
        let bytes = xml::unpacked(bytes)?;
        let text = xml::text(&bytes)?;
        let mut records = Records::new(&text);
        let wants = |name: &str| WANTED.contains(&name) || COUNTED.contains(&name);
        let mut found = 0u64;
        while let Some(node) = records.next(wants, |_| false)? {
            match node.name.as_str() {
                "GROUP" => self.group(&node),
                "LEDGER" => self.ledger(&node, source)?,
                "VOUCHER" => {
                    let voucher = voucher(&node, source)?;
                    self.vouchers.push(voucher);
                }
                "VOUCHERTYPE" => {
                    let parent = node.text_of("PARENT").to_owned();
                    self.types.insert(name_of(&node).to_lowercase(), parent);
                }
                "CURRENCY" => self.currency(&node),
                "COMPANY" => {
                    let begins = [node.text_of("BOOKSFROM"), node.text_of("STARTINGFROM")]
                        .into_iter()
                        .find_map(date);
                    self.begins = self.begins.or(begins);
                    continue;
                }
                other => {
                    *self
                        .left_out
                        .entry(format!("{} masters", other.to_lowercase()))
                        .or_default() += 1;
                    continue;
                }
            }
            found += 1;
        }
        if found == 0 {
            return Err(Fault::file("empty-file", "the file holds no ledgers, groups or vouchers of Tally")
                .hint("export from Tally as XML (Data Interchange): the Day Book for vouchers, List of Accounts for masters"));
        }
        Ok(())
    }

    fn group(&mut self, node: &Node) {
        let group = Group {
            parent: one_line(node.text_of("PARENT")),
            is_revenue: yes(node.text_of("ISREVENUE")),
            is_debit: yes(node.text_of("ISDEEMEDPOSITIVE")),
        };
        self.groups.insert(name_of(node).to_lowercase(), group);
    }

    fn ledger(&mut self, node: &Node, source: u16) -> Result<(), Fault> {
        let name = name_of(node);
        if name.is_empty() {
            return Ok(());
        }
        let opening = match node.child("OPENINGBALANCE") {
            Some(child) if !child.text.is_empty() || !child.children.is_empty() => {
                Some(amount(child).ok_or_else(|| bad_amount(child))?)
            }
            _ => None,
        };
        let address = node.child("ADDRESS.LIST").or_else(|| {
            node.child("LEDMAILINGDETAILS.LIST")
                .and_then(|d| d.child("ADDRESS.LIST"))
        });
        let lines: Vec<&str> = address
            .into_iter()
            .flat_map(|a| a.all("ADDRESS"))
            .map(|l| l.text.as_str())
            .collect();
        let names = node
            .child("LANGUAGENAME.LIST")
            .and_then(|l| l.child("NAME.LIST"));
        let aliases = names
            .into_iter()
            .flat_map(|n| n.all("NAME"))
            .map(|n| one_line(&n.text))
            .filter(|n| *n != name && !n.is_empty());
        let first = |wanted: &[&str]| {
            wanted
                .iter()
                .map(|w| one_line(node.text_of(w)))
                .find(|t| !t.is_empty())
                .unwrap_or_default()
        };
        let ledger = Ledger {
            parent: one_line(node.text_of("PARENT")),
            guid: one_line(node.text_of("GUID")),
            opening,
            phone: first(&["LEDGERMOBILE", "LEDGERPHONE"]),
            email: first(&["EMAIL"]),
            tax_id: first(&["PARTYGSTIN", "VATTINNUMBER", "INCOMETAXNUMBER"]),
            address: one_line(&lines.join(", ")),
            aliases: aliases.collect(),
            line: node.line,
            source,
            name: name.clone(),
        };
        self.ledgers.insert(name.to_lowercase(), ledger);
        Ok(())
    }

    /// The first currency is the company's own.
    fn currency(&mut self, node: &Node) {
        let symbol = name_of(node);
        let formal = one_line(node.text_of("MAILINGNAME"));
        let code = if iso_scale(&formal).is_some() || is_symbol_of(&symbol, &formal) {
            formal
        } else {
            code_of(&symbol)
        };
        if iso_scale(&code).is_some() {
            self.base.get_or_insert_with(|| code.clone());
        }
        self.symbols.insert(symbol, code);
    }
}

/// A master's name: an attribute in raw exports, an element in others.
fn name_of(node: &Node) -> String {
    let name = [node.attribute("NAME"), node.text_of("NAME")]
        .into_iter()
        .map(one_line)
        .find(|n| !n.is_empty());
    let listed = || {
        node.child("LANGUAGENAME.LIST")?
            .child("NAME.LIST")?
            .child("NAME")
            .map(|n| one_line(&n.text))
    };
    name.or_else(listed).unwrap_or_default()
}

fn yes(text: &str) -> bool {
    matches!(
        text.trim().to_lowercase().as_str(),
        "yes" | "true" | "1" | "y"
    )
}

fn bad_amount(node: &Node) -> Fault {
    let shown: String = node.text.chars().take(60).collect();
    Fault::at(
        "bad-amount",
        u64::from(node.line),
        1,
        format!("cannot read the amount {shown:?} in <{}>", node.name),
    )
    .hint("amounts are like -5000.00 or -$100.00 @ ₹ 83/$ = -₹ 8300.00")
}

/// `<AMOUNT>-5.00</AMOUNT>`, or its parts as connectors write them.
fn amount(node: &Node) -> Option<Amount> {
    if node.children.is_empty() {
        return raw(&node.text);
    }
    let (number, _) = signed(node.text_of("AMOUNT"))?;
    // Without a word on the side the sign says it, as in raw exports: negative is a debit.
    let debit = match node.text_of("ISDEBIT") {
        "" => number.is_sign_negative(),
        said => yes(said),
    };
    let side = |n: rust_decimal::Decimal| if debit { n.abs() } else { -n.abs() };
    let symbol = node.text_of("FOREXSYMBOL");
    let foreign =
        signed(node.text_of("FOREXAMOUNT")).filter(|(n, _)| !n.is_zero() && !symbol.contains('*'));
    Some(Amount {
        base: side(number),
        foreign: foreign.map(|(n, _)| (side(n), symbol.to_owned())),
    })
}

fn voucher(node: &Node, source: u16) -> Result<Voucher, Fault> {
    let text = |name| one_line(node.text_of(name));
    let first = |texts: &[&str]| {
        texts
            .iter()
            .map(|t| one_line(t))
            .find(|t| !t.is_empty())
            .unwrap_or_default()
    };
    let all = entries(node.all("ALLLEDGERENTRIES.LIST"))?;
    let some = entries(node.all("LEDGERENTRIES.LIST"))?;
    let goods = [
        "ALLINVENTORYENTRIES.LIST",
        "INVENTORYENTRIES.LIST",
        "INVENTORYENTRIESIN.LIST",
        "INVENTORYENTRIESOUT.LIST",
    ];
    let of_goods = entries(
        goods
            .iter()
            .flat_map(|list| node.all(list))
            .flat_map(|item| item.all("ACCOUNTINGALLOCATIONS.LIST")),
    )?;
    let with = |list: &[Entry]| list.iter().chain(&of_goods).cloned().collect::<Vec<_>>();
    let mut heads = Vec::new();
    pay_heads(node, &mut heads);
    let candidates = vec![
        all.clone(),
        with(&all),
        some.clone(),
        with(&some),
        entries(heads.into_iter())?,
    ];
    Ok(Voucher {
        guid: first(&[
            node.text_of("GUID"),
            node.attribute("REMOTEID"),
            node.attribute("VCHKEY"),
        ]),
        date: date(node.text_of("DATE")),
        date_text: text("DATE"),
        kind: first(&[node.text_of("VOUCHERTYPENAME"), node.attribute("VCHTYPE")]),
        own_kind: text(super::OWN_TYPE),
        number: text("VOUCHERNUMBER"),
        reference: text("REFERENCE"),
        narration: text("NARRATION"),
        party: first(&[node.text_of("PARTYLEDGERNAME"), node.text_of("PARTYNAME")]),
        cancelled: yes(node.text_of("ISCANCELLED")) || yes(node.text_of("ISDELETED")),
        optional: yes(node.text_of("ISOPTIONAL")),
        candidates: candidates.into_iter().filter(|c| !c.is_empty()).collect(),
        line: node.line,
        source,
    })
}

fn entries<'n>(lists: impl Iterator<Item = &'n Node>) -> Result<Vec<Entry>, Fault> {
    let mut out = Vec::new();
    for node in lists {
        let named = node
            .child("LEDGERNAME")
            .or_else(|| node.child("PAYHEADNAME"));
        let ledger = one_line(named.map_or("", |n| n.text.as_str()));
        let Some(written) = node
            .child("AMOUNT")
            .filter(|a| !a.text.is_empty() || !a.children.is_empty())
        else {
            // An empty list is what Tally writes where there is nothing.
            continue;
        };
        if ledger.is_empty() {
            return Err(Fault::at(
                "bad-record",
                u64::from(node.line),
                1,
                format!("<{}> has an amount and no LEDGERNAME", node.name),
            ));
        }
        let deemed = node.text_of("ISDEEMEDPOSITIVE");
        let bank = node
            .all("BANKALLOCATIONS.LIST")
            .any(|b| date(b.text_of("BANKERSDATE")).is_some());
        out.push(Entry {
            ledger,
            amount: amount(written).ok_or_else(|| bad_amount(written))?,
            deemed_debit: (!deemed.is_empty()).then(|| yes(deemed)),
            is_party: yes(node.text_of("ISPARTYLEDGER")),
            is_cleared: bank,
            bills: node.all("BILLALLOCATIONS.LIST").filter_map(bill).collect(),
            memo: one_line(node.text_of("NARRATION")),
            line: node.line,
        });
    }
    Ok(out)
}

/// What payroll vouchers have for entries, below their employees.
fn pay_heads<'n>(node: &'n Node, into: &mut Vec<&'n Node>) {
    for child in &node.children {
        match child.name.as_str() {
            "PAYHEADALLOCATIONS.LIST" => into.push(child),
            _ => pay_heads(child, into),
        }
    }
}

fn bill(node: &Node) -> Option<Bill> {
    let kind = node.text_of("BILLTYPE").to_lowercase().replace(' ', "");
    let name = one_line(node.text_of("NAME"));
    if name.is_empty() || kind == "onaccount" {
        return None;
    }
    let period = node.child("BILLCREDITPERIOD");
    let due = period.and_then(|p| date(p.text_of("DUEONDATE")).or_else(|| date(&p.text)));
    Some(Bill { name, kind, due })
}
