//! What a column holds, and so how two of its values are compared.
//!
//! A kind is read from the column's name (English and Chinese) and, where the name says nothing, from its values.

use serde::{Deserialize, Serialize};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person's given name.
    GivenName,
    /// A person's surname.
    Surname,
    /// A person's whole name, in any order.
    FullName,
    /// The name of a company, a shop, a product.
    Title,
    /// The number of a house.
    StreetNumber,
    /// A line of an address.
    Address,
    /// A city, a suburb, a district.
    City,
    /// A postal code.
    Postcode,
    /// A state or a country.
    Region,
    /// A day, mostly of birth.
    Date,
    /// A number or code that one thing has.
    Code,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// One of few words.
    Category,
    /// A measured quantity.
    Quantity,
    /// Free text.
    Text,
}

/// Columns whose values are often put into one another by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Parts of a person's name.
    Person,
    /// Lines of an address.
    Place,
}

impl Kind {
    /// The columns this one is confused with.
    pub fn group(self) -> Option<Group> {
        match self {
            Self::GivenName | Self::Surname | Self::FullName => Some(Group::Person),
            Self::Address | Self::City => Some(Group::Place),
            _ => None,
        }
    }

    /// Whether values are words to be compared one by one.
    pub(crate) fn is_phrase(self) -> bool {
        matches!(
            self,
            Self::GivenName
                | Self::Surname
                | Self::FullName
                | Self::Title
                | Self::Address
                | Self::City
                | Self::Region
                | Self::Category
                | Self::Text
        )
    }

    /// Whether values name one alone, as far as names do.
    pub(crate) fn is_name(self) -> bool {
        matches!(self, Self::GivenName | Self::FullName | Self::Title | Self::Text)
    }

