//! A postal address as a value: read and written by key, as inline edits, imports and their undoing do it. Pure.

use attune_kernel::fold_key;
use serde_json::{Map, Value as Json};

use super::{Axis, Coordinates};
use crate::contact::ContactError;
use crate::field::text_of;

/// What an address adds to the city and the country of a record, by key.
pub const ATTRIBUTES: [&str; 4] = ["street", "postal_code", "region", "coordinates"];
/// All that one address is made of, the record's own city and country included.
pub(crate) const WHOLE: [&str; 6] = ["street", "postal_code", "city", "region", "country", "coordinates"];

/// Whether putting back these attributes, by what they were made then, would mix two addresses: one was changed as a whole, and a part of it
/// has become something else since.
pub(crate) fn would_mix<'c>(made: impl Iterator<Item = (&'c str, &'c Json)> + Clone, now: impl Fn(&str) -> Json) -> bool {
    let mut parts = made.filter(|(key, _)| WHOLE.contains(key));
    parts.clone().any(|(key, _)| is_attribute(key)) && parts.any(|(key, is)| now(key) != *is)
}
/// The columns of a file behind a record's other attributes.
pub(crate) const EXPORTED: [&str; 5] = ["street", "postal_code", "region", "latitude", "longitude"];
/// The locale key of one degree without the other.
const NEEDS_BOTH: &str = "address-needs-both";
/// The longest a text may be, in characters.
const CHARS: usize = 200;

/// The rest of a record's postal address: city and country stand on the record itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostalAddress {
    /// Street and number; may be several lines.
    pub street: Option<String>,
    /// The postal code as written.
    pub postal_code: Option<String>,
    /// State, province or canton.
    pub region: Option<String>,
    /// Where it is.
    pub coordinates: Option<Coordinates>,
}

impl PostalAddress {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The attribute `key`, or `latitude` or `longitude` as a number; null when it is empty or none of an address.
    pub fn get(&self, key: &str) -> Json {
        let text = |value: &Option<String>| value.clone().map_or(Json::Null, Json::String);
        match key {
            "street" => text(&self.street),
            "postal_code" => text(&self.postal_code),
            "region" => text(&self.region),
            "coordinates" => self.coordinates.map_or(Json::Null, |at| Json::from(at.to_string())),
            "latitude" => self.coordinates.map_or(Json::Null, |at| Json::from(at.latitude())),
            "longitude" => self.coordinates.map_or(Json::Null, |at| Json::from(at.longitude())),
            _ => Json::Null,
        }
    }

    /// Sets the attribute `key` exactly; what is none of an address is ignored.
    pub fn set(&mut self, key: &str, value: &Json) {
        let text = || value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match key {
            "street" => self.street = text(),
            "postal_code" => self.postal_code = text(),
            "region" => self.region = text(),
            "coordinates" => self.coordinates = value.as_str().and_then(|text| Coordinates::read(text).ok()),
            _ => {}
        }
    }
}

/// Whether an attribute is one of an address.
pub(crate) fn is_attribute(key: &str) -> bool {
    ATTRIBUTES.contains(&key)
}

/// The value of an attribute of an address from what somebody typed; answers the locale key of what is wrong.
pub(crate) fn read(key: &str, typed: &str) -> Result<Json, &'static str> {
    let lines: Vec<&str> = typed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join(if key == "street" { "\n" } else { " " });
    match key {
        _ if text.chars().count() > CHARS => Err("identify-too-long"),
        _ if text.is_empty() => Ok(Json::Null),
        "coordinates" => Coordinates::read(&text).map(|at| Json::from(at.to_string())),
        _ => Ok(Json::from(text)),
    }
}

/// Latitude and longitude that stand apart, as the one attribute they are; answers the locale key of what is wrong, one without the other too.
pub(crate) fn joined(latitude: Option<&str>, longitude: Option<&str>) -> Result<Json, &'static str> {
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    match (given(latitude), given(longitude)) {
        (None, None) => Ok(Json::Null),
        (Some(lat), Some(lon)) => {
            let at = Coordinates { lat_e7: Axis::Latitude.read(&lat)?, lon_e7: Axis::Longitude.read(&lon)? };
            Ok(Json::from(at.to_string()))
        }
        _ => Err(NEEDS_BOTH),
    }
}

