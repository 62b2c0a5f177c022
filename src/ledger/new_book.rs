//! What the first unit of a new book holds, whoever makes it: `hissab init` or a server.

use std::sync::Arc;

use uuid::Uuid;

use super::change::{Change, CurrencyChange, NewAccount};
use super::currency::{iso_scale, iso_symbol};
use super::settings::Settings;
use super::template::Template;

/// A currency's code as it is kept: ISO codes in capitals, others as written.
fn currency_code(text: &str) -> String {
    let code = text.trim();
    let upper = code.to_uppercase();
    if iso_scale(&upper).is_some() {
        upper
    } else {
        code.to_owned()
    }
}

/// The code of a new book's own currency; `None` if the text is none: empty, or a word like `rupees`, which
/// would become a currency that nobody else knows. What ISO 4217 lacks is in capitals: `BTC`.
pub fn base_currency_code(text: &str) -> Option<String> {
    let code = currency_code(text);
    let is_word = iso_scale(&code).is_none() && code.chars().any(char::is_lowercase);
    (!code.is_empty() && !is_word).then_some(code)
}

/// The base currency, settings and the template's accounts, in the order they are sealed.
pub fn changes(
    settings: &Settings,
    template: Template,
    make_id: &mut dyn FnMut() -> Uuid,
) -> Vec<Change> {
    let mut settings = settings.clone();
    for (name, path) in template.settings() {
        settings
            .other
            .insert((*name).to_owned(), (*path).to_owned());
    }
    let code: Arc<str> = settings.base_currency.as_str().into();
    let scale = iso_scale(&code).unwrap_or(2);
    let symbol = iso_symbol(&code).map(Arc::from);
    // The currency comes first: the setting that names it as the base must find it.
    let mut changes = vec![Change::Currency(CurrencyChange {
        code,
        scale,
        symbol,
        name: None,
    })];
    let setting = |(name, value)| Change::Setting {
        name,
        value: Some(value),
    };
    changes.extend(settings.pairs().into_iter().map(setting));
    for account in template.accounts() {
        changes.push(Change::OpenAccount(NewAccount {
            kind: account.kind,
            account_type: account.account_type,
            ..NewAccount::at(make_id(), account.path)
        }));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_currency_comes_before_the_setting_that_names_it() {
        for word in ["rupees", "Rs", "", " "] {
            assert_eq!(base_currency_code(word), None, "{word:?}");
        }
        assert_eq!(base_currency_code("BTC").as_deref(), Some("BTC"));
        let settings = Settings::new("Shop", base_currency_code(" inr ").unwrap());
        let mut n = 0;
        let changes = changes(&settings, Template::Shop, &mut || {
            n += 1;
            Uuid::from_u128(n)
        });
        assert!(matches!(&changes[0], Change::Currency(c) if &*c.code == "INR" && c.scale == 2));
        assert_eq!(n as usize, Template::Shop.accounts().len());
    }
}
