//! The first pass over a file: what each column holds, and the plan that follows from it.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::atomic::Ordering;

use attune_kernel::{Fault, fold_key};
use encoding_rs::{Encoding, GBK, UTF_8};

use super::orders;
use super::plan::{ColumnPlan, Plan, PlanError, Target};
use super::source::{Source, TextReader, guess_delimiter};
use crate::address::{Axis, Coordinates};
use crate::field::{self, Field, FieldKind, Subject, read_date};

/// Words that are proposed as "nothing" when a file holds them.
pub const EMPTY_WORDS: [&str; 16] =
    ["Select", "NULL", "N/A", "#N/A", "NA", "n.a.", "NaN", "nil", "(null)", "-", "--", "—", "无", "空", "请选择", "未选择"];

/// A set larger than this is given up: the column is then not called unique.
const UNIQUE_ROWS: usize = 8_000_000;

/// What a column holds.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// Values that are neither blank nor an empty word.
    pub filled: i64,
    /// How often each of the empty words stands in it.
    pub empty_words: HashMap<&'static str, i64>,
    /// Up to three different values.
    pub samples: Vec<String>,
    seen: Option<HashSet<u64>>,
    numbers: i64,
    dates: i64,
    booleans: i64,
    identifiers: i64,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// Rows below the names.
    pub rows: i64,
    /// What stands between two values.
    pub delimiter: u8,
    /// The encoding's label.
    pub encoding: &'static str,
    /// The first rows as they stand.
    pub head: Vec<Vec<String>>,
}

/// The names of the columns: none empty, none twice.
pub(crate) fn header_names(record: &csv::StringRecord) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for (index, name) in record.iter().enumerate() {
        let base = if name.trim().is_empty() { format!("column {}", index + 1) } else { name.trim().chars().take(120).collect() };
        let mut unique = base.clone();
        let mut number = 2;
        while names.contains(&unique) {
            unique = format!("{base} ({number})");
            number += 1;
        }
        names.push(unique);
    }
    names
}

impl Profile {
    /// Reads the whole file once, on a blocking thread.
    pub async fn read(source: &Source) -> Result<Self, ProfileError> {
        let (profile, encoding, faulty) = Self::scan_as(source, None).await?;
        if encoding != UTF_8 || !faulty {
            return Ok(profile);
        }
        // What began as ASCII went on in something else: GBK when that fits, UTF-8 with marks for the broken bytes otherwise.
        let (other, _, faulty) = Self::scan_as(source, Some(GBK)).await?;
        Ok(if faulty { profile } else { other })
    }

    async fn scan_as(source: &Source, encoding: Option<&'static Encoding>) -> Result<(Self, &'static Encoding, bool), ProfileError> {
        let bytes = source.open()?;
        let scan = move || {
            let reader = TextReader::new(bytes, encoding)?;
            let (encoding, faulty) = (reader.encoding(), reader.faulty());
            let profile = Self::scan(reader)?;
            Ok((profile, encoding, faulty.load(Ordering::Relaxed)))
        };
        match tokio::task::spawn_blocking(scan).await {
            Ok(done) => done,
            Err(error) => Err(ProfileError::Fault(Fault::from(error).to_string())),
        }
    }

    fn scan(mut reader: TextReader) -> Result<Self, ProfileError> {
        let (encoding, delimiter) = (reader.encoding().name(), reader.delimiter());
        let mut head = Vec::new();
        reader.by_ref().take(64 * 1024).read_to_end(&mut head)?;
        let delimiter = delimiter.unwrap_or_else(|| guess_delimiter(&String::from_utf8_lossy(&head)));
        let whole = std::io::Cursor::new(head).chain(reader);
        let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(whole);
        let names = header_names(rows.headers()?);
        if names.is_empty() || (names.len() == 1 && names.first().is_some_and(|n| n == "column 1")) {
            return Err(ProfileError::Plan(PlanError::Empty));
        }
        let columns = names.into_iter().map(|name| Column { name, seen: Some(HashSet::new()), ..Column::default() }).collect();
        let mut profile = Self { columns, rows: 0, delimiter, encoding, head: Vec::new() };
        let mut record = csv::StringRecord::new();
        while rows.read_record(&mut record)? {
            profile.add(&record);
        }
        for column in &mut profile.columns {
            // Keep the verdict, drop the memory.
            column.seen = column.seen.take().map(|_| HashSet::new());
        }
        Ok(profile)
    }