/// A mistake about a degree: beside the one that is wrong or missing.
fn mistake(latitude: Option<&str>, why: &'static str) -> ContactError {
    let is_missing = latitude.is_none_or(|text| text.trim().is_empty());
    let of_latitude = why == Axis::Latitude.range_key() || (is_missing && why == NEEDS_BOTH);
    ContactError::Invalid { attribute: if of_latitude { "latitude" } else { "longitude" }.to_owned(), key: why }
}

/// The address of something new as a program gives it: street, postal code and region; latitude and longitude as numbers or text.
///
/// Errors: [`ContactError::Invalid`] with the attribute that is wrong.
pub(crate) fn given(texts: [Option<String>; 3], degrees: [Json; 2]) -> Result<PostalAddress, ContactError> {
    let mut address = PostalAddress::default();
    for (key, text) in ["street", "postal_code", "region"].into_iter().zip(texts) {
        let value = read(key, text.as_deref().unwrap_or(""));
        address.set(key, &value.map_err(|why| ContactError::Invalid { attribute: key.to_owned(), key: why })?);
    }
    let [latitude, longitude] = degrees.map(|degree| text_of(&degree));
    let value = joined(Some(&latitude), Some(&longitude)).map_err(|why| mistake(Some(&latitude), why))?;
    address.set("coordinates", &value);
    Ok(address)
}

/// The attributes of a program's request with `latitude` and `longitude` as the one they are.
///
/// Errors: [`ContactError::Invalid`] with the one that is wrong or missing.
pub(crate) fn folded(body: Vec<(String, Json)>) -> Result<Vec<(String, Json)>, ContactError> {
    let (degrees, mut rest): (Map<String, Json>, Vec<_>) = {
        let (degrees, rest): (Vec<_>, Vec<_>) = body.into_iter().partition(|(key, _)| key == "latitude" || key == "longitude");
        (degrees.into_iter().collect(), rest)
    };
    if degrees.is_empty() {
        return Ok(rest);
    }
    let text = |key: &str| degrees.get(key).map(text_of);
    let (latitude, longitude) = (text("latitude"), text("longitude"));
    let value = joined(latitude.as_deref(), longitude.as_deref()).map_err(|why| mistake(latitude.as_deref(), why))?;
    rest.push(("coordinates".to_owned(), value));
    Ok(rest)
}

/// The form of a postal code for matching: folded, without blanks and hyphens.
pub(crate) fn postal_key(code: &str) -> String {
    fold_key(code).chars().filter(|c| !c.is_whitespace() && *c != '-').take(40).collect()
}

/// What a postal code is kept and looked up by: two digits for each letter and digit, eight for whatever else. No character's digits begin another's, so
/// that texts begin alike when these do; and digits stand in one order in every language a server may sort by.
pub(crate) fn sorted_key(code: &str) -> String {
    written(&postal_key(code))
}

fn written(key: &str) -> String {
    let digits = |c: char| match c.to_digit(36).filter(|_| c.is_ascii()) {
        Some(at) => (at + 10).to_string(),
        None => format!("9{:07}", u32::from(c)),
    };
    key.chars().map(digits).collect()
}

