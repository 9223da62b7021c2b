//! The buying group of a company: a map of who decides, and the same as a list.

use std::collections::BTreeMap;

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Can, Lang, Path, Problem, Shell};
use axum::extract::State;

use super::store::{self, Seat};
use super::{RelationshipId, group};
use crate::ViewContacts;
use crate::company::{self, CompanyId};
use crate::contact::ContactId;
use crate::contact::pages::grade_tone;

/// Somebody of the group.
struct Member {
    id: i64,
    name: String,
    title: String,
    grade: Option<String>,
    roles: Vec<String>,
    words: Vec<&'static str>,
    attitude: Option<String>,
    relationship: RelationshipId,
}

/// A card on the map.
struct Card {
    x: i64,
    y: i64,
    tone: &'static str,
    attitude: String,
    name: String,
    role: String,
    more: String,
}

#[derive(Template)]
#[template(path = "relationship/group.html", blocks = ["part"])]
struct GroupPage {
    shell: Shell,
    id: CompanyId,
    name: String,
    members: Vec<Member>,
    cards: Vec<Card>,
    lines: Vec<String>,
    size: (i64, i64),
    missing: String,
    /// What the drawing says in one sentence.
    summary: String,
}

impl GroupPage {
    fn href(&self, member: &Member) -> String {
        format!("/contacts/{}", ContactId(member.id))
    }

    fn is_enough(&self) -> bool {
        self.members.len() >= group::ENOUGH
    }

    fn attitude(&self, member: &Member) -> String {
        attitude(&self.shell.l, member.attitude.as_deref())
    }

    fn tone(&self, grade: &str) -> &'static str {
        grade_tone(grade)
    }
}

fn attitude(l: &Lang, word: Option<&str>) -> String {
    l.t(&format!("relationship-attitude-{}", word.unwrap_or("unknown"))).to_string()
}

/// One line per person; whoever has several roles keeps the first one's attitude that says something.
fn members(l: &Lang, seats: Vec<Seat>) -> Vec<Member> {
    let mut places: BTreeMap<i64, usize> = BTreeMap::new();
    let mut members: Vec<Member> = Vec::new();
    for seat in seats {
        let at = *places.entry(seat.contact_id).or_insert(members.len());
        if at == members.len() {
            let nameless = || l.of("identify-nameless").s("id", ContactId(seat.contact_id)).to_string();
            members.push(Member {
                id: seat.contact_id,
                name: if seat.name.is_empty() { nameless() } else { seat.name },
                title: seat.title,
                grade: seat.grade,
                roles: Vec::new(),
                words: Vec::new(),
                attitude: None,
                relationship: seat.relationship,
            });
        }
        if let Some(member) = members.get_mut(at) {
            member.roles.push(l.t(&format!("relationship-{}", seat.kind.word)).to_string());
            member.words.push(seat.kind.word);
            member.attitude = member.attitude.take().or(seat.attitude);
        }
    }
    members
}

fn card(l: &Lang, member: &Member, (x, y): (i64, i64)) -> Card {
    let grade = member.grade.as_ref().map(|grade| l.of("identify-grade-of").s("grade", grade).to_string());
    let more: Vec<String> = grade.into_iter().chain([attitude(l, member.attitude.as_deref())]).collect();
    Card {
        x,
        y,
        tone: member.grade.as_deref().map_or("", grade_tone),
        attitude: member.attitude.clone().unwrap_or_else(|| "unknown".to_owned()),
        name: group::cut(&member.name, 23),
        role: group::cut(l.list(&member.roles).as_str(), 27),
        more: group::cut(&more.join(" · "), 27),
    }
}

pub(super) async fn page(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<CompanyId>) -> Answer {
    let mut tx = app.db.read().await?;
    let firm = company::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let members = members(&shell.l, store::list_seats(&mut tx, &can.scope, id.0).await?);
    let people: Vec<i64> = members.iter().map(|member| member.id).collect();
    let plan = group::plan(&people, &store::list_reports(&mut tx, &people).await?);
    let page = GroupPage::new(shell, id, firm.name, members, &plan);
    Ok(page.shell.show(&page, &page.as_part()))
}

impl GroupPage {
    fn new(shell: Shell, id: CompanyId, name: String, members: Vec<Member>, plan: &group::Plan) -> Self {
        let l = &shell.l;
        let at = |id: &i64| plan.places.get(id).copied().unwrap_or_default();
        let missing = group::missing(members.iter().flat_map(|member| member.words.iter().copied()));
        let missing: Vec<String> = missing.iter().map(|word| l.t(&format!("relationship-{word}")).to_string()).collect();
        let count = i64::try_from(members.len()).unwrap_or(0);
        let summary = l.of("relationship-group-summary").s("name", &name).n("count", count).to_string();
        Self {
            cards: members.iter().map(|member| card(l, member, at(&member.id))).collect(),
            lines: plan.lines.iter().map(|(who, whom)| group::path(at(whom), at(who))).collect(),
            size: plan.size,
            missing: if missing.is_empty() { String::new() } else { l.list(&missing).to_string() },
            summary,
            id,
            name,
            members,
            shell,
        }
    }
}