    fn add(&mut self, record: &csv::StringRecord) {
        self.rows += 1;
        if self.head.len() < 20 {
            self.head.push(record.iter().map(str::to_owned).collect());
        }
        for (column, value) in self.columns.iter_mut().zip(record.iter()) {
            column.add(value.trim());
        }
    }

    /// The words for "nothing" that stand in it.
    pub(super) fn empty_words(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.columns.iter().flat_map(|column| column.empty_words.keys().map(|word| (*word).to_owned())).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The plan that follows: known names become attributes, a unique id the key, the rest custom fields of the type that fits all values.
    pub fn guess(&self, known: &[Field]) -> Plan {
        self.guess_of(Subject::Contact, known)
    }

    /// The same for a file of `subject`.
    pub fn guess_of(&self, subject: Subject, known: &[Field]) -> Plan {
        let mut taken: HashSet<&'static str> = HashSet::new();
        let id = self.columns.iter().find(|c| c.is_identifier(self.rows)).map(|c| c.name.as_str());
        let mut keys: HashSet<String> = HashSet::new();
        let columns = self.columns.iter().map(|column| {
            let to = match attribute_of(subject, &column.name).filter(|key| column.suits(key) && taken.insert(key)) {
                _ if id == Some(column.name.as_str()) => Target::Attribute { key: "external_id".to_owned() },
                Some(key) => Target::Attribute { key: key.to_owned() },
                None => column.field(known, &mut keys),
            };
            ColumnPlan { column: column.name.clone(), to }
        });
        let columns = columns.collect();
        let empty_words = self.empty_words();
        let delimiter = char::from(self.delimiter);
        let key = id.map(str::to_owned);
        let plan = Plan { subject, delimiter, encoding: self.encoding.to_owned(), key, empty_words, columns, ..Plan::default() };
        if subject == Subject::Company { plan } else { orders::guess(self, plan) }
    }

    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let names = header_names(rows.headers().unwrap());
        let columns = names.into_iter().map(|name| Column { name, seen: Some(HashSet::new()), ..Column::default() }).collect();
        let mut profile = Self { columns, rows: 0, delimiter: b',', encoding: "UTF-8", head: Vec::new() };
        for record in rows.records() {
            profile.add(&record.unwrap());
        }
        profile
    }
}

impl Column {
    fn add(&mut self, value: &str) {
        if value.is_empty() {
            return;
        }
        if let Some(word) = EMPTY_WORDS.iter().find(|w| w.eq_ignore_ascii_case(value)) {
            *self.empty_words.entry(word).or_default() += 1;
            return;
        }
        self.filled += 1;
        if self.samples.len() < 3 && !self.samples.iter().any(|s| s == value) {
            self.samples.push(value.chars().take(80).collect());
        }
        if let Some(seen) = &mut self.seen {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            if !seen.insert(hasher.finish()) || seen.len() > UNIQUE_ROWS {
                self.seen = None;
            }
        }
        // A type that has failed once is not tried again.
        let before = self.filled - 1;
        if self.numbers == before && FieldKind::Number.read(value).is_some() {
            self.numbers += 1;
        }
        if self.dates == before && value.len() >= 8 && read_date(value).is_some() {
            self.dates += 1;
        }
        if self.booleans == before && !matches!(value, "0" | "1") && FieldKind::Bool.read(value).is_some() {
            self.booleans += 1;
        }
        if self.identifiers == before && value.len() <= 64 && !value.contains([' ', '@', ',']) {
            self.identifiers += 1;
        }
    }

    /// A value in every row, none twice, none with a space, and a name that says so.
    fn is_identifier(&self, rows: i64) -> bool {
        const WORDS: [&str; 12] = ["id", "no", "nr", "num", "number", "key", "uuid", "guid", "code", "编号", "编码", "号码"];
        let words = header_words(&self.name);
        let named = words.iter().any(|w| WORDS.contains(&w.as_str()))
            || ["编号", "编码", "id"].iter().any(|end| self.name.to_lowercase().ends_with(end));
        let phone = attribute_of(Subject::Contact, &self.name) == Some("phone");
        named && !phone && rows > 0 && self.seen.is_some() && self.filled == rows && self.identifiers == rows
    }

