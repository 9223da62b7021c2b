//! What bulk edits are of, contacts or companies: the one place that tells them apart.

use attune_db::{DbError, Sql, Tx};
use attune_events::Event;
use attune_house::App;
use attune_web::{Actor, Scope, Sight};
use serde_json::Value as Json;

use crate::company::{self, Company, CompanyId};
use crate::contact::{self, By, Contact, ContactId};
use crate::field::{Field, Subject};
use crate::sharing::Reach;

/// Which records somebody chose.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Chosen {
    /// People.
    Contacts(contact::Selection),
    /// Companies.
    Companies(company::Selection),
}

impl Chosen {
    /// These.
    pub(super) fn these(of: Subject, ids: Vec<i64>) -> Self {
        match of {
            Subject::Contact => Self::Contacts(contact::Selection::Ids(ids)),
            Subject::Company => Self::Companies(company::Selection::Ids(ids)),
        }
    }

    /// All that a list with this address shows.
    pub(super) async fn listed(app: &App, of: Subject, actor: &Actor, query: &str) -> Result<Self, attune_web::Problem> {
        Ok(match of {
            Subject::Contact => Self::Contacts(contact::Selection::Listed(Box::new(contact::read_listing(app, actor, query).await?))),
            Subject::Company => Self::Companies(company::Selection::Listed(Box::new(company::read_listing(app, actor, query).await?))),
        })
    }

    /// What was chosen.
    pub(super) fn subject(&self) -> Subject {
        match self {
            Self::Contacts(_) => Subject::Contact,
            Self::Companies(_) => Subject::Company,
        }
    }

    /// Appends from where, `c` being the records, and which they are within `scope`; false when it cannot be any.
    pub(super) async fn push(&self, tx: &mut Tx, sql: &mut Sql, scope: &Scope) -> Result<bool, DbError> {
        match self {
            Self::Contacts(selection) => contact::push_selected(tx, sql, scope, selection).await,
            Self::Companies(selection) => company::push_selected(tx, sql, scope, selection).await,
        }
    }

    /// Their ids within `scope`, at most `limit`.
    pub(super) async fn ids(&self, tx: &mut Tx, scope: &Scope, limit: i64) -> Result<Vec<i64>, DbError> {
        let mut sql = Sql::new("SELECT c.id");
        if !self.push(tx, &mut sql, scope).await? {
            return Ok(Vec::new());
        }
        sql.push(" ORDER BY c.id LIMIT ").bind(limit);
        tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
    }

    /// How many they are within `scope`, counted up to `most`.
    pub(super) async fn count(&self, tx: &mut Tx, scope: &Scope, most: i64) -> Result<i64, DbError> {
        if let Self::Contacts(contact::Selection::Listed(listing)) = self {
            return contact::count_to(tx, scope, listing, most).await;
        }
        let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
        if !self.push(tx, &mut sql, scope).await? {
            return Ok(0);
        }
        sql.push(" LIMIT ").bind(most).push(") AS found");
        tx.count(sql.text(), sql.values()).await
    }

    /// The next of them behind `behind`, at most `limit` where a list is meant.
    pub(super) async fn next(&self, tx: &mut Tx, scope: &Scope, behind: i64, limit: i64) -> Result<Vec<Edited>, DbError> {
        match self {
            Self::Contacts(contact::Selection::Listed(listing)) => {
                let people = contact::list_behind(tx, scope, listing, behind, limit).await?;
                Ok(people.into_iter().map(Edited::from).collect())
            }
            Self::Companies(company::Selection::Listed(listing)) => {
                let companies = company::list_behind(tx, scope, listing, behind, limit).await?;
                Ok(companies.into_iter().map(Edited::from).collect())
            }
            _ if behind > 0 => Ok(Vec::new()),
            these => {
                let ids = these.ids(tx, scope, limit).await?;
                Edited::list(tx, these.subject(), ids).await
            }
        }
    }
}

/// The id of a record as it stands in addresses, for forms; nothing for what is none.
pub(super) fn id_of(of: Subject, text: &str) -> Option<i64> {
    match of {
        Subject::Contact => text.parse::<ContactId>().ok().map(|id| id.0),
        Subject::Company => text.parse::<CompanyId>().ok().map(|id| id.0),
    }
}

/// The page of a record.
pub(super) fn href_of(of: Subject, id: i64) -> String {
    match of {
        Subject::Contact => format!("/contacts/{}", ContactId(id)),
        Subject::Company => format!("/companies/{}", CompanyId(id)),
    }
}

/// A contact or a company.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edited {
    Contact(Box<Contact>),
    Company(Box<Company>),
}

impl From<Contact> for Edited {
    fn from(contact: Contact) -> Self {
        Self::Contact(Box::new(contact))
    }
}

