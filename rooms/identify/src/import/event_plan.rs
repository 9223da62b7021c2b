//! What each column of a file of events says: when, who, what happened, what about, how much. Guessed from names and values. Pure.

use super::event_rows::{is_amount, is_name};
use super::orders::{CUSTOMER, SUM};
use super::plan::{ColumnPlan, EventPlan, MapFile, Plan, PlanError, Target};
use super::profile::{Column, Profile, attribute_of, header_words};
use crate::field::Subject;

/// What a column of a file of events says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    Skip,
    /// When it happened.
    At,
    /// What happened.
    Name,
    /// Who did it, by the id another system uses.
    ExternalId,
    /// Who did it, by e-mail address.
    Email,
    /// Who did it, by phone number.
    Phone,
    /// What it was about.
    Subject,
    /// How much.
    Amount,
    /// In which currency.
    Currency,
    /// Something else about it.
    Prop,
}

impl Role {
    /// All, in menu order.
    pub const ALL: [Self; 10] = [
        Self::Skip,
        Self::At,
        Self::Name,
        Self::ExternalId,
        Self::Email,
        Self::Phone,
        Self::Subject,
        Self::Amount,
        Self::Currency,
        Self::Prop,
    ];

    /// The word in forms and in the programs' interface.
    pub fn word(self) -> &'static str {
        match self {
            Self::Skip => "-",
            Self::At => "at",
            Self::Name => "event",
            Self::ExternalId => "external_id",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Subject => "subject",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Prop => "prop",
        }
    }

    /// The role of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether it says who.
    pub(super) fn is_person(self) -> bool {
        matches!(self, Self::ExternalId | Self::Email | Self::Phone)
    }
}

/// The plan a file of events has by itself, a mapping file laid over it.
pub(super) fn plan(profile: &Profile, map: Option<&MapFile>) -> Result<Plan, PlanError> {
    let map = map.cloned().unwrap_or_default();
    let event = map.events.first().cloned().unwrap_or_else(|| event(profile));
    let empty_words = map.empty.clone().unwrap_or_else(|| profile.empty_words());
    let key = map.key.or_else(|| person(profile).map(|column| column.name.clone()));
    let column = |c: &Column| {
        let to = if key.as_ref() == Some(&c.name) { target(address(c)) } else { Target::Skip };
        ColumnPlan { column: c.name.clone(), to }
    };
    let plan = Plan {
        delimiter: char::from(profile.delimiter),
        encoding: profile.encoding.to_owned(),
        columns: profile.columns.iter().map(column).collect(),
        events: vec![event],
        only_known: true,
        empty_words,
        ..Plan::default()
    };
    match key {
        Some(key) => plan.with_key(&key),
        None => Ok(plan),
    }
}

/// Whether a column says who by address; otherwise it is an id.
fn address(column: &Column) -> Role {
    match attribute_of(Subject::Contact, &column.name).filter(|key| column.suits(key)) {
        Some("email") => Role::Email,
        Some("phone") => Role::Phone,
        _ => Role::ExternalId,
    }
}

fn target(role: Role) -> Target {
    if role.is_person() { Target::Attribute { key: role.word().to_owned() } } else { Target::Skip }
}

fn folded(column: &Column) -> String {
    header_words(&column.name).concat()
}

/// The first column called like one of these, whole or by its end.
fn called<'p>(profile: &'p Profile, whole: &[&str], ends: &[&str]) -> Option<&'p Column> {
    let is = |column: &&Column| {
        let name = folded(column);
        whole.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end))
    };
    profile.columns.iter().find(is)
}

/// Who: by id, else by e-mail address, else by phone number.
fn person(profile: &Profile) -> Option<&Column> {
    let ids = ["externalid", "外部编号", "contactid", "personid", "customer", "客户"];
    let by = |wanted: &'static str| {
        profile.columns.iter().find(move |c| attribute_of(Subject::Contact, &c.name) == Some(wanted) && c.suits(wanted))
    };
    called(profile, &ids, &CUSTOMER).or_else(|| by("email")).or_else(|| by("phone"))
}