    /// Whether a value stands in several rows.
    pub(crate) fn comes_back(&self) -> bool {
        self.seen.is_none()
    }

    /// Whether every value is a day, with a time or without.
    pub(crate) fn is_of_days(&self) -> bool {
        self.filled > 0 && self.dates == self.filled
    }

    /// Whether every value is a number.
    pub(crate) fn is_of_numbers(&self) -> bool {
        self.filled > 0 && self.numbers == self.filled
    }

    /// Whether the values can be what the name promises.
    pub(super) fn suits(&self, attribute: &str) -> bool {
        match attribute {
            "email" => self.samples.is_empty() || self.samples.iter().any(|s| s.contains('@')),
            "domain" => self.samples.is_empty() || self.samples.iter().any(|s| crate::company::domain_key(s).is_some()),
            "phone" => self.samples.is_empty() || self.samples.iter().any(|s| super::super::contact::phone_key(s).is_some()),
            "latitude" => self.samples.is_empty() || self.samples.iter().any(|s| Axis::Latitude.read(s).is_ok()),
            "longitude" => self.samples.is_empty() || self.samples.iter().any(|s| Axis::Longitude.read(s).is_ok()),
            "coordinates" => self.samples.is_empty() || self.samples.iter().any(|s| Coordinates::read(s).is_ok()),
            _ => true,
        }
    }

    /// Whether a field of this name is meant although the values alone would not say so: what does not fit is told line by line.
    fn fits(&self, field: &Field) -> bool {
        match field.kind {
            FieldKind::Text | FieldKind::Choice | FieldKind::Choices | FieldKind::Contact | FieldKind::Company => true,
            FieldKind::Money => self.samples.iter().all(|sample| field.read(sample).is_ok()),
            FieldKind::Number | FieldKind::Date | FieldKind::Bool => false,
        }
    }

    fn field(&self, known: &[Field], keys: &mut HashSet<String>) -> Target {
        let all = |count: i64| self.filled > 0 && count == self.filled;
        let long_number = self.samples.iter().any(|s| s.len() > 1 && s.starts_with('0') && !s.contains('.'));
        let kind = if all(self.booleans) {
            FieldKind::Bool
        } else if all(self.dates) {
            FieldKind::Date
        } else if all(self.numbers) && !long_number {
            FieldKind::Number
        } else {
            FieldKind::Text
        };
        let base = field::key_of(&self.name);
        let there = known.iter().find(|f| f.key == base).or_else(|| known.iter().find(|f| fold_key(&f.label) == fold_key(&self.name)));
        let (mut key, kind) = match there {
            Some(field) if field.kind == kind || self.fits(field) => (field.key.clone(), field.kind),
            Some(_) => (format!("{base}_{}", kind.word()), kind),
            None => (base.clone(), kind),
        };
        let mut number = 2;
        while !keys.insert(key.clone()) {
            key = format!("{base}_{number}");
            number += 1;
        }
        Target::Field { key, label: self.name.clone(), kind }
    }
}

pub(crate) fn header_words(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// The attribute a column's name stands for.
pub(super) fn attribute_of(subject: Subject, name: &str) -> Option<&'static str> {
    let words = header_words(name).join(" ");
    match subject {
        Subject::Contact => contact_attribute(&words),
        Subject::Company => company_attribute(&words),
    }
    .or_else(|| address_attribute(&words))
}

