//! The page of a colleague's book: what is in it, by which rule it would go to whom, and the button that hands it over.

use std::collections::BTreeMap;

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::App;
use attune_identify::company::CompanyId;
use attune_identify::contact::ContactId;
use attune_identify::promise;
use attune_identify::staff::Member;
use attune_web::kit::{Choice, Tab};
use attune_web::{Answer, Can, Form, FormErrors, Path, Problem, Query, Shell, Sight, see_other};
use axum::extract::State as Held;

use super::asked::{Asked, WAYS};
use super::rules::{self, Figures, Item, Kind};
use super::{BookError, BookId, Preview};
use crate::handover::HandoverId;
use crate::task::TaskId;
use crate::{HandOverBooks, handover, people, task};

/// How many places are offered one by one; what is elsewhere goes with the rest.
const PLACES: usize = 40;
/// How many things of a kind are listed by name.
const LISTED: usize = 100;

/// A choice of the form: the name of the field, what it is called, and who is chosen.
struct Pick {
    name: String,
    label: String,
    value: String,
    ticked: bool,
}

/// What a colleague would get.
struct Share {
    name: String,
    id: i64,
    href: String,
    gets: Figures,
    then: i64,
}

/// Things of one kind that would go to one colleague.
struct Pile {
    heading: String,
    things: Vec<(String, String)>,
    more: i64,
}

/// A hand-over of this book.
struct Past {
    href: String,
    at: i64,
    state_key: String,
}

#[derive(Template)]
#[template(path = "book/page.html", blocks = ["main"])]
struct BookPage {
    shell: Shell,
    member: Member,
    holds: Figures,
    tabs: Vec<Tab>,
    way: &'static str,
    colleagues: Vec<Choice>,
    picks: Vec<Pick>,
    to: String,
    rest: String,
    errors: FormErrors,
    shares: Vec<Share>,
    piles: Vec<Pile>,
    shown: String,
    chosen: Vec<(String, String)>,
    past: Vec<Past>,
}

impl BookPage {
    fn action(&self) -> String {
        address(self.member.id)
    }

    fn kinds(&self) -> [Kind; 5] {
        Kind::ALL
    }

    fn hint_key(&self) -> String {
        format!("book-way-{}-hint", self.way)
    }

    /// The colleagues, and before them the choice of none in particular.
    fn or_rest(&self) -> Vec<Choice> {
        let mut choices = vec![Choice::new("", self.shell.l.t("book-with-the-rest"))];
        choices.extend(self.colleagues.iter().cloned());
        choices
    }

    fn contacts_href(&self) -> String {
        format!("/contacts?owner={}", self.member.id)
    }
}

/// The address of a colleague's book.
pub(crate) fn address(staff_id: i64) -> String {
    format!("/settings/staff/{staff_id}/book")
}

