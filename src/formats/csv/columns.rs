//! Which column of a file holds what: from its header, from a list somebody gives, or from its cells.

use super::names;
use super::table::Table;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Date,
    ValueDate,
    Time,
    /// Signed, or with a side in another column.
    Amount,
    Out,
    In,
    /// Debit or credit, for the amount.
    Side,
    Balance,
    /// Debit or credit, for the balance.
    BalanceSide,
    Currency,
    Reference,
    Id,
    Description,
    Payee,
    Fee,
    State,
    Account,
    Category,
    Product,
}

impl Role {
    pub const ALL: [Role; 19] = [
        Role::Date,
        Role::ValueDate,
        Role::Time,
        Role::Amount,
        Role::Out,
        Role::In,
        Role::Side,
        Role::Balance,
        Role::BalanceSide,
        Role::Currency,
        Role::Reference,
        Role::Id,
        Role::Description,
        Role::Payee,
        Role::Fee,
        Role::State,
        Role::Account,
        Role::Category,
        Role::Product,
    ];

    /// The word in `--columns` and profiles.
    pub fn word(self) -> &'static str {
        match self {
            Role::Date => "date",
            Role::ValueDate => "value-date",
            Role::Time => "time",
            Role::Amount => "amount",
            Role::Out => "out",
            Role::In => "in",
            Role::Side => "side",
            Role::Balance => "balance",
            Role::BalanceSide => "balance-side",
            Role::Currency => "currency",
            Role::Reference => "reference",
            Role::Id => "id",
            Role::Description => "description",
            Role::Payee => "payee",
            Role::Fee => "fee",
            Role::State => "state",
            Role::Account => "account",
            Role::Category => "category",
            Role::Product => "product",
        }
    }

    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.word() == word)
    }

    fn is_money(self) -> bool {
        matches!(self, Role::Amount | Role::Out | Role::In)
    }
}

/// Columns by role. At most one column a role; the rest are kept in the raw row only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    pairs: Vec<(Role, usize)>,
    /// Currency named by the header of the money columns: `Amount (EUR)`.
    pub currency: Option<String>,
    /// Normalised names, in order; empty without a header.
    pub names: Vec<String>,
    /// True if somebody said what the columns hold.
    pub said: bool,
}

impl Columns {
    pub fn of(pairs: Vec<(Role, usize)>) -> Columns {
        Columns {
            pairs,
            ..Columns::default()
        }
    }

    pub fn get(&self, role: Role) -> Option<usize> {
        self.pairs.iter().find(|(r, _)| *r == role).map(|(_, c)| *c)
    }

    pub fn pairs(&self) -> &[(Role, usize)] {
        &self.pairs
    }

    pub fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|n| self.names.iter().any(|m| m == n))
    }

    pub fn drop_role(&mut self, role: Role) {
        self.pairs.retain(|(r, _)| *r != role);
    }

    pub fn set(&mut self, role: Role, column: usize) {
        self.drop_role(role);
        self.pairs.push((role, column));
    }

    /// True if the columns make a statement: a date and some money.
    pub fn suffice(&self) -> bool {
        self.get(Role::Date).is_some() && self.pairs.iter().any(|(r, _)| r.is_money())
    }

    /// The money columns, in the order out, in, amount.
    pub fn money(&self) -> impl Iterator<Item = usize> + '_ {
        [Role::Out, Role::In, Role::Amount, Role::Fee, Role::Balance]
            .into_iter()
            .filter_map(|role| self.get(role))
    }

    /// Columns from a list like hledger's `fields`: `date,description,,amount,balance`.
    ///
    /// Errors: the first word that is no role.
    pub fn from_list(list: &str) -> Result<Columns, String> {
        let mut columns = Columns {
            said: true,
            ..Columns::default()
        };
        for (index, word) in list.split(',').map(str::trim).enumerate() {
            match word {
                "" | "_" => {}
                word => match Role::from_word(word) {
                    Some(role) => columns.set(role, index),
                    None => return Err(word.to_owned()),
                },
            }
        }
        Ok(columns)
    }

    /// The list that [`Columns::from_list`] reads back.
    pub fn to_list(&self) -> String {
        let last = self.pairs.iter().map(|(_, c)| *c).max().unwrap_or(0);
        (0..=last)
            .map(|column| {
                let found = self.pairs.iter().find(|(_, c)| *c == column);
                found.map_or("", |(role, _)| role.word())
            })
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// The header of a table: its row and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub row: usize,
    pub columns: Columns,
}

