//! The columns of the list of contacts or of companies behind the name: which are shown, in which order, as the address says.

use attune_house::App;
use attune_web::kit::shift;
use attune_web::{Answer, Can, Form, Lang, see_other};
use axum::Router;
use axum::routing::post;
use serde::Deserialize;

use super::told::attribute_name;
use crate::ViewContacts;
use crate::field::{Companies, Contacts, Field, List, Subject};

/// The most columns shown.
const MOST: usize = 16;
/// What the address says when no column is shown behind the name.
const BARE: &str = "name";

/// What a column tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Company,
    Stage,
    Grade,
    Score,
    Owner,
    Touch,
    Created,
    Tags,
    /// How many belong to a company.
    People,
    /// An attribute everybody has.
    Plain,
    /// A field of one's own.
    Own(Field),
}

/// Columns every contact has, in the order in which they are offered.
const OF_CONTACTS: [(&str, Kind); 20] = [
    ("company", Kind::Company),
    ("stage", Kind::Stage),
    ("grade", Kind::Grade),
    ("score", Kind::Score),
    ("owner", Kind::Owner),
    ("touch", Kind::Touch),
    ("email", Kind::Plain),
    ("phone", Kind::Plain),
    ("title", Kind::Plain),
    ("street", Kind::Plain),
    ("postal_code", Kind::Plain),
    ("city", Kind::Plain),
    ("region", Kind::Plain),
    ("country", Kind::Plain),
    ("coordinates", Kind::Plain),
    ("source", Kind::Plain),
    ("locale", Kind::Plain),
    ("time_zone", Kind::Plain),
    ("tags", Kind::Tags),
    ("created", Kind::Created),
];

/// The same of companies.
const OF_COMPANIES: [(&str, Kind); 13] = [
    ("industry", Kind::Plain),
    ("city", Kind::Plain),
    ("people", Kind::People),
    ("owner", Kind::Owner),
    ("domain", Kind::Plain),
    ("phone", Kind::Plain),
    ("street", Kind::Plain),
    ("postal_code", Kind::Plain),
    ("region", Kind::Plain),
    ("country", Kind::Plain),
    ("coordinates", Kind::Plain),
    ("tags", Kind::Tags),
    ("created", Kind::Created),
];

/// The columns there are without own fields, and how many of them, the first, are shown when the address names none.
fn fixed(of: Subject) -> (&'static [(&'static str, Kind)], usize) {
    match of {
        Subject::Contact => (&OF_CONTACTS, 6),
        Subject::Company => (&OF_COMPANIES, 4),
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its word in the address.
    pub(crate) key: String,
    pub(crate) kind: Kind,
}

impl Column {
    fn fixed(&(key, ref kind): &(&str, Kind)) -> Self {
        Self { key: key.to_owned(), kind: kind.clone() }
    }

    fn own(field: &Field) -> Self {
        Self { key: format!("f:{}", field.key), kind: Kind::Own(field.clone()) }
    }

    /// What it is called.
    pub(crate) fn label(&self, l: &Lang) -> String {
        match &self.kind {
            Kind::Company => l.t("identify-company-or-email").to_string(),
            Kind::Stage => l.t("identify-stage").to_string(),
            Kind::Grade => l.t("identify-grade").to_string(),
            Kind::Score => l.t("identify-score").to_string(),
            Kind::Owner => l.t("identify-owner").to_string(),
            Kind::Touch => l.t("identify-last-touch").to_string(),
            Kind::Created => l.t("identify-columns-created").to_string(),
            Kind::Tags => l.t("tag-names").to_string(),
            Kind::People => l.t("identify-people").to_string(),
            Kind::Plain => attribute_name(l, &self.key),
            Kind::Own(field) => field.label.clone(),
        }
    }

    /// Whether its values stand to the right.
    pub(crate) fn is_number(&self) -> bool {
        match &self.kind {
            Kind::Own(field) => field.kind.is_amount(),
            kind => *kind == Kind::People,
        }
    }
}

/// The own fields among these columns.
pub(crate) fn own_of(columns: &[Column]) -> Vec<Field> {
    columns.iter().filter_map(|column| if let Kind::Own(field) = &column.kind { Some(field.clone()) } else { None }).collect()
}

/// Every column there is.
pub(crate) fn all(of: Subject, fields: &[Field]) -> Vec<Column> {
    fixed(of).0.iter().map(Column::fixed).chain(fields.iter().map(Column::own)).collect()
}

/// The columns an address means by `cols`; what is gone is left out.
pub(super) fn read(of: Subject, cols: &str, fields: &[Field]) -> Vec<Column> {
    let all = all(of, fields);
    if cols.is_empty() {
        return all.into_iter().take(fixed(of).1).collect();
    }
    let mut shown: Vec<Column> = Vec::new();
    for key in cols.split(',') {
        let column = all.iter().find(|column| column.key == key);
        if let Some(column) = column.filter(|column| !shown.contains(column)) {
            shown.push(column.clone());
        }
    }
    shown.truncate(MOST);
    shown
}

/// What the address says for these columns in this order.
fn write(of: Subject, keys: &[String]) -> String {
    let (known, shown) = fixed(of);
    let usual = keys.len() == shown && keys.iter().zip(known).all(|(key, (usual, _))| key == usual);
    match keys {
        [] => BARE.to_owned(),
        _ if usual => String::new(),
        keys => keys.join(","),
    }
}

/// The routes of the columns.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/contacts/columns", post(arrange::<Contacts>)).route("/companies/columns", post(arrange::<Companies>))
}