/// The column that says what happened. Beside a sum one whose values are no names of events is taken, too: its rows are refused one by one,
/// instead of every row being a purchase.
fn says_what(profile: &Profile, has_sum: bool) -> Option<&Column> {
    let sure = ["event", "eventname", "eventtype", "事件", "事件名称", "事件类型"];
    let perhaps = ["name", "type", "action", "activity", "动作", "行为"];
    let speaks = |column: &&Column| column.samples.iter().any(|sample| is_name(sample));
    let found = profile.columns.iter().find(|c| {
        let name = folded(c);
        sure.contains(&name.as_str()) || (perhaps.contains(&name.as_str()) && speaks(c))
    });
    found.or_else(|| profile.columns.iter().find(|c| has_sum && perhaps.contains(&folded(c).as_str())))
}

/// Whether a column says how much, by its name: a cell that is no number refuses its own row, not the others. Under a name that may mean
/// other things, at least an example is a number.
fn says_how_much(column: &Column) -> bool {
    let name = folded(column);
    let may = ["price", "value"].contains(&name.as_str()) || SUM.iter().any(|word| name.ends_with(word));
    name == "amount" || (may && column.samples.iter().any(|sample| is_amount(sample)))
}

fn event(profile: &Profile) -> EventPlan {
    let times = ["at", "time", "when", "happened"];
    let at =
        called(profile, &times, &["date", "datetime", "timestamp", "eventtime", "occurredat", "happenedat", "createdat", "日期", "时间"])
            .or_else(|| profile.columns.iter().find(|column| column.is_of_days()));
    let amount = profile.columns.iter().find(|column| says_how_much(column));
    let name = says_what(profile, amount.is_some());
    let subjects =
        ["subject", "about", "item", "product", "productname", "sku", "page", "url", "path", "order", "主题", "内容", "商品", "产品"];
    let subject = called(profile, &subjects, &["orderid", "orderno", "ordernumber", "invoiceno", "订单号", "订单编号"]);
    let currency = called(profile, &["currency", "currencycode", "币种", "货币"], &[]);
    let told = [at, name, amount, subject, currency];
    let is_told = |column: &Column| told.into_iter().flatten().any(|other| other.name == column.name);
    // Who it was is no fact about what happened.
    let is_who = |column: &Column| {
        person(profile).is_some_and(|who| who.name == column.name)
            || matches!(
                attribute_of(Subject::Contact, &column.name),
                Some("name" | "given_name" | "family_name" | "email" | "phone" | "external_id")
            )
    };
    let column = |found: Option<&Column>| found.map(|column| column.name.clone());
    // A sum without a word on what happened is what somebody paid.
    let otherwise = if amount.is_some_and(|column| column.filled > 0) { "purchase.made" } else { "" };
    EventPlan {
        name: name.map_or_else(|| otherwise.to_owned(), |column| format!("{{{}}}", column.name)),
        at: column(at).unwrap_or_default(),
        subject: column(subject),
        amount: column(amount),
        currency: None,
        currency_column: column(currency),
        props: profile.columns.iter().filter(|column| !is_told(column) && !is_who(column)).map(|column| column.name.clone()).collect(),
    }
}

/// What a column says under a plan.
pub(super) fn role_of(plan: &Plan, column: &ColumnPlan) -> Role {
    let event = plan.events.first().cloned().unwrap_or_default();
    let is = |named: &Option<String>| named.as_ref() == Some(&column.column);
    match &column.to {
        Target::Attribute { key } => Role::of(key).unwrap_or(Role::Skip),
        _ if event.at == column.column => Role::At,
        _ if event.name_column() == Some(column.column.as_str()) => Role::Name,
        _ if is(&event.subject) => Role::Subject,
        _ if is(&event.amount) => Role::Amount,
        _ if is(&event.currency_column) => Role::Currency,
        _ if event.props.contains(&column.column) => Role::Prop,
        _ => Role::Skip,
    }
}