/// How far down a header may stand.
pub const PREAMBLE_ROWS_MAX: usize = 100;

/// The row that names most columns, a date and some money among them; the first such row.
pub fn find_header(table: &Table<'_>) -> Option<Header> {
    let mut best: Option<(usize, Header)> = None;
    for row in 0..table.len().min(PREAMBLE_ROWS_MAX) {
        let columns = read_header(table, row);
        let known = columns.pairs.len();
        let better = best.as_ref().is_none_or(|(most, _)| known > *most);
        if columns.suffice() && better {
            best = Some((known, Header { row, columns }));
        }
    }
    best.map(|(_, header)| header)
}

/// What one row says, were it a header.
fn read_header(table: &Table<'_>, row: usize) -> Columns {
    let names: Vec<String> = table.cells(row).map(names::of_cell).collect();
    let mut best: Vec<(Role, usize, u8)> = Vec::new();
    let mut take =
        |role: Role, column: usize, rank: u8| match best.iter_mut().find(|(r, _, _)| *r == role) {
            Some(held) if rank < held.2 => *held = (role, column, rank),
            Some(_) => {}
            None => best.push((role, column, rank)),
        };
    let balance = names
        .iter()
        .position(|n| names::role_of(n).is_some_and(|(r, _)| r == Role::Balance));
    let named = |role: Role| {
        names
            .iter()
            .any(|n| names::role_of(n).is_some_and(|(r, _)| r == role))
    };
    let two_ways = named(Role::Out) && named(Role::In);
    for (column, name) in names.iter().enumerate() {
        let Some((role, rank)) = names::role_of(name) else {
            continue;
        };
        // Kotak names two columns `Dr / Cr`: the one behind the balance is the balance's. Where money has a
        // column each way (Federal), such a column can only be the balance's.
        let of_balance = role == Role::Side
            && column > 0
            && balance == Some(column - 1)
            && (two_ways || names.iter().filter(|n| *n == name).count() > 1);
        take(
            if of_balance { Role::BalanceSide } else { role },
            column,
            rank,
        );
    }
    let mut columns = Columns::of(best.into_iter().map(|(r, c, _)| (r, c)).collect());
    // Google Pay and Up call the day and the hour together a time; whether days stand in it is seen when it is read.
    if let (None, Some(time)) = (columns.get(Role::Date), columns.get(Role::Time)) {
        columns.drop_role(Role::Time);
        columns.set(Role::Date, time);
    }
    // ING in Spain prints the day of value alone.
    if let (None, Some(day)) = (columns.get(Role::Date), columns.get(Role::ValueDate)) {
        columns.drop_role(Role::ValueDate);
        columns.set(Role::Date, day);
    }
    // `DEBIT/CREDIT(₹)` of Kotak: the amount itself, signed.
    if let Some(side) = columns.get(Role::Side)
        && !columns.pairs.iter().any(|(r, _)| r.is_money())
        && matches!(&*names[side], "debit credit" | "credit debit")
    {
        columns.drop_role(Role::Side);
        columns.set(Role::Amount, side);
    }
    // `Details` of Chase is a side; where another column says that, it describes.
    if let (Some(side), None) = (columns.get(Role::Side), columns.get(Role::Description))
        && let Some(details) = names.iter().position(|name| name == "details")
        && details != side
    {
        columns.set(Role::Description, details);
    }
    named_by_currency(table, row, &mut columns);
    net_of_fee(&names, &mut columns);
    each_way(&names, &mut columns);
    let currency = |column| names::currency_in(table.cell(row, column));
    let named = columns.money().find_map(currency);
    columns.currency = named;
    // monobank: `Card currency amount, (UAH)` beside the currency that was paid in.
    let moved = [Role::Out, Role::In, Role::Amount].map(|role| columns.get(role));
    if moved.into_iter().flatten().any(|c| currency(c).is_some()) {
        columns.drop_role(Role::Currency);
    }
    columns.names = names;
    columns
}

