//! The columns of the list behind the name: which are shown, in which order, as the address says.

use attune_house::App;
use attune_web::kit::shift;
use attune_web::{Answer, Can, Form, Lang, see_other};
use axum::Router;
use axum::routing::post;
use serde::Deserialize;

use super::told::attribute_name;
use crate::ViewContacts;
use crate::field::Field;

/// The most columns shown.
const MOST: usize = 16;
/// What the address says when no column is shown behind the name.
const BARE: &str = "name";

/// What a column tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Company,
    Stage,
    Grade,
    Score,
    Owner,
    Touch,
    Created,
    Tags,
    /// An attribute everybody has.
    Plain,
    /// A field of one's own.
    Own(Field),
}

/// Columns everybody has, in the order in which they are offered; the first are shown when the address names none.
const FIXED: [(&str, Kind); 16] = [
    ("company", Kind::Company),
    ("stage", Kind::Stage),
    ("grade", Kind::Grade),
    ("score", Kind::Score),
    ("owner", Kind::Owner),
    ("touch", Kind::Touch),
    ("email", Kind::Plain),
    ("phone", Kind::Plain),
    ("title", Kind::Plain),
    ("city", Kind::Plain),
    ("country", Kind::Plain),
    ("source", Kind::Plain),
    ("locale", Kind::Plain),
    ("time_zone", Kind::Plain),
    ("tags", Kind::Tags),
    ("created", Kind::Created),
];
const SHOWN: usize = 6;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its word in the address.
    pub(super) key: String,
    pub(super) kind: Kind,
}

impl Column {
    fn fixed(&(key, ref kind): &(&str, Kind)) -> Self {
        Self { key: key.to_owned(), kind: kind.clone() }
    }

    fn own(field: &Field) -> Self {
        Self { key: format!("f:{}", field.key), kind: Kind::Own(field.clone()) }
    }

    /// What it is called.
    pub(super) fn label(&self, l: &Lang) -> String {
        match &self.kind {
            Kind::Company => l.t("identify-company").to_string(),
            Kind::Stage => l.t("identify-stage").to_string(),
            Kind::Grade => l.t("identify-grade").to_string(),
            Kind::Score => l.t("identify-score").to_string(),
            Kind::Owner => l.t("identify-owner").to_string(),
            Kind::Touch => l.t("identify-last-touch").to_string(),
            Kind::Created => l.t("identify-columns-created").to_string(),
            Kind::Tags => l.t("tag-names").to_string(),
            Kind::Plain => attribute_name(l, &self.key),
            Kind::Own(field) => field.label.clone(),
        }
    }

    /// Whether its values stand to the right.
    pub(super) fn is_number(&self) -> bool {
        matches!(&self.kind, Kind::Own(field) if field.kind.is_amount())
    }
}

/// Every column there is.
pub(super) fn all(fields: &[Field]) -> Vec<Column> {
    FIXED.iter().map(Column::fixed).chain(fields.iter().map(Column::own)).collect()
}

/// The columns an address means by `cols`; what is gone is left out.
pub(super) fn read(cols: &str, fields: &[Field]) -> Vec<Column> {
    let all = all(fields);
    if cols.is_empty() {
        return all.into_iter().take(SHOWN).collect();
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
fn write(keys: &[String]) -> String {
    let usual = keys.len() == SHOWN && keys.iter().zip(&FIXED).all(|(key, (usual, _))| key == usual);
    match keys {
        [] => BARE.to_owned(),
        _ if usual => String::new(),
        keys => keys.join(","),
    }
}

/// The routes of the columns.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/contacts/columns", post(arrange))
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

async fn arrange(_can: Can<ViewContacts>, Form(form): Form<ColumnsForm>) -> Answer {
    let mut keys = form.column;
    shift(&mut keys, |key| *key == form.up, true);
    shift(&mut keys, |key| *key == form.down, false);
    let moved = !form.up.is_empty() || !form.down.is_empty();
    let cols = if form.usual.is_empty() { write(&keys) } else { String::new() };
    let address = attune_web::kit::with_query(&form.query, "cols", cols);
    Ok(see_other(&format!("/contacts{address}{}", if moved { "&arrange=1#columns" } else { "" })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{FieldDraft, FieldKind};

    fn keys(cols: &str, fields: &[Field]) -> Vec<String> {
        read(cols, fields).into_iter().map(|column| column.key).collect()
    }

    #[test]
    fn the_address_says_which_and_in_which_order() {
        let fields = [Field::of_draft(FieldDraft::plain("city", "City hall", FieldKind::Text))];
        assert_eq!(keys("", &fields), ["company", "stage", "grade", "score", "owner", "touch"]);
        assert_eq!(keys("touch,f:city,city,gone,touch", &fields), ["touch", "f:city", "city"]);
        assert_eq!(keys("name", &fields), Vec::<String>::new());
        for cols in ["touch,f:city", "name", "", "stage,company,grade,score,owner,touch"] {
            assert_eq!(write(&keys(cols, &fields)), cols);
        }
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