/// The keys between which all lie whose code begins with what this folded one says: the first of them, and the first behind them.
pub(crate) fn sorted_ends(start: &str) -> [String; 2] {
    let from = written(start);
    // The digits of the last character there is begin with 91.
    let to = format!("{from}92");
    [from, to]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_typed_is_kept_as_people_write_it() {
        assert_eq!(read("street", " Hafenstr. 12 \r\n\r\n Aufgang B "), Ok(json!("Hafenstr. 12\nAufgang B")));
        assert_eq!(read("postal_code", " SW1A\n2AA "), Ok(json!("SW1A 2AA")));
        assert_eq!(read("coordinates", "52.5 N, 13.4 E"), Ok(json!("52.5, 13.4")));
        assert_eq!((read("region", "  "), read("coordinates", "91, 0")), (Ok(Json::Null), Err("address-latitude-range")));
        assert_eq!(read("street", &"x".repeat(201)), Err("identify-too-long"));
        assert_eq!(postal_key(" sw1a 2AA"), "sw1a2aa");
        assert_eq!(postal_key("D-44137"), "d44137");
    }

    #[test]
    fn one_degree_without_the_other_is_a_mistake() {
        assert_eq!(joined(Some("52.5"), Some("13.4")), Ok(json!("52.5, 13.4")));
        assert_eq!((joined(None, Some(" ")), joined(Some("52.5"), None)), (Ok(Json::Null), Err("address-needs-both")));
        let body = |pairs: &[(&str, Json)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect::<Vec<_>>();
        let sent = body(&[("latitude", json!(52.5)), ("city", json!("Berlin")), ("longitude", json!("13.4"))]);
        assert_eq!(folded(sent).unwrap(), body(&[("city", json!("Berlin")), ("coordinates", json!("52.5, 13.4"))]));
        let cleared = body(&[("latitude", Json::Null), ("longitude", Json::Null)]);
        assert_eq!(folded(cleared).unwrap(), body(&[("coordinates", Json::Null)]));
        let wrong = |pairs: &[(&str, Json)]| match folded(body(pairs)) {
            Err(ContactError::Invalid { attribute, key }) => (attribute, key),
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(&[("latitude", json!(52.5))]), ("longitude".to_owned(), "address-needs-both"));
        assert_eq!(wrong(&[("longitude", json!(13.4)), ("latitude", Json::Null)]), ("latitude".to_owned(), "address-needs-both"));
        assert_eq!(wrong(&[("latitude", json!(99)), ("longitude", json!(1))]), ("latitude".to_owned(), "address-latitude-range"));
        assert_eq!(wrong(&[("latitude", json!(9)), ("longitude", json!(190))]), ("longitude".to_owned(), "address-longitude-range"));
    }

    #[test]
    fn a_postal_code_is_kept_in_digits() {
        assert_eq!(sorted_key("D-44 9z"), "23141419".to_owned() + "45");
        assert_eq!(sorted_key("\u{10ffff}"), "91114111");
        assert_eq!(sorted_ends("9"), ["19".to_owned(), "1992".to_owned()]);
    }

    proptest! {
        #[test]
        fn degrees_that_are_written_out_are_read_again(lat in -900_000_000_i64..=900_000_000, lon in -1_800_000_000_i64..=1_800_000_000, near in 0_i64..=900_000_000) {
            // Most of what is chosen at random is far from nought, where every number is short.
            for at in [Coordinates { lat_e7: lat, lon_e7: lon }, Coordinates { lat_e7: lat % (near % 1_000 + 1), lon_e7: lon % (near % 10_000 + 1) }] {
                let address = PostalAddress { coordinates: Some(at), ..PostalAddress::default() };
                let [lat, lon] = ["latitude", "longitude"].map(|key| text_of(&address.get(key)));
                prop_assert_eq!(joined(Some(&lat), Some(&lon)), Ok(address.get("coordinates")));
                let again = given([None, None, None], ["latitude", "longitude"].map(|key| address.get(key)));
                prop_assert_eq!(again.ok(), Some(address));
            }
        }

        #[test]
        fn what_begins_like_a_text_is_all_that_lies_between_its_ends(start in "[09a-cz邮\u{10ffff}]{1,3}", code in "[09a-cz邮\u{10ffff}]{0,5}") {
            let [from, to] = sorted_ends(&start);
            let key = sorted_key(&code);
            prop_assert_eq!(key >= from && key < to, code.starts_with(&start));
            prop_assert!(key.bytes().all(|digit| digit.is_ascii_digit()));
        }

        #[test]
        fn what_is_read_is_put_back_exactly(street in "[^\\pC]{1,40}(\n[^\\pC]{1,40})?", code in "[A-Z0-9 -]{1,10}", lat in -90.0..90.0_f64, lon in -180.0..180.0_f64) {
            let mut address = PostalAddress::default();
            for (key, typed) in [("street", street), ("postal_code", code), ("coordinates", format!("{lat:.7}, {lon:.7}"))] {
                address.set(key, &read(key, &typed).unwrap());
            }
            let mut again = PostalAddress::default();
            ATTRIBUTES.iter().for_each(|key| again.set(key, &address.get(key)));
            prop_assert_eq!(again, address);
        }
    }
}