    /// Whether Chinese values are names of persons, read as surname and given name.
    pub(crate) fn is_person(self) -> bool {
        self.group() == Some(Group::Person)
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name in the table's header.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// The columns of a table, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// Columns whose kinds are known, as those of the product's own tables are.
    pub fn new(columns: Vec<Column>) -> Self {
        Self(columns)
    }

    /// Gives each column a kind by its name or else by the values of `sample`, rows in the order of `headers`.
    pub fn infer<H: AsRef<str>, V: AsRef<str>>(headers: &[H], sample: &[Vec<V>]) -> Self {
        let read = |(at, header): (usize, &H)| {
            let values: Vec<&str> =
                sample.iter().filter_map(|row| row.get(at)).map(|value| value.as_ref().trim()).filter(|value| !value.is_empty()).collect();
            let kind = by_name(header.as_ref(), &values).unwrap_or_else(|| by_values(&values));
            Column { name: header.as_ref().to_owned(), kind }
        };
        Self(headers.iter().enumerate().map(read).collect())
    }

    /// The places of columns that number the rows: codes of which there are never two alike. They say which row it is, not whom it is about, and that
    /// two of them look alike says nothing.
    pub fn numbering<V: AsRef<str>>(&self, rows: &[&[V]]) -> Vec<usize> {
        let numbers = |at: usize| {
            let mut seen = std::collections::HashSet::with_capacity(rows.len());
            rows.len() > 1
                && rows
                    .iter()
                    .all(|row| row.get(at).map(|value| value.as_ref().trim()).is_some_and(|value| !value.is_empty() && seen.insert(value)))
        };
        let codes = self.0.iter().enumerate().filter(|(_, column)| column.kind == Kind::Code);
        codes.map(|(at, _)| at).filter(|at| numbers(*at)).collect()
    }

    /// The columns, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Column> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Names of columns and what they say. The first row that fits decides; every word of an entry must be in the name.
const NAMES: &[(&[&str], Kind)] = &[
    (&["email"], Kind::Email),
    (&["mail", "e"], Kind::Email),
    (&["mail"], Kind::Email),
    (&["phone"], Kind::Phone),
    (&["telephone"], Kind::Phone),
    (&["mobile"], Kind::Phone),
    (&["tel"], Kind::Phone),
    (&["cell"], Kind::Phone),
    (&["fax"], Kind::Phone),
    (&["birth"], Kind::Date),
    (&["birthday"], Kind::Date),
    (&["birthdate"], Kind::Date),
    (&["dob"], Kind::Date),
    (&["date"], Kind::Date),
    (&["postcode"], Kind::Postcode),
    (&["postal"], Kind::Postcode),
    (&["zip"], Kind::Postcode),
    (&["zipcode"], Kind::Postcode),
    (&["street", "number"], Kind::StreetNumber),
    (&["house", "number"], Kind::StreetNumber),
    (&["house", "no"], Kind::StreetNumber),
    (&["street", "no"], Kind::StreetNumber),
    (&["address"], Kind::Address),
    (&["addr"], Kind::Address),
    (&["street"], Kind::Address),
    (&["suburb"], Kind::City),
    (&["city"], Kind::City),
    (&["town"], Kind::City),
    (&["locality"], Kind::City),
    (&["district"], Kind::City),
    (&["state"], Kind::Region),
    (&["province"], Kind::Region),
    (&["region"], Kind::Region),
    (&["country"], Kind::Region),
    (&["given"], Kind::GivenName),
    (&["first"], Kind::GivenName),
    (&["forename"], Kind::GivenName),
    (&["firstname"], Kind::GivenName),
    (&["surname"], Kind::Surname),
    (&["family"], Kind::Surname),
    (&["last", "name"], Kind::Surname),
    (&["lastname"], Kind::Surname),
    (&["full", "name"], Kind::FullName),
    (&["fullname"], Kind::FullName),
    (&["person"], Kind::FullName),
    (&["contact", "name"], Kind::FullName),
    (&["company"], Kind::Title),
    (&["organisation"], Kind::Title),
    (&["organization"], Kind::Title),
    (&["employer"], Kind::Title),
    (&["title"], Kind::Title),
    (&["description"], Kind::Text),
    (&["notes"], Kind::Text),
    (&["type"], Kind::Category),
    (&["category"], Kind::Category),
    (&["gender"], Kind::Category),
    (&["sex"], Kind::Category),
    (&["price"], Kind::Quantity),
    (&["amount"], Kind::Quantity),
];

/// The same for Chinese names, by what they contain.
const CHINESE_NAMES: &[(&str, Kind)] = &[
    ("邮箱", Kind::Email),
    ("邮件", Kind::Email),
    ("电话", Kind::Phone),
    ("手机", Kind::Phone),
    ("生日", Kind::Date),
    ("日期", Kind::Date),
    ("邮编", Kind::Postcode),
    ("邮政编码", Kind::Postcode),
    ("门牌", Kind::StreetNumber),
    ("地址", Kind::Address),
    ("街道", Kind::Address),
    ("城市", Kind::City),
    ("区县", Kind::City),
    ("省", Kind::Region),
    ("国家", Kind::Region),
    ("姓名", Kind::FullName),
    ("姓氏", Kind::Surname),
    ("名字", Kind::GivenName),
    ("公司", Kind::Title),
    ("企业", Kind::Title),
    ("身份证", Kind::Code),
    ("类型", Kind::Category),
    ("性别", Kind::Category),
    ("备注", Kind::Text),
];

fn by_name(header: &str, values: &[&str]) -> Option<Kind> {
    let words = header_words(header);
    let says = |entry: &&(&[&str], Kind)| entry.0.iter().all(|word| words.iter().any(|found| found == word));
    if let Some((_, kind)) = NAMES.iter().find(says) {
        return (!contradicts(*kind, values)).then_some(*kind);
    }
    CHINESE_NAMES.iter().find(|(part, _)| header.contains(part)).map(|(_, kind)| *kind)
}

/// Whether the values cannot be what the name of their column says: "contact_email_allowed" holds no addresses.
fn contradicts(kind: Kind, values: &[&str]) -> bool {
    match kind {
        Kind::Email => !values.is_empty() && share(values, |value| value.contains('@')) < 0.5,
        Kind::Phone => !values.is_empty() && share(values, |value| digits(value) >= 5) < 0.5,
        Kind::Date => !values.is_empty() && share(values, |value| digits(value) >= 3) < 0.5,
        Kind::Quantity => !values.is_empty() && share(values, |value| digits(value) > 0) < 0.5,
        _ => false,
    }
}

/// Lower-case words of a header: `givenName`, `given_name` and "Given name" give the same.
fn header_words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in header.chars() {
        let starts = letter.is_uppercase() && was_lower;
        if starts || !letter.is_alphabetic() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && letter.is_alphabetic()
        {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn share(values: &[&str], is: impl Fn(&str) -> bool) -> f64 {
    values.iter().filter(|value| is(value)).count() as f64 / values.len().max(1) as f64
}

fn digits(value: &str) -> usize {
    value.chars().filter(char::is_ascii_digit).count()
}

fn by_values(values: &[&str]) -> Kind {
    let codelike = |value: &str| digits(value) > 0 && !value.contains(' ');
    let words = values.iter().map(|value| value.split_whitespace().count()).sum::<usize>() as f64 / values.len().max(1) as f64;
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let variety = distinct.len() as f64 / values.len().max(1) as f64;
    if share(values, |value| value.contains('@') && value.contains('.')) > 0.8 {
        Kind::Email
    } else if share(values, |value| super::spelling::date(value).is_some()) > 0.9 {
        Kind::Date
    } else if share(values, |value| value.contains('.') && value.parse::<f64>().is_ok()) > 0.5 {
        Kind::Quantity
    } else if share(values, codelike) > 0.8 {
        Kind::Code
    } else if share(values, |value| digits(value) >= 7 && digits(value) * 2 > value.len()) > 0.8 {
        Kind::Phone
    } else if values.len() >= 50 && variety < 0.05 {
        Kind::Category
    } else if words > 8.0 {
        Kind::Text
    } else {
        Kind::Title
    }
}