/// Which columns are shown, in this order, and which of them was moved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ColumnsForm {
    query: String,
    column: Vec<String>,
    up: String,
    down: String,
    /// Set when they are to be those everybody sees at first.
    usual: String,
}

async fn arrange<L: List>(_can: Can<ViewContacts>, Form(form): Form<ColumnsForm>) -> Answer {
    let mut keys = form.column;
    shift(&mut keys, |key| *key == form.up, true);
    shift(&mut keys, |key| *key == form.down, false);
    let moved = !form.up.is_empty() || !form.down.is_empty();
    let cols = if form.usual.is_empty() { write(L::OF, &keys) } else { String::new() };
    let address = attune_web::kit::with_query(&form.query, "cols", cols);
    Ok(see_other(&format!("{}{address}{}", L::OF.home(), if moved { "&arrange=1#columns" } else { "" })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{FieldDraft, FieldKind};

    fn keys(cols: &str, fields: &[Field]) -> Vec<String> {
        read(Subject::Contact, cols, fields).into_iter().map(|column| column.key).collect()
    }

    #[test]
    fn the_address_says_which_and_in_which_order() {
        let fields = [Field::of_draft(FieldDraft::plain("city", "City hall", FieldKind::Text))];
        assert_eq!(keys("", &fields), ["company", "stage", "grade", "score", "owner", "touch"]);
        assert_eq!(keys("touch,f:city,city,gone,touch", &fields), ["touch", "f:city", "city"]);
        assert_eq!(keys("name", &fields), Vec::<String>::new());
        for cols in ["touch,f:city", "name", "", "stage,company,grade,score,owner,touch"] {
            assert_eq!(write(Subject::Contact, &keys(cols, &fields)), cols);
        }
    }

    #[test]
    fn companies_have_columns_of_their_own() {
        let fields = [Field::of_draft(FieldDraft::plain("city", "City hall", FieldKind::Text))];
        let keys = |cols: &str| read(Subject::Company, cols, &fields).into_iter().map(|column| column.key).collect::<Vec<_>>();
        assert_eq!(keys(""), ["industry", "city", "people", "owner"]);
        assert_eq!(keys("people,f:city,stage"), ["people", "f:city"]);
        assert_eq!(write(Subject::Company, &keys("industry,city,people,owner")), "");
        assert_eq!(write(Subject::Company, &keys("people")), "people");
    }

    #[test]
    fn a_column_moves_by_one_place_and_never_out() {
        let moved = |key: &str, up: bool| {
            let mut all = ["a", "b", "c"].map(str::to_owned);
            shift(&mut all, |known| known == key, up);
            all.join("")
        };
        assert_eq!([moved("b", true), moved("b", false), moved("a", true), moved("c", false)], ["bac", "acb", "abc", "abc"]);
        assert_eq!(moved("d", true), "abc");
    }
}