/// Where no name says amount and one column is called `EUR` and nothing else, that is the amount (UniCredit).
fn named_by_currency(table: &Table<'_>, row: usize, columns: &mut Columns) {
    if columns.pairs.iter().any(|(role, _)| role.is_money()) {
        return;
    }
    let is_code = |column: &usize| {
        let cell = table.cell(row, *column);
        cell.bytes().all(|b| b.is_ascii_uppercase())
            && crate::ledger::currency::iso_scale(cell).is_some()
    };
    let mut codes = (0..table.width(row)).filter(is_code);
    if let (Some(column), None) = (codes.next(), codes.next()) {
        columns.set(Role::Amount, column);
    }
}

/// Names that say `amount` of either way where they stand alone, and one way each where both are there.
fn each_way(names: &[String], columns: &mut Columns) {
    let find = |wanted: &str| names.iter().position(|name| name == wanted);
    if let (Some(paid), Some(received)) = (find("amount paid"), find("amount received")) {
        columns.drop_role(Role::Amount);
        columns.set(Role::Out, paid);
        columns.set(Role::In, received);
    }
}

/// Of what was paid, the fee and what is left, what is left moved (PayPal in every language).
fn net_of_fee(names: &[String], columns: &mut Columns) {
    const GROSS: &[&str] = &[
        "gross",
        "gross amount",
        "brutto",
        "lordo",
        "bruto",
        "brut",
        "avant commission",
        "bruttobelopp",
        "bruttobetrag",
    ];
    const NET: &[&str] = &[
        "net",
        "net amount",
        "netto",
        "neto",
        "nettobelopp",
        "auszahlungsbetrag",
        "payout amount",
    ];
    let find = |wanted: &[&str]| {
        names
            .iter()
            .position(|name| wanted.contains(&name.as_str()))
    };
    if let (Some(_), Some(net), Some(_)) = (find(GROSS), find(NET), columns.get(Role::Fee)) {
        columns.set(Role::Amount, net);
        columns.drop_role(Role::Fee);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_found_below_a_preamble() {
        let text = "Account Name,Mr X\nStatement from,01/04/2024\n\nTxn Date,Value Date,Description,Ref No./Cheque No.,        Debit,Credit,Balance\n1 Apr 2024,1 Apr 2024,x,,5,,10\n";
        let header = find_header(&Table::of_commas(text)).unwrap();
        assert_eq!(header.row, 2);
        assert_eq!(
            header.columns.to_list(),
            "date,value-date,description,reference,out,in,balance"
        );
    }

    #[test]
    fn of_two_columns_of_one_name_the_second_is_the_balances() {
        let text = "Sl. No.,Transaction Date,Value Date,Description,Chq / Ref No.,Amount,Dr / Cr,Balance,Dr / Cr\n";
        let header = find_header(&Table::of_commas(text)).unwrap();
        assert_eq!(
            header.columns.to_list(),
            ",date,value-date,description,reference,amount,side,balance,balance-side"
        );
    }

    #[test]
    fn amount_paid_is_one_way_beside_amount_received_and_either_way_alone() {
        let both = "Date,Particulars,Amount paid,Amount received,Balance\n";
        let header = find_header(&Table::of_commas(both)).unwrap();
        assert_eq!(header.columns.to_list(), "date,description,out,in,balance");
        for alone in ["Amount paid", "Amount received"] {
            let text = format!("Date,Particulars,{alone},Balance\n");
            let header = find_header(&Table::of_commas(&text)).unwrap();
            assert_eq!(
                header.columns.to_list(),
                "date,description,amount,balance",
                "{alone}"
            );
        }
    }

    #[test]
    fn a_list_of_columns_is_read_back() {
        let columns = Columns::from_list("date, description,,amount,balance").unwrap();
        assert_eq!(columns.to_list(), "date,description,,amount,balance");
        assert_eq!(Columns::from_list("date,wat"), Err("wat".to_owned()));
    }
}
