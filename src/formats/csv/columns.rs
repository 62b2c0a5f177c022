//! Which column of a file holds what: from its header, from a list somebody gives, or from its cells.

use super::amounts;
use super::dates;
use super::names;
use super::sides;
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
        let mut columns = Columns::default();
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
    let names: Vec<String> = table.cells(row).map(names::normal).collect();
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
    // `DEBIT/CREDIT(₹)` of Kotak: the amount itself, signed.
    if let Some(side) = columns.get(Role::Side)
        && !columns.pairs.iter().any(|(r, _)| r.is_money())
        && matches!(&*names[side], "debit credit" | "credit debit")
    {
        columns.drop_role(Role::Side);
        columns.set(Role::Amount, side);
    }
    let currency = columns
        .money()
        .find_map(|column| names::currency_in(table.cell(row, column)));
    columns.currency = currency;
    columns.names = names;
    columns
}

/// Columns of a file without a header, where the cells leave no doubt. `None` where they do.
///
/// One column of dates; then either one column of money, or two of which each row fills one and
/// which carry signs, perhaps with a balance filled in every row to their right.
pub fn from_cells(table: &Table<'_>) -> Option<Columns> {
    from_cells_of(
        table,
        (0..table.len()).filter(|r| !table.is_blank(*r)).collect(),
    )
}

/// The same below a line or two about the account (BNP: its name, number, day and balance); with the last of these.
///
/// A line of words only is a header in a language we do not know: then the cells are not asked.
pub fn from_cells_below(table: &Table<'_>) -> Option<(usize, Columns)> {
    const LINES_MAX: usize = 3;
    let rows: Vec<usize> = (0..table.len()).filter(|r| !table.is_blank(*r)).collect();
    let says = |row: usize| {
        table
            .cells(row)
            .any(|c| c.bytes().any(|b| b.is_ascii_digit()))
    };
    (1..=LINES_MAX.min(rows.len().saturating_sub(1)))
        .take_while(|skip| says(rows[skip - 1]))
        .find_map(|skip| Some((rows[skip - 1], from_cells_of(table, rows[skip..].to_vec())?)))
}

fn from_cells_of(table: &Table<'_>, rows: Vec<usize>) -> Option<Columns> {
    let width = rows.iter().map(|r| table.width(*r)).min()?;
    let kinds: Vec<Shape> = (0..width).map(|c| Shape::of(table, &rows, c)).collect();
    let date = kinds.iter().position(|k| *k == Shape::Date)?;
    let mut pairs = vec![(Role::Date, date)];
    if let Some(side) = kinds.iter().position(|k| *k == Shape::Side) {
        pairs.push((Role::Side, side));
    }
    let text = (0..width)
        .filter(|c| kinds[*c] == Shape::Text)
        .max_by_key(|c| rows.iter().map(|r| table.cell(*r, *c).len()).sum::<usize>())?;
    pairs.push((Role::Description, text));
    // The same number on every row is the account's.
    let varies = |c: &usize| {
        rows.len() == 1
            || rows
                .windows(2)
                .any(|w| table.cell(w[0], *c) != table.cell(w[1], *c))
    };
    if let Some(number) = (0..width)
        .filter(|c| kinds[*c] == Shape::Number)
        .find(varies)
    {
        pairs.push((Role::Reference, number));
    }
    if let Some(currency) = kinds.iter().position(|k| *k == Shape::Currency) {
        pairs.push((Role::Currency, currency));
    }
    let filled = |column: usize| {
        rows.iter()
            .all(|r| !amounts::is_blank(table.cell(*r, column)))
    };
    let money: Vec<usize> = (0..width).filter(|c| kinds[*c] == Shape::Money).collect();
    let sided = pairs.iter().any(|(role, _)| *role == Role::Side);
    let signed = |column: usize| rows.iter().any(|r| has_sign(table.cell(*r, column)));
    match money.as_slice() {
        // Without a sign nothing says which way the money went.
        [amount] if sided || signed(*amount) => pairs.push((Role::Amount, *amount)),
        // One row proves nothing: only signs tell the amount from the balance.
        [amount, balance]
            if filled(*amount) && filled(*balance) && (rows.len() > 1 || signed(*amount)) =>
        {
            pairs.extend([(Role::Amount, *amount), (Role::Balance, *balance)]);
        }
        [a, b, rest @ ..] if rest.len() <= 1 && one_filled(table, &rows, *a, *b) => {
            let proved = || sides::proved(table, &rows, *a, *b, *rest.first()?);
            let (out, into) = out_and_in(table, &rows, *a, *b).or_else(proved)?;
            pairs.extend([(Role::Out, out), (Role::In, into)]);
            pairs.extend(rest.iter().map(|c| (Role::Balance, *c)));
        }
        [a, b, c] if [a, b, c].into_iter().all(|m| filled(*m)) => {
            let (amount, balance) = sides::before_and_after(table, &rows, [*a, *b, *c])?;
            pairs.extend([(Role::Amount, amount), (Role::Balance, balance)]);
        }
        _ => return None,
    }
    Some(Columns::of(pairs))
}