/// The plan under which each column has the role of its place; without a column that says what happened it is `name`, and `currency`
/// without one that says the currency.
pub(super) fn with_roles(plan: Plan, roles: &[Role], name: &str, currency: Option<String>) -> Result<Plan, PlanError> {
    let names: Vec<String> = plan.columns.iter().map(|c| c.column.clone()).collect();
    let one = |is: &dyn Fn(Role) -> bool, word: &'static str| {
        let mut found = roles.iter().zip(&names).filter(|(role, _)| is(**role)).map(|(_, column)| column.clone());
        let first = found.next();
        if found.next().is_some() { Err(PlanError::Twice(word)) } else { Ok(first) }
    };
    let only = |role: Role| one(&|other| other == role, role.word());
    let key = one(&Role::is_person, "person")?;
    let event = EventPlan {
        at: only(Role::At)?.unwrap_or_default(),
        name: only(Role::Name)?.map_or_else(|| name.trim().to_owned(), |column| format!("{{{column}}}")),
        subject: only(Role::Subject)?,
        amount: only(Role::Amount)?,
        currency_column: only(Role::Currency)?,
        currency,
        props: roles.iter().zip(&names).filter(|(role, _)| **role == Role::Prop).map(|(_, column)| column.clone()).collect(),
    };
    let column = |(role, column): (&Role, String)| ColumnPlan { column, to: target(*role) };
    let columns = roles.iter().zip(names.clone()).map(column).collect();
    let plan = Plan { columns, key: None, events: vec![event], ..plan };
    let plan = match key {
        Some(key) => plan.with_key(&key)?,
        None => plan,
    };
    check(&plan)?;
    Ok(plan)
}

/// Checks that a plan of events says when, who and what.
pub(super) fn check(plan: &Plan) -> Result<(), PlanError> {
    let event = plan.events.first().ok_or(PlanError::Missing("event"))?;
    let is_constant = event.name_column().is_none();
    match () {
        () if event.at.is_empty() => Err(PlanError::Missing("at")),
        () if plan.key.is_none() => Err(PlanError::Missing("person")),
        () if event.name.is_empty() => Err(PlanError::Missing("event")),
        () if is_constant && !is_name(&event.name) => Err(PlanError::EventName(event.name.clone())),
        () => plan.check(),
    }
}

