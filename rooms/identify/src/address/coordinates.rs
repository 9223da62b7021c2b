//! Where something is: two degrees of WGS 84, read from what people paste, and the place on a map that follows from them. Pure.

use std::f64::consts::PI;
use std::fmt;

/// Degrees are kept as whole numbers, so many to a degree: a step is a centimetre.
const STEPS: f64 = 1e7;
/// How wide and high the world of a map is.
pub const WORLD: i64 = 1 << 30;
/// Web Mercator ends here, where its world is a square.
const MERCATOR_END: f64 = 85.051_128_779_806_6;

/// Latitude and longitude, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coordinates {
    /// Degrees north times 10^7.
    pub lat_e7: i64,
    /// Degrees east times 10^7.
    pub lon_e7: i64,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// North and south.
    Latitude,
    /// East and west.
    Longitude,
}

impl Axis {
    /// The locale key for a number beyond it.
    pub fn range_key(self) -> &'static str {
        match self {
            Self::Latitude => "address-latitude-range",
            Self::Longitude => "address-longitude-range",
        }
    }

    fn limit(self) -> f64 {
        match self {
            Self::Latitude => 90.0,
            Self::Longitude => 180.0,
        }
    }

    /// The letters that stand for more and for less.
    fn letters(self) -> [char; 2] {
        match self {
            Self::Latitude => ['N', 'S'],
            Self::Longitude => ['E', 'W'],
        }
    }

    /// Reads degrees such as `31.2304`, `-0.1276`, `0.1276 W` or `31,2304°`; answers them times 10^7, or the locale key of what is wrong.
    pub fn read(self, text: &str) -> Result<i64, &'static str> {
        const WRONG: &str = "address-not-degrees";
        let folded = text.to_uppercase().replace('°', "").replace(',', ".").replace('−', "-");
        let mut bare = folded.trim();
        let mut sign = 1.0;
        let [more, less] = self.letters();
        for (letter, turns) in [(more, 1.0), (less, -1.0)] {
            if let Some(rest) = bare.strip_suffix(letter).or_else(|| bare.strip_prefix(letter)) {
                (bare, sign) = (rest.trim(), turns);
                break;
            }
        }
        let digits = bare.strip_prefix(['-', '+']).unwrap_or(bare);
        let is_plain = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        let degrees: f64 = bare.parse().ok().filter(|_| is_plain && digits.len() <= 24).ok_or(WRONG)?;
        if degrees < 0.0 && sign < 0.0 {
            return Err(WRONG);
        }
        self.of_degrees(degrees * sign)
    }

    /// The same of a number.
    pub fn of_degrees(self, degrees: f64) -> Result<i64, &'static str> {
        if degrees.is_finite() && degrees.abs() <= self.limit() { Ok((degrees * STEPS).round() as i64) } else { Err(self.range_key()) }
    }
}

impl Coordinates {
    /// Reads both out of one text, latitude first: `31.2304, 121.4737`, `31.2304 121.4737`, `31,2304; 121,4737`, `52.5 N, 13.4 E`,
    /// `geo:31.2304,121.4737`. Answers the locale key of what is wrong.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let text = text.strip_prefix("geo:").map_or(text, |rest| rest.split(['?', ';']).next().unwrap_or(rest));
        let text = text.replace(['，', '、'], ",").replace('；', ";").replace(['(', ')', '（', '）'], " ");
        let (lat, lon) = halves(text.trim()).ok_or("address-needs-both")?;
        Ok(Self { lat_e7: Axis::Latitude.read(&lat)?, lon_e7: Axis::Longitude.read(&lon)? })
    }

    /// Where it is on the map, from the north-western corner; what lies beyond Web Mercator is at its edge.
    pub fn spot(self) -> Spot {
        let (lat, lon) = (self.latitude().clamp(-MERCATOR_END, MERCATOR_END), self.longitude());
        let world = WORLD as f64;
        let place = |share: f64| ((share * world).floor() as i64).clamp(0, WORLD - 1);
        Spot { x: place((lon + 180.0) / 360.0), y: place((1.0 - lat.to_radians().tan().asinh() / PI) / 2.0) }
    }

    /// Degrees north.
    pub fn latitude(self) -> f64 {
        self.lat_e7 as f64 / STEPS
    }

    /// Degrees east.
    pub fn longitude(self) -> f64 {
        self.lon_e7 as f64 / STEPS
    }
}