/// True if a cell says by itself which way the money went.
pub(super) fn has_sign(cell: &str) -> bool {
    amounts::scan(cell).is_some_and(|s| s.negative || s.side.is_some()) || cell.contains('+')
}

fn one_filled(table: &Table<'_>, rows: &[usize], a: usize, b: usize) -> bool {
    rows.iter()
        .all(|r| amounts::is_blank(table.cell(*r, a)) != amounts::is_blank(table.cell(*r, b)))
}

/// Which of two columns holds payments: the one whose amounts are all negative.
fn out_and_in(table: &Table<'_>, rows: &[usize], a: usize, b: usize) -> Option<(usize, usize)> {
    let negative = |column: usize| {
        let mut cells = rows
            .iter()
            .map(|r| table.cell(*r, column))
            .filter(|c| !amounts::is_blank(c));
        cells.clone().count() > 0
            && cells.all(|c| amounts::scan(c).is_some_and(|amount| amount.negative))
    };
    match (negative(a), negative(b)) {
        (true, false) => Some((a, b)),
        (false, true) => Some((b, a)),
        _ => None,
    }
}

/// What the cells of a column look like, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Date,
    /// Amounts: with a decimal mark, a sign or a currency.
    Money,
    /// Whole numbers without any of these: numbers of cheques.
    Number,
    Side,
    /// The code of a currency.
    Currency,
    Text,
    Empty,
}

impl Shape {
    fn of(table: &Table<'_>, rows: &[usize], column: usize) -> Shape {
        let cells = || {
            rows.iter()
                .map(|r| table.cell(*r, column))
                .filter(|c| !amounts::is_blank(c))
        };
        if cells().next().is_none() {
            return Shape::Empty;
        }
        if cells().all(|c| dates::scan(c).is_some()) && cells().count() == rows.len() {
            return Shape::Date;
        }
        if cells().all(|c| amounts::side(c).is_some() || c.eq_ignore_ascii_case("check")) {
            return Shape::Side;
        }
        let code = |c: &str| {
            c.bytes().all(|b| b.is_ascii_uppercase())
                && crate::ledger::currency::iso_scale(c).is_some()
        };
        if cells().all(code) {
            return Shape::Currency;
        }
        if cells().all(|c| amounts::scan(c).is_some()) {
            // Letters and a long row of digits are the number of an account.
            let long = |c: &str| c.bytes().filter(u8::is_ascii_digit).count() > 15;
            let plain = cells().all(|c| c.bytes().all(|b| b.is_ascii_digit()));
            return match (plain, cells().any(long)) {
                (true, _) => Shape::Number,
                (false, true) => Shape::Text,
                (false, false) => Shape::Money,
            };
        }
        Shape::Text
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Dialect;
    use super::*;

    fn table(text: &str) -> Table<'_> {
        Table::read(
            text,
            Dialect {
                delimiter: b',',
                quote: Some(b'"'),
            },
        )
        .unwrap()
    }