/// Reads the columns as those of an earlier file with the same ones were read.
pub(super) fn remember(plan: &Plan, earlier: &Plan, file_name: &str) -> Option<Plan> {
    let names = |plan: &Plan| {
        let mut names: Vec<String> = plan.columns.iter().map(|c| c.column.clone()).collect();
        names.sort_unstable();
        names
    };
    // More than the page shows is more than somebody can look at.
    if names(plan) != names(earlier) || earlier.events.len() != 1 || !earlier.constants.is_empty() {
        return None;
    }
    let to = |name: &str| earlier.columns.iter().find(|c| c.column == name).map(|c| c.to.clone());
    let columns = plan.columns.iter().map(|c| Some(ColumnPlan { column: c.column.clone(), to: to(&c.column)? })).collect::<Option<_>>()?;
    let mut empty_words = earlier.empty_words.clone();
    empty_words.extend(plan.empty_words.iter().filter(|word| !earlier.empty_words.contains(word)).cloned());
    let (key, events, only_known) = (earlier.key.clone(), earlier.events.clone(), earlier.only_known);
    let plan = Plan { columns, key, events, only_known, empty_words, as_in: Some(file_name.to_owned()), ..plan.clone() };
    check(&plan).is_ok().then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "User ID,Event,Time,Product,Amount,Currency,Channel,E-mail\n\
        7,product.viewed,2026-11-01T10:00:00Z,Lamp,,,shop,a@b.example\n8,purchase.made,2026-11-02 11:00,Lamp,12.50,EUR,web,c@d.example\n";

    fn roles(plan: &Plan) -> Vec<Role> {
        plan.columns.iter().map(|column| role_of(plan, column)).collect()
    }

    #[test]
    fn columns_are_guessed_and_read_back() {
        let guessed = plan(&Profile::of_text(FILE), None).unwrap();
        let expected = [
            Role::ExternalId,
            Role::Name,
            Role::At,
            Role::Subject,
            Role::Amount,
            Role::Currency,
            Role::Prop,
            // Who it was is told once, and is no fact about the event.
            Role::Skip,
        ];
        assert_eq!(roles(&guessed), expected);
        assert_eq!(with_roles(guessed.clone(), &expected, "ignored", None).unwrap(), guessed, "what the form shows is what it makes");
        let chinese = plan(&Profile::of_text("手机号,下单时间,订单号,实付金额\n13800138000,2026-11-01,X1,99\n"), None).unwrap();
        assert_eq!(roles(&chinese), [Role::Phone, Role::At, Role::Subject, Role::Amount]);
        assert_eq!(chinese.events[0].name, "purchase.made", "a sum says somebody paid");
    }

    #[test]
    fn one_bad_cell_does_not_decide_for_a_column() {
        let event = |text: &str| plan(&Profile::of_text(text), None).unwrap().events.remove(0);
        for text in ["id,event,at,amount\n7,a.b,2026-11-01,$12\n7,a.b,2026-11-01,?\n", "id,event,at,amount\n7,a.b,2026-11-01,?\n"] {
            assert_eq!(event(text).amount.as_deref(), Some("amount"), "{text}");
        }
        assert_eq!(event("id,event,at,total price\n7,a.b,2026-11-01,?\n7,a.b,2026-11-01,€5\n").amount.as_deref(), Some("total price"));
        assert_eq!(event("id,event,at,value\n7,a.b,2026-11-01,red\n").amount, None);
        // Whatever may name the event does: no row becomes a purchase that nobody made.
        assert_eq!(event("external_id,name,at,amount\n7,Order,2026-11-01,5\n7,Refund,2026-11-01,5\n").name, "{name}");
        assert_eq!(event("external_id,name,type,at,amount\n7,Ada,item.sold,2026-11-01,5\n").name, "{type}");
        assert_eq!(event("external_id,name,at\n7,Ada,2026-11-01\n").name, "");
    }

    #[test]
    fn what_is_missing_or_said_twice_is_named() {
        let guessed = plan(&Profile::of_text("a,b,c\nx,y,z\n"), None).unwrap();
        let told = |roles: [Role; 3], name: &str| with_roles(guessed.clone(), &roles, name, None).map(|_| ());
        assert_eq!(told([Role::Skip, Role::Email, Role::Skip], "a.b"), Err(PlanError::Missing("at")));
        assert_eq!(told([Role::At, Role::Skip, Role::Skip], "a.b"), Err(PlanError::Missing("person")));
        assert_eq!(told([Role::At, Role::Phone, Role::Skip], " "), Err(PlanError::Missing("event")));
        assert_eq!(told([Role::At, Role::Phone, Role::Skip], "Bought"), Err(PlanError::EventName("Bought".into())));
        assert_eq!(told([Role::At, Role::Phone, Role::Email], "a.b"), Err(PlanError::Twice("person")));
        assert_eq!(told([Role::At, Role::Phone, Role::At], "a.b"), Err(PlanError::Twice("at")));
        assert_eq!(told([Role::At, Role::Phone, Role::Prop], "a.b"), Ok(()));
    }

    #[test]
    fn the_next_file_with_the_same_columns_is_read_the_same_way() {
        let guessed = plan(&Profile::of_text(FILE), None).unwrap();
        let mut wanted = roles(&guessed);
        (wanted[6], wanted[1]) = (Role::Skip, Role::Prop);
        let earlier = Plan { only_known: false, ..with_roles(guessed.clone(), &wanted, "product.viewed", None).unwrap() };
        let again = remember(&guessed, &earlier, "old.csv").unwrap();
        assert_eq!((roles(&again), again.only_known, again.as_in.as_deref()), (wanted, false, Some("old.csv")));
        assert_eq!(remember(&plan(&Profile::of_text("a,b\n1,2\n"), None).unwrap(), &earlier, "old.csv"), None);
    }
}