/// What the parts of a postal address are called in files, where they are called otherwise than `city` and `country`.
fn address_attribute(words: &str) -> Option<&'static str> {
    let words =
        ["mailing ", "billing ", "shipping ", "home ", "business ", "company "].iter().find_map(|w| words.strip_prefix(w)).unwrap_or(words);
    let key = match words {
        "street" | "street address" | "address" | "address line 1" | "street 1" | "addr" | "straße" | "strasse" | "adresse"
        | "anschrift" | "街道" | "地址" | "详细地址" | "联系地址" | "通讯地址" | "公司地址" | "街道地址" => {
            "street"
        }
        "postcode" | "post code" | "postal code" | "postalcode" | "zip" | "zip code" | "zipcode" | "zip postal code" | "plz"
        | "postleitzahl" | "邮编" | "邮政编码" => "postal_code",
        "state" | "province" | "region" | "state province" | "state region" | "county" | "canton" | "bundesland" | "kanton" | "省"
        | "省份" | "省市" | "州" | "地区" | "所在省份" => "region",
        "ort" | "stadt" | "wohnort" => "city",
        "land" => "country",
        "latitude" | "lat" | "breitengrad" | "纬度" => "latitude",
        "longitude" | "lng" | "lon" | "long" | "längengrad" | "经度" => "longitude",
        "coordinates" | "coordinate" | "geo" | "location" | "lat lng" | "lat lon" | "latitude longitude" | "koordinaten" | "坐标"
        | "经纬度" => "coordinates",
        _ => return None,
    };
    Some(key)
}

fn company_attribute(words: &str) -> Option<&'static str> {
    let key = match words {
        "name" | "company" | "company name" | "account" | "account name" | "organization" | "organisation" | "organization name"
        | "firm" | "firma" | "公司" | "公司名称" | "企业" | "企业名称" | "单位" | "名称" | "客户名称" => "name",
        "domain"
        | "website"
        | "web site"
        | "web"
        | "url"
        | "homepage"
        | "home page"
        | "company domain"
        | "company domain name"
        | "website url"
        | "网站"
        | "网址"
        | "官网"
        | "域名" => "domain",
        "industry" | "sector" | "branch" | "line of business" | "branche" | "行业" | "所属行业" => "industry",
        "parent" | "parent company" | "parent account" | "parent id" | "parent company id" | "holding" | "母公司" | "上级公司"
        | "总公司" => "parent",
        "owner" | "account owner" | "company owner" | "负责人" => "owner",
        "phone" | "phone number" | "telephone" | "tel" | "电话" | "联系电话" => "phone",
        "city" | "town" | "billing city" | "城市" | "所在城市" => "city",
        "country" | "country region" | "billing country" | "国家" | "国家地区" => "country",
        "external id" | "外部编号" => "external_id",
        "tags" | "tag" | "labels" | "标签" => "tags",
        _ => return None,
    };
    Some(key)
}

fn contact_attribute(words: &str) -> Option<&'static str> {
    let key = match words {
        "name" | "full name" | "fullname" | "contact name" | "lead name" | "customer name" | "姓名" | "名字" | "联系人" | "联系人姓名"
        | "客户姓名" => "name",
        "first name" | "firstname" | "given name" | "forename" | "vorname" | "名" => "given_name",
        "last name" | "lastname" | "surname" | "family name" | "nachname" | "姓" => "family_name",
        "email" | "e mail" | "mail" | "email address" | "e mail address" | "emailaddress" | "邮箱" | "电子邮件" | "电子邮箱" | "邮件" => {
            "email"
        }
        "phone" | "phone number" | "telephone" | "tel" | "mobile" | "mobile number" | "cell" | "cell phone" | "电话" | "手机"
        | "手机号" | "手机号码" | "联系电话" => "phone",
        "company" | "company name" | "organization" | "organisation" | "account" | "account name" | "employer" | "firma" | "公司"
        | "公司名称" | "单位" | "企业" => "company",
        "title" | "job title" | "position" | "role" | "职位" | "职务" | "岗位" => "title",
        "city" | "town" | "城市" | "所在城市" => "city",
        "country" | "country region" | "国家" | "国家地区" => "country",
        "stage" | "lifecycle stage" | "lead stage" | "阶段" | "生命周期阶段" => "stage",
        "owner" | "lead owner" | "contact owner" | "负责人" => "owner",
        "language" | "locale" | "语言" => "locale",
        "time zone" | "timezone" | "时区" => "time_zone",
        "tags" | "tag" | "labels" | "标签" => "tags",
        "source" | "lead source" | "来源" | "线索来源" => "source",
        _ => return None,
    };
    Some(key)
}

/// Why a file could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It cannot be opened or read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is not a table.
    #[error("the file is not a table: {0}")]
    Csv(#[from] csv::Error),
    /// It holds nothing.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Our bug.
    #[error("{0}")]
    Fault(String),
}