    #[test]
    fn the_header_is_found_below_a_preamble() {
        let text = "Account Name,Mr X\nStatement from,01/04/2024\n\nTxn Date,Value Date,Description,Ref No./Cheque No.,        Debit,Credit,Balance\n1 Apr 2024,1 Apr 2024,x,,5,,10\n";
        let header = find_header(&table(text)).unwrap();
        assert_eq!(header.row, 2);
        assert_eq!(
            header.columns.to_list(),
            "date,value-date,description,reference,out,in,balance"
        );
    }

    #[test]
    fn of_two_columns_of_one_name_the_second_is_the_balances() {
        let text = "Sl. No.,Transaction Date,Value Date,Description,Chq / Ref No.,Amount,Dr / Cr,Balance,Dr / Cr\n";
        let header = find_header(&table(text)).unwrap();
        assert_eq!(
            header.columns.to_list(),
            ",date,value-date,description,reference,amount,side,balance,balance-side"
        );
    }

    #[test]
    fn a_list_of_columns_is_read_back() {
        let columns = Columns::from_list("date, description,,amount,balance").unwrap();
        assert_eq!(columns.to_list(), "date,description,,amount,balance");
        assert_eq!(Columns::from_list("date,wat"), Err("wat".to_owned()));
    }

    #[test]
    fn cells_without_a_header_tell_payments_by_their_signs() {
        let text = "4/1/2008,Check - 122,122,-$76.00,\"\",\"$1,750.06\"\n3/28/2008,BLARG,\"\",\"\",+$327.49,\"$1,826.06\"\n";
        let columns = from_cells(&table(text)).unwrap();
        assert_eq!(
            columns.to_list(),
            "date,description,reference,out,in,balance"
        );
        // Unsigned columns without a balance could be either way round.
        let text = "4/1/2008,a,76.00,\n3/28/2008,b,,327.49\n";
        assert_eq!(from_cells(&table(text)), None);
        // With one, the balance tells, whichever end of the file is the older.
        let text = "4/3/2008,a,76.00,,500.00\n4/2/2008,b,,327.50,576.00\n";
        assert_eq!(
            from_cells(&table(text)).unwrap().to_list(),
            "date,description,out,in,balance"
        );
        let text = "4/2/2008,b,327.50,,576.00\n4/3/2008,a,,76.00,500.00\n";
        assert_eq!(
            from_cells(&table(text)).unwrap().to_list(),
            "date,description,in,out,balance"
        );
        // Neither could one column.
        let text = "4/1/2008,a,76.00\n3/28/2008,b,327.49\n";
        assert_eq!(from_cells(&table(text)), None);
        let text = "4/1/2008,a,76.00,D\n3/28/2008,b,327.49,C\n";
        assert!(from_cells(&table(text)).is_some());
        // A balance and an amount, or an amount and a balance: one row does not tell.
        let text = "4/1/2008,a,76.00,120.00\n";
        assert_eq!(from_cells(&table(text)), None);
    }

    #[test]
    fn a_line_about_the_account_above_the_cells_is_passed_over() {
        let rows = "4/1/2008,Card,tea,,-5.00\n4/2/2008,Pay,wages,,9.00\n";
        let text = format!("Account,Account,***1,4/3/2008,,24.00\n{rows}");
        let (row, columns) = from_cells_below(&table(&text)).unwrap();
        assert_eq!(
            (row, columns.to_list()),
            (0, "date,,description,,amount".to_owned())
        );
        let text = format!("Zeit,Art,Was,Wie,Viel\n{rows}");
        assert_eq!(from_cells_below(&table(&text)), None);
    }

    #[test]
    fn balances_before_and_after_a_row_show_its_amount() {
        let text = "123456789,EUR,20260402,-0.10,1499.90,20260402,1500.00,pay\n123456789,EUR,20260403,1499.90,1454.90,20260403,-45.00,tea\n";
        assert_eq!(
            from_cells(&table(text)).unwrap().to_list(),
            ",currency,date,,balance,,amount,description"
        );
        assert_eq!(from_cells(&table(&text.replace("-45.00", "-46.00"))), None);
    }

    #[test]
    fn the_number_of_an_account_is_no_amount() {
        let text = "AT123456789012345678,interest,1.1.2014,-0.42\n";
        let columns = from_cells(&table(text)).unwrap();
        assert_eq!(columns.to_list(), "description,,date,amount");
    }
}