/// GET /settings/staff/{id}/book: with a rule in the address, the preview.
pub(crate) async fn page(
    Held(app): Held<App>,
    can: Can<HandOverBooks>,
    shell: Shell,
    Path(id): Path<i64>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Answer {
    let page = view(&app, &can, shell, id, &Asked(asked), None).await?;
    Ok(page.shell.page(&page))
}

/// POST /settings/staff/{id}/book
pub(crate) async fn start(
    Held(app): Held<App>,
    can: Can<HandOverBooks>,
    shell: Shell,
    Path(id): Path<i64>,
    Form(asked): Form<BTreeMap<String, String>>,
) -> Answer {
    let asked = Asked(asked);
    match begin(&app, &can, id, &asked).await {
        Ok(book) => Ok(see_other(&super::show::address(book))),
        Err(Problem::Form(errors)) => {
            let page = view(&app, &can, shell, id, &asked, Some(errors)).await?;
            Ok(page.shell.again(&page, &page))
        }
        Err(other) => Err(other),
    }
}

async fn begin(app: &App, can: &Can<HandOverBooks>, id: i64, asked: &Asked) -> Result<BookId, Problem> {
    let mut tx = app.db.begin().await?;
    let member = super::find_member(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let receivers = super::list_receivers(&mut tx, &can.scope, member.id).await?;
    let rule = asked.rule();
    super::check(&rule, &receivers)?;
    let book = super::start(&mut tx, &app.bench(), &can.actor, member.id, rule).await?;
    tx.commit().await?;
    Ok(book)
}

async fn view(
    app: &App,
    can: &Can<HandOverBooks>,
    shell: Shell,
    id: i64,
    asked: &Asked,
    errors: Option<FormErrors>,
) -> Result<BookPage, Problem> {
    let mut tx = app.db.read().await?;
    let member = super::find_member(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let receivers = super::list_receivers(&mut tx, &can.scope, id).await?;
    let mut page = empty(&mut tx, shell, member, &receivers, asked).await?;
    page.past = past(&mut tx, id).await?;
    match errors {
        Some(errors) => page.errors = errors,
        None if asked.is_complete() => match super::check(&asked.rule(), &receivers) {
            Ok(()) => fill(&mut tx, can, &mut page, asked, &receivers).await?,
            Err(BookError::Rule(errors)) => page.errors = errors,
            Err(other) => return Err(other.into()),
        },
        None => {}
    }
    Ok(page)
}

/// The page as it is before a rule is complete.
async fn empty(tx: &mut Tx, shell: Shell, member: Member, receivers: &[Member], asked: &Asked) -> Result<BookPage, DbError> {
    let items = super::list_items(tx, member.id).await?;
    let mut holds = Figures::default();
    for item in &items {
        holds.add(item.kind, 1);
    }
    let way = asked.way();
    let tab =
        |name: &'static str| Tab::new(format!("{}?rule={name}", address(member.id)), shell.l.t(&format!("book-way-{name}")), name == way);
    let picks = picks(&shell, &items, receivers, asked);
    Ok(BookPage {
        tabs: WAYS.into_iter().map(tab).collect(),
        colleagues: receivers.iter().map(|member| Choice::new(member.id, &member.name)).collect(),
        to: asked.get("to").to_owned(),
        rest: asked.get("rest").to_owned(),
        errors: FormErrors::new(),
        shares: Vec::new(),
        piles: Vec::new(),
        shown: String::new(),
        chosen: asked.0.iter().filter(|(name, _)| !matches!(name.as_str(), "show" | "list")).map(|(n, v)| (n.clone(), v.clone())).collect(),
        past: Vec::new(),
        member,
        holds,
        way,
        picks,
        shell,
    })
}

/// The fields of the chosen way that stand once per colleague, place or grade.
fn picks(shell: &Shell, items: &[Item], receivers: &[Member], asked: &Asked) -> Vec<Pick> {
    let pick = |name: String, label: String| {
        let value = asked.get(&name).to_owned();
        Pick { ticked: !value.is_empty(), name, label, value }
    };
    match (asked.way(), asked.place()) {
        (_, Some(place)) => {
            let label = |name: &str, count: i64| shell.l.of("book-place").s("place", name).n("count", count).to_string();
            rules::places(items, place, PLACES).iter().map(|(name, count)| pick(format!("at:{name}"), label(name, *count))).collect()
        }
        ("load", _) => receivers.iter().map(|member| pick(format!("with:{}", member.id), member.name.clone())).collect(),
        ("grade", _) => {
            let label = |grade: &str| shell.l.of("book-grade").s("grade", grade).to_string();
            ["A", "B", "C"].into_iter().map(|grade| pick(format!("grade:{grade}"), label(grade))).collect()
        }
        _ => Vec::new(),
    }
}

/// Adds who would get what, and by name what one of them would get.
async fn fill(tx: &mut Tx, can: &Can<HandOverBooks>, page: &mut BookPage, asked: &Asked, receivers: &[Member]) -> Result<(), DbError> {
    let preview = super::preview(tx, page.member.id, &asked.rule()).await?;
    let gets = rules::tally(&preview.items, &preview.dealt);
    let named: Vec<&Member> = receivers.iter().filter(|member| asked.rule().receivers().contains(&member.id)).collect();
    let holds = super::list_figures(tx, &named.iter().map(|member| member.id).collect::<Vec<_>>()).await?;
    let share = |member: &&Member| {
        let gets = gets.get(&member.id).copied().unwrap_or_default();
        Share {
            name: member.name.clone(),
            id: member.id,
            href: format!("{}{}#list", address(page.member.id), asked.query("list", &member.id.to_string())),
            then: holds.get(&member.id).map_or(0, Figures::total) + gets.total(),
            gets,
        }
    };
    page.shares = named.iter().map(share).collect();
    let listed = named.iter().find(|member| member.id.to_string() == asked.get("list"));
    if let Some(member) = listed {
        page.shown = member.name.clone();
        page.piles = piles(tx, can, &page.shell, &preview, member.id).await?;
    }
    Ok(())
}

/// What would go to one colleague, by name.
async fn piles(tx: &mut Tx, can: &Can<HandOverBooks>, shell: &Shell, preview: &Preview, to: i64) -> Result<Vec<Pile>, DbError> {
    let mut piles = Vec::new();
    for kind in Kind::ALL {
        let all = preview.items.iter().zip(&preview.dealt).filter(|(item, receiver)| item.kind == kind && **receiver == to);
        let keys: Vec<i64> = all.map(|(item, _)| item.key).collect();
        let listed: Vec<i64> = keys.iter().copied().take(LISTED).collect();
        let things = name(tx, can, shell, kind, &listed).await?;
        let more = i64::try_from(keys.len() - listed.len()).unwrap_or(0);
        if !things.is_empty() {
            piles.push(Pile { heading: shell.l.t(kind.label_key()).to_string(), things, more });
        }
    }
    Ok(piles)
}

/// Words and address of things of a kind, those the asker may see.
async fn name(tx: &mut Tx, can: &Can<HandOverBooks>, shell: &Shell, kind: Kind, ids: &[i64]) -> Result<Vec<(String, String)>, DbError> {
    let Some(scope) = people::contact_scope(&can.actor) else { return Ok(Vec::new()) };
    let called = |name: String, shown: String| if name.is_empty() { shown } else { name };
    Ok(match kind {
        Kind::Contact => {
            let names = super::store::list_names(tx, kind, ids, &scope).await?;
            names.into_iter().map(|(id, name)| (called(name, ContactId(id).to_string()), format!("/contacts/{}", ContactId(id)))).collect()
        }
        Kind::Company => {
            let names = super::store::list_names(tx, kind, ids, &scope).await?;
            names.into_iter().map(|(id, name)| (name, format!("/companies/{}", CompanyId(id)))).collect()
        }
        Kind::Task => {
            let tasks = task::list_by_ids(tx, ids).await?;
            tasks.iter().map(|task| (task.title.told(&shell.l), format!("/tasks/{}", TaskId(task.id)))).collect()
        }
        Kind::Promise => {
            let (found, sight) = (promise::list_by_ids(tx, &scope, ids).await?, Sight::of(&can.actor));
            found.iter().map(|p| (p.what_for(sight), format!("/promises/{}", p.id))).collect()
        }
        Kind::Handover => {
            let found = handover::list_by_ids(tx, ids).await?;
            found
                .into_iter()
                .map(|h| (called(h.contact_name, HandoverId(h.id).to_string()), format!("/hand-overs/{}", HandoverId(h.id))))
                .collect()
        }
    })
}

async fn past(tx: &mut Tx, from_id: i64) -> Result<Vec<Past>, DbError> {
    let mut past = Vec::new();
    for book in super::list_of(tx, from_id).await? {
        let (state, ..) = super::find_job(tx, &book).await?;
        let undo = if book.undo_job_id.is_some() { "undo-" } else { "" };
        let href = super::show::address(BookId(book.id));
        past.push(Past { href, at: book.created_at, state_key: format!("book-{undo}{}", state.word()) });
    }
    Ok(past)
}