impl From<Company> for Edited {
    fn from(company: Company) -> Self {
        Self::Company(Box::new(company))
    }
}

impl Edited {
    /// These, those alive.
    pub(super) async fn list(tx: &mut Tx, of: Subject, ids: Vec<i64>) -> Result<Vec<Self>, DbError> {
        Ok(match of {
            Subject::Contact => contact::list_by_ids(tx, ids).await?.into_iter().map(Self::from).collect(),
            Subject::Company => company::list_by_ids(tx, ids).await?.into_iter().map(Self::from).collect(),
        })
    }

    /// The same, held until the transaction ends: nobody's edit of meanwhile is written over.
    pub(super) async fn list_held(tx: &mut Tx, of: Subject, ids: Vec<i64>) -> Result<Vec<Self>, DbError> {
        match of {
            Subject::Contact => _ = contact::hold(tx, &ids).await?,
            Subject::Company => company::hold(tx, &ids).await?,
        }
        Self::list(tx, of, ids).await
    }

    /// Writes each pair from what it was to what it is now, as if edited by hand; the events are to be appended.
    pub(super) async fn write(tx: &mut Tx, by: &By<'_>, pairs: Vec<(Self, Self)>, fields: &[Field]) -> Result<Vec<Event>, DbError> {
        let (mut people, mut companies) = (Vec::new(), Vec::new());
        for pair in pairs {
            match pair {
                (Self::Contact(before), Self::Contact(after)) => people.push((*before, *after)),
                (Self::Company(before), Self::Company(after)) => companies.push((*before, *after)),
                _ => {}
            }
        }
        contact::name_companies_of(tx, &mut people).await?;
        let mut told = contact::write_many(tx, by, &people, fields).await?;
        told.extend(company::write_many(tx, by, &companies, fields).await?);
        Ok(told)
    }

    pub(super) fn id(&self) -> i64 {
        match self {
            Self::Contact(contact) => contact.id,
            Self::Company(company) => company.id,
        }
    }

    /// The id as it stands in addresses.
    pub(super) fn shown_id(&self) -> String {
        match self {
            Self::Contact(contact) => contact.shown_id().to_string(),
            Self::Company(company) => company.shown_id().to_string(),
        }
    }

    /// The values of own fields.
    pub(super) fn own_values(&mut self) -> &mut serde_json::Map<String, Json> {
        match self {
            Self::Contact(contact) => &mut contact.fields,
            Self::Company(company) => &mut company.fields,
        }
    }

    /// An attribute as it is kept.
    pub(super) fn raw(&self, key: &str) -> Json {
        match self {
            Self::Contact(contact) => contact.raw(key),
            Self::Company(company) => company.get(key),
        }
    }

    /// An attribute as `sight` may see it; the company of a contact by its name.
    pub(super) fn shown(&self, key: &str, sight: &Sight) -> Json {
        match self {
            Self::Contact(contact) if key == "company_id" => contact.company_name.clone().map_or(Json::Null, Json::String),
            Self::Contact(contact) => contact.shown(key, sight),
            Self::Company(company) => company.shown(key, sight),
        }
    }

    /// The name of the company somebody belongs to.
    pub(super) fn company_name(&self) -> Option<&str> {
        match self {
            Self::Contact(contact) => contact.company_name.as_deref(),
            Self::Company(_) => None,
        }
    }

    pub(super) fn set(&mut self, key: &str, value: Json) {
        match self {
            Self::Contact(contact) => contact.set(key, value),
            Self::Company(company) => company.set(key, value),
        }
    }

    pub(super) fn changed_at(&self) -> i64 {
        match self {
            Self::Contact(contact) => contact.updated_at,
            Self::Company(company) => company.updated_at,
        }
    }

    pub(super) fn set_changed_at(&mut self, at: i64) {
        match self {
            Self::Contact(contact) => contact.updated_at = at,
            Self::Company(company) => company.updated_at = at,
        }
    }

    /// The attributes that differ from `before`: key, before, now.
    pub(super) fn differences(&self, before: &Self) -> Vec<(String, Json, Json)> {
        match (self, before) {
            (Self::Contact(now), Self::Contact(before)) => now.differences(before),
            (Self::Company(now), Self::Company(before)) => now.differences(before),
            _ => Vec::new(),
        }
    }

    /// Whether `reach` covers it; a company that nobody looks after is everybody's.
    pub(super) fn is_covered(&self, reach: &Reach) -> bool {
        match self {
            Self::Contact(contact) => reach.covers(contact.place(), contact.id, contact.company_id),
            Self::Company(company) => company.owner_id.is_none() || reach.covers_company((company.owner_id, company.team_id), company.id),
        }
    }
}