/// The two halves of a pair of degrees: parted by a semicolon, by the only comma, or by blanks.
fn halves(text: &str) -> Option<(String, String)> {
    let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
    if let Some(pair) = text.split_once(';') {
        return Some(owned(pair));
    }
    if text.matches(',').count() == 1 && !text.ends_with(',') && !text.starts_with(',') {
        return text.split_once(',').map(owned);
    }
    // A comma in front of a blank parts, any other stands for a point.
    if let Some(pair) = text.split_once(", ") {
        return Some(owned(pair));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [lat, lon] => Some(((*lat).to_owned(), (*lon).to_owned())),
        [lat, north, lon, east] => Some((format!("{lat} {north}"), format!("{lon} {east}"))),
        _ => None,
    }
}

/// Degrees as text, without zeros at the end: what [`Axis::read`] reads to the same number.
pub(crate) fn degrees(e7: i64) -> String {
    let (sign, size) = (if e7 < 0 { "-" } else { "" }, e7.unsigned_abs());
    let text = format!("{sign}{}.{:07}", size / 10_000_000, size % 10_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", degrees(self.lat_e7), degrees(self.lon_e7))
    }
}

/// A place on the map, from the north-western corner; the world is [`WORLD`] wide and high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Eastwards.
    pub x: i64,
    /// Southwards.
    pub y: i64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(lat_e7: i64, lon_e7: i64) -> Coordinates {
        Coordinates { lat_e7, lon_e7 }
    }

    #[test]
    fn what_people_paste_is_read() {
        let shanghai = at(312_304_000, 1_214_737_000);
        for text in [
            "31.2304, 121.4737",
            " 31.2304,121.4737 ",
            "31.2304 121.4737",
            "31.2304，121.4737",
            "31,2304; 121,4737",
            "31,2304, 121,4737",
            "31,2304 121,4737",
            "31.2304° N, 121.4737° E",
            "N 31.2304 E 121.4737",
            "geo:31.2304,121.4737;u=35",
            "(31.2304, 121.4737)",
        ] {
            assert_eq!(Coordinates::read(text), Ok(shanghai), "{text}");
        }
        assert_eq!(Coordinates::read("33.8688 S, 151.2093 E"), Ok(at(-338_688_000, 1_512_093_000)));
        assert_eq!(Coordinates::read("-0.5 -0.25").unwrap().to_string(), "-0.5, -0.25");
        assert_eq!(Coordinates::read("0 0").unwrap().to_string(), "0, 0");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "address-needs-both"),
            ("31.2304", "address-needs-both"),
            ("31.2304,", "address-needs-both"),
            ("here, there", "address-not-degrees"),
            ("1e1, 2", "address-not-degrees"),
            ("nan, 2", "address-not-degrees"),
            ("-1 S, 2 E", "address-not-degrees"),
            ("90.0000001, 0", "address-latitude-range"),
            ("121.4737, 31.2304", "address-latitude-range"),
            ("0, -180.1", "address-longitude-range"),
        ] {
            assert_eq!(Coordinates::read(text), Err(why), "{text}");
        }
    }

    #[test]
    fn known_places_are_where_maps_have_them() {
        assert_eq!(at(0, 0).spot(), Spot { x: WORLD / 2, y: WORLD / 2 });
        assert_eq!(at(900_000_000, -1_800_000_000).spot(), Spot { x: 0, y: 0 });
        assert_eq!(at(-900_000_000, 1_800_000_000).spot(), Spot { x: WORLD - 1, y: WORLD - 1 });
        // The tile of Berlin at zoom 10, as every tile server counts it.
        let berlin = at(525_200_000, 134_050_000).spot();
        assert_eq!((berlin.x >> 20, berlin.y >> 20), (550, 335));
    }

    proptest! {
        #[test]
        fn degrees_survive_their_text(lat in -900_000_000_i64..=900_000_000, lon in -1_800_000_000_i64..=1_800_000_000) {
            prop_assert_eq!(Coordinates::read(&at(lat, lon).to_string()), Ok(at(lat, lon)));
            prop_assert_eq!(Axis::Longitude.of_degrees(at(lat, lon).longitude()), Ok(lon));
        }

        #[test]
        fn the_map_keeps_the_order_of_the_world(a in -850_000_000_i64..=850_000_000, b in -850_000_000_i64..=850_000_000) {
            let (north, south) = (at(a.max(b), a).spot(), at(a.min(b), b).spot());
            prop_assert!(north.y <= south.y);
            prop_assert!(a > b || north.x <= south.x);
            prop_assert!((0..WORLD).contains(&north.x) && (0..WORLD).contains(&north.y));
        }

        #[test]
        fn nothing_that_is_typed_breaks_reading(text in ".{0,40}") {
            if let Ok(read) = Coordinates::read(&text) {
                prop_assert!(read.lat_e7.abs() <= 900_000_000 && read.lon_e7.abs() <= 1_800_000_000);
            }
        }
    }
}
