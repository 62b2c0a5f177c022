//! The accounts and commodities of a journal while it is read: keys in order of appearance.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::ledger::account::{AccountKey, AccountType, Contact, Kind};
use crate::ledger::currency::CurrencyKey;

/// An account as a journal has it.
#[derive(Debug, Clone)]
pub(in crate::formats) struct JournalAccount {
    pub path: Arc<str>,
    /// From a `type:` tag.
    pub declared: Option<(Kind, Option<AccountType>)>,
    pub note: Option<String>,
    pub aliases: Vec<String>,
    /// What other tools' books say of it.
    pub code: Option<String>,
    pub opened_on: Option<Date>,
    pub closed_on: Option<Date>,
    pub contact: Contact,
}

/// A commodity as a journal has it.
#[derive(Debug, Clone)]
pub(super) struct Commodity {
    pub code: Arc<str>,
    /// Most decimal places seen in amounts or directives.
    pub places: u8,
    /// The decimal mark its directives or unambiguous amounts show.
    pub mark: Option<u8>,
    /// Whether a directive said so.
    pub mark_declared: bool,
    pub name: Option<String>,
    /// How many entries use it: the most used one leads where no directive says which.
    pub uses: u64,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub accounts: Vec<JournalAccount>,
    by_path: HashMap<Arc<str>, AccountKey>,
    pub commodities: Vec<Commodity>,
    by_code: HashMap<Arc<str>, CurrencyKey>,
    last: usize,
    /// True once any commodity writes its decimals behind a comma.
    pub commas: bool,
}

impl Names {
    pub fn account(&mut self, path: &str) -> AccountKey {
        if let Some(key) = self.by_path.get(path) {
            return *key;
        }
        let path: Arc<str> = Arc::from(path);
        self.accounts.push(JournalAccount {
            path: path.clone(),
            declared: None,
            note: None,
            aliases: Vec::new(),
            code: None,
            opened_on: None,
            closed_on: None,
            contact: Contact::default(),
        });
        let key = AccountKey(self.accounts.len() as u32);
        self.by_path.insert(path, key);
        key
    }

    /// Gives an account another path; its old name still means it. False if the path is another's.
    pub fn rename(&mut self, key: AccountKey, path: &str) -> bool {
        if self.by_path.get(path).is_some_and(|other| *other != key) {
            return false;
        }
        let path: Arc<str> = Arc::from(path);
        self.accounts[key.0 as usize - 1].path = path.clone();
        self.by_path.insert(path, key);
        true
    }

    /// Gives a commodity another code; its old one still means it. False if the code is another's.
    pub fn rename_commodity(&mut self, key: CurrencyKey, code: &str) -> bool {
        if self.by_code.get(code).is_some_and(|other| *other != key) {
            return false;
        }
        let code: Arc<str> = Arc::from(code);
        self.commodities[usize::from(key.0) - 1].code = code.clone();
        self.by_code.insert(code, key);
        true
    }

    pub fn account_mut(&mut self, key: AccountKey) -> &mut JournalAccount {
        &mut self.accounts[key.0 as usize - 1]
    }

    /// `None` when there are 65,535 commodities already.
    pub fn commodity(&mut self, code: &str) -> Option<CurrencyKey> {
        // Journals repeat one commodity line after line.
        if self
            .commodities
            .get(self.last)
            .is_some_and(|c| &*c.code == code)
        {
            return Some(CurrencyKey(self.last as u16 + 1));
        }
        if let Some(key) = self.by_code.get(code) {
            self.last = usize::from(key.0) - 1;
            return Some(*key);
        }
        let key = CurrencyKey(u16::try_from(self.commodities.len() + 1).ok()?);
        let code: Arc<str> = Arc::from(code);
        self.commodities.push(Commodity {
            code: code.clone(),
            places: 0,
            mark: None,
            mark_declared: false,
            name: None,
            uses: 0,
        });
        self.by_code.insert(code, key);
        self.last = self.commodities.len() - 1;
        Some(key)
    }

    /// Makes `alias` another name of a commodity.
    pub fn alias_commodity(&mut self, alias: &str, key: CurrencyKey) {
        self.by_code.insert(Arc::from(alias), key);
    }

    pub fn get(&self, key: CurrencyKey) -> &Commodity {
        &self.commodities[usize::from(key.0) - 1]
    }

    pub fn get_mut(&mut self, key: CurrencyKey) -> &mut Commodity {
        &mut self.commodities[usize::from(key.0) - 1]
    }

    /// Remembers the decimal mark of a commodity.
    pub fn learn_mark(&mut self, key: CurrencyKey, mark: u8, declared: bool) {
        let commodity = self.get_mut(key);
        if declared || (commodity.mark.is_none() && !commodity.mark_declared) {
            commodity.mark = Some(mark);
            commodity.mark_declared |= declared;
        }
        self.commas |= mark == b',';
    }
}
