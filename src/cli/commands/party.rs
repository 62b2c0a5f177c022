//! `hissab party …`: customers and suppliers, each an account of type receivable or payable.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::creating::refuse_twin;
use crate::cli::record::resolve::{is_party_group, party_parent};
use crate::cli::record::{Recorder, WriteArgs, echo};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::{Account, AccountType, Contact, check_path};
use crate::ledger::change::{AccountPatch, Change, NewAccount};

use super::account_list::{ShowArgs, is_party, listed};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// Add a customer or supplier
    Add(AddArgs),
    /// List customers and suppliers
    List(ListArgs),
    /// Show a customer or supplier
    Show(ShowArgs),
    /// Set how a party is reached
    Set(SetArgs),
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab party add 'Sita Stores' --customer --phone 98200-00000",
    group = clap::ArgGroup::new("side").required(true)
)]
pub struct AddArgs {
    /// What the party is called
    pub name: String,
    /// Buys from us
    #[arg(long, group = "side")]
    pub customer: bool,
    /// Sells to us
    #[arg(long, group = "side")]
    pub supplier: bool,
    /// Another name to type for it (repeatable)
    #[arg(long = "alias", value_name = "NAME")]
    pub aliases: Vec<String>,
    #[command(flatten)]
    pub contact: ContactArgs,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// Only customers
    #[arg(long, conflicts_with = "suppliers")]
    pub customers: bool,
    /// Only suppliers
    #[arg(long)]
    pub suppliers: bool,
    /// Show closed ones too
    #[arg(long)]
    pub closed: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab party set ramesh --phone 98200-00000 --credit-limit 50000")]
pub struct SetArgs {
    /// The party
    pub name: String,
    #[command(flatten)]
    pub contact: ContactArgs,
    #[command(flatten)]
    pub write: WriteArgs,
}

// How a party is reached; an empty text removes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Contact")]
pub struct ContactArgs {
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// GSTIN, or another tax number
    #[arg(long, visible_alias = "tax-id", value_name = "NUMBER")]
    pub gstin: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// The most it may owe
    #[arg(long, value_name = "AMOUNT")]
    pub credit_limit: Option<String>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::Add(args) => add(ctx, args),
        Action::List(args) => list(ctx, &args),
        Action::Show(args) => super::account_list::show(ctx, args),
        Action::Set(args) => set(ctx, &args),
    }
}

fn add(ctx: &mut Context, args: AddArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let (as_type, usual) = match args.supplier {
        true => (AccountType::Payable, "Liabilities:Payable"),
        false => (AccountType::Receivable, "Assets:Receivable"),
    };
    if args.name.contains(':') {
        return Err(Failure::usage(
            "bad-name",
            format!(
                "{:?} holds a colon: a party has a name, its place follows from --customer or --supplier",
                args.name
            ),
        ));
    }
    let path = format!(
        "{}:{}",
        party_parent(&recorder.chart, as_type, usual),
        args.name
    );
    check_path(&path).map_err(|fault| {
        Failure::usage(
            "bad-path",
            format!("{:?} cannot be a party's name: {fault}", args.name),
        )
    })?;
    refuse_twin(&recorder.chart, &path)?;
    let id = recorder.ctx.make_id();
    let contact = contact(&mut recorder, &args.contact, Contact::default())?;
    let new = NewAccount {
        account_type: as_type,
        aliases: args.aliases.clone(),
        contact,
        ..NewAccount::at(id, path.as_str())
    };
    let content = format!("{path} {:?} {:?}", args.contact, args.aliases);
    let written = recorder
        .write(
            "account-opened",
            None,
            vec![Change::OpenAccount(new)],
            &args.write,
            &content,
        )
        .map_err(|f| f.while_doing(&format!("party {} not added", args.name)))?;
    echo::said(&mut recorder, &written, &format!("added {path}"))?;
    Ok(Exit::Ok)
}

fn list(ctx: &mut Context, args: &ListArgs) -> Result<Exit> {
    let chart = ctx.open_read()?.chart()?;
    let fits = |a: &Account| {
        is_party(a)
            && (args.closed || a.closed_on.is_none())
            && !(args.customers && a.account_type != AccountType::Receivable)
            && !(args.suppliers && a.account_type != AccountType::Payable)
    };
    listed(ctx, &chart, &fits, &args.shown)
}

fn set(ctx: &mut Context, args: &SetArgs) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let account = crate::cli::record::resolve::account(&recorder.chart, &args.name)?.clone();
    if !account.account_type.is_party() || is_party_group(&account) {
        return Err(Failure::usage(
            "not-a-party",
            format!(
                "{} is {}, not a customer or supplier",
                account.path, account.account_type
            ),
        ));
    }
    let contact = contact(&mut recorder, &args.contact, account.contact.clone())?;
    if contact == account.contact {
        return Err(Failure::usage("nothing-to-set", "say what to set")
            .hint("hissab party set NAME --phone NUMBER, --email ADDRESS, --gstin NUMBER, …"));
    }
    let patch = AccountPatch {
        contact: Some(contact),
        ..AccountPatch::default()
    };
    super::account_set::patched(
        &mut recorder,
        &account,
        patch,
        "account-set",
        &args.write,
        "set",
    )
}

fn contact(
    recorder: &mut Recorder<'_>,
    args: &ContactArgs,
    mut contact: Contact,
) -> Result<Contact> {
    let put = |field: &mut Option<String>, given: &Option<String>| {
        if let Some(text) = given {
            *field = Some(text.clone()).filter(|t| !t.is_empty());
        }
    };
    put(&mut contact.phone, &args.phone);
    put(&mut contact.email, &args.email);
    put(&mut contact.tax_id, &args.gstin);
    put(&mut contact.address, &args.address);
    if let Some(text) = &args.credit_limit {
        contact.credit_limit = if text.is_empty() {
            None
        } else {
            Some(recorder.money(text)?.amount)
        };
    }
    Ok(contact)
}
