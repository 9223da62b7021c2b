//! The address of a list of contacts or companies: view, filters, order, place, columns.

use attune_record::view::SavedView;
use attune_web::{Actor, Sight};
use serde::Deserialize;

use super::Stage;
use super::columns::{self, Column};
use super::field_filter::FieldFilter;
use super::list::{Listing, Person, Sorting};
use super::score::Scale;
use crate::address::PlaceFilter;
use crate::field::{Field, Subject};
use crate::tag::TagId;

/// The most own fields a list is narrowed by.
const MOST_FILTERS: usize = 6;

/// The address of a list: view, filters, order, place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    pub(crate) view: String,
    pub(crate) q: String,
    pub(crate) stage: String,
    pub(crate) owner: String,
    pub(crate) grade: String,
    pub(crate) company: String,
    pub(crate) import: String,
    pub(crate) tag: String,
    pub(crate) sort: String,
    pub(crate) after: String,
    pub(crate) saved: String,
    /// Filters on fields of one's own: pairs of key and value, encoded like the query they stand in.
    with: String,
    /// The field about to be filtered by.
    pub(crate) field: String,
    /// What was typed or chosen for it, or the least of a range.
    pub(crate) value: String,
    /// The most of a range.
    pub(crate) upto: String,
    /// The columns shown, with commas between; empty means the usual ones.
    cols: String,
    /// Where the records are: a city and a country as they are written, how the postal code begins, whether there are coordinates, and a part of the
    /// map.
    pub(crate) city: String,
    pub(crate) country: String,
    pub(crate) postcode: String,
    pub(crate) located: String,
    pub(crate) within: String,
    /// `board` or `map`; empty means a table.
    pub(crate) layout: String,
    /// What the board's columns stand for.
    pub(super) by: String,
    /// Of which of them more were asked for, and how often: `mql~2`.
    pub(super) deep: String,
    /// Set while they are being arranged.
    pub(crate) arrange: String,
}

impl ListQuery {
    /// The filters; what cannot be read is left out.
    pub(crate) fn listing(&self, actor: &Actor, scale: &Scale, fields: &[Field]) -> Listing {
        let mine = self.owner.is_empty() && matches!(self.view.as_str(), "mine" | "hot");
        let owner = if mine { Some(Person::Staff(actor.staff_id)) } else { self.owner_asked() };
        let id = |text: &str, prefix: &'static str| attune_kernel::decode_id(prefix, text).ok();
        Listing {
            search: self.q.chars().take(100).collect(),
            sight: Sight::of(actor),
            stage: Stage::of(&self.stage),
            owner,
            grade: ["A", "B", "C"].contains(&self.grade.as_str()).then(|| self.grade.clone()),
            company_id: id(&self.company, "com"),
            companies: Vec::new(),
            import_id: id(&self.import, "imp"),
            lacks: None,
            place: self.place(),
            fields: self.field_filters(fields),
            shared_with: (self.view == "shared").then_some(actor.staff_id),
            engagement_k: if self.view == "hot" { scale.hot_k() } else { None },
        }
    }

    /// Where the records are that are asked for.
    pub(crate) fn place(&self) -> PlaceFilter {
        PlaceFilter::read([&self.city, &self.country, &self.postcode, &self.located, &self.within])
    }

    /// Whose companies are asked for: one's own by the view, unless others were chosen.
    pub(crate) fn company_owner(&self, staff_id: i64) -> Option<Person> {
        if self.owner.is_empty() && self.view == "mine" { Some(Person::Staff(staff_id)) } else { self.owner_asked() }
    }

    /// Whose records are asked for.
    pub(crate) fn owner_asked(&self) -> Option<Person> {
        if self.owner == "none" { Some(Person::Nobody) } else { self.owner.parse().ok().map(Person::Staff) }
    }

    /// What own fields and tags the list is narrowed by.
    pub(crate) fn field_filters(&self, fields: &[Field]) -> Vec<FieldFilter> {
        let read = |(_, field, value): (String, Option<&Field>, String)| {
            field.and_then(|field| FieldFilter::read(field, &value)).unwrap_or_else(FieldFilter::nobody)
        };
        let tag = (!self.tag.is_empty()).then(|| FieldFilter::tag(self.tag_id().map_or(0, |tag| tag.0)));
        self.filters(fields).map(read).chain(tag).collect()
    }

    /// What stands in the address but the place, for forms that change a part of it.
    pub(crate) fn rest(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.text().as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
    }

    /// The tag the list is narrowed to, if it can be one.
    pub(crate) fn tag_id(&self) -> Option<TagId> {
        self.tag.parse().ok()
    }

    fn pairs(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.with.as_bytes()).take(MOST_FILTERS).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
    }

    /// The filters on own fields: key, field unless it is gone, and the value as it stands in the address.
    pub(crate) fn filters<'f>(&self, fields: &'f [Field]) -> impl Iterator<Item = (String, Option<&'f Field>, String)> {
        self.pairs().into_iter().map(|(key, value)| {
            let field = fields.iter().find(|field| field.key == key);
            (key, field, value)
        })
    }

    /// The same with the filter that was just filled in among the others. What does not fit stays where it is: `Err` says why.
    pub(crate) fn settled(mut self, fields: &[Field]) -> (Self, Option<&'static str>) {
        let Some(field) = fields.iter().find(|field| field.key == self.field) else {
            self.field.clear();
            return (self, None);
        };
        // Words for a record only look for it; whom they mean is chosen then.
        if self.value.trim().is_empty() && (self.upto.trim().is_empty() || field.kind.target().is_some()) {
            return (self, None);
        }
        let value = FieldFilter::value(field, &self.value, &self.upto);
        if FieldFilter::read(field, &value).is_none() {
            return (self, Some(field.kind.wrong_key()));
        }
        let mut pairs = self.pairs();
        pairs.retain(|(key, _)| *key != field.key);
        pairs.push((field.key.clone(), value));
        self.with = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        [&mut self.field, &mut self.value, &mut self.upto].into_iter().for_each(String::clear);
        (self, None)
    }

    /// The `with` of the address without this field's filter.
    pub(crate) fn without(&self, key: &str) -> String {
        let left = self.pairs().into_iter().filter(|(k, _)| k != key);
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(left).finish()
    }

    /// The columns shown.
    pub(crate) fn columns(&self, of: Subject, fields: &[Field]) -> Vec<Column> {
        columns::read(of, &self.cols, fields)
    }

    /// Whether the list is narrowed, and not only laid out.
    pub(crate) fn is_filtered(&self) -> bool {
        const LAYOUT: [&str; 5] = ["sort=", "cols=", "layout=", "by=", "saved="];
        self.text().split('&').any(|pair| !matches!(pair, "" | "view=all") && !LAYOUT.iter().any(|name| pair.starts_with(name)))
    }

    /// What the tab of the view is called, for the audit log: one of the built-in ones by its word.
    pub(crate) fn view_name(&self, views: &[SavedView]) -> String {
        let saved = views.iter().find(|view| view.id.to_string() == self.saved);
        let word = if self.view.is_empty() { "all" } else { &self.view };
        saved.map_or_else(|| word.to_owned(), |view| view.name.clone())
    }

    pub(crate) fn sorting(&self) -> Sorting {
        Sorting::of(&self.sort).unwrap_or_default()
    }

    /// The query part of the address again, without the place.
    pub(crate) fn text(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        let all = [
            ("view", &self.view),
            ("q", &self.q),
            ("stage", &self.stage),
            ("owner", &self.owner),
            ("grade", &self.grade),
            ("company", &self.company),
            ("import", &self.import),
            ("tag", &self.tag),
            ("city", &self.city),
            ("country", &self.country),
            ("postcode", &self.postcode),
            ("located", &self.located),
            ("within", &self.within),
            ("sort", &self.sort),
            ("saved", &self.saved),
            ("with", &self.with),
            ("cols", &self.cols),
            ("layout", &self.layout),
            ("by", &self.by),
        ];
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            out.append_pair(name, value);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{FieldDraft, FieldKind};

    #[test]
    fn a_filter_filled_in_joins_the_others() {
        let fields = [
            Field::of_draft(FieldDraft::plain("size", "Size", FieldKind::Number)),
            Field::of_draft(FieldDraft::plain("note", "Note", FieldKind::Text)),
        ];
        let query = |field: &str, value: &str| ListQuery {
            field: field.into(),
            value: value.into(),
            with: "note=a%26b".into(),
            ..ListQuery::default()
        };
        let (settled, why) = query("size", "5").settled(&fields);
        assert_eq!((settled.text().as_str(), why), ("with=note%3Da%2526b%26size%3D5..", None));
        let kept: Vec<(&str, String)> =
            settled.filters(&fields).filter_map(|(_, field, value)| Some((field?.key.as_str(), value))).collect();
        assert_eq!(kept, [("note", "a&b".to_owned()), ("size", "5..".to_owned())]);
        assert_eq!(settled.without("note"), "size=5..");
        let (wrong, why) = query("size", "many").settled(&fields);
        assert_eq!((wrong.field.as_str(), why), ("size", Some("web-not-a-number")));
        let gone = ListQuery { with: "gone=5".into(), ..ListQuery::default() };
        assert_eq!(gone.filters(&fields).map(|(key, field, _)| (key, field.is_some())).collect::<Vec<_>>(), [("gone".to_owned(), false)]);
        assert_eq!(query("gone", "5").settled(&fields).0.field, "");
    }
}
