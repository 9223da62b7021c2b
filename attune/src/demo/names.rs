//! Invented names for customers that the sample leaves nameless, drawn with the demo's seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const GIVEN: [&str; 40] = [
    "Ada", "Amir", "Anneke", "Astrid", "Ben", "Carla", "Cedric", "Chloe", "Daniel", "Elif", "Emil", "Farah", "Felix", "Grace", "Hanna",
    "Hugo", "Ines", "Ivan", "Jonas", "Julia", "Karim", "Lena", "Liam", "Lucia", "Mara", "Mateo", "Maya", "Milan", "Nadia", "Nils", "Noor",
    "Oscar", "Paula", "Rafael", "Rosa", "Samir", "Sofia", "Theo", "Vera", "Zoe",
];
const FAMILY: [&str; 40] = [
    "Adler",
    "Bakker",
    "Becker",
    "Berg",
    "Brandt",
    "Castro",
    "Clarke",
    "Costa",
    "Dahl",
    "Diaz",
    "Eriksen",
    "Evans",
    "Fischer",
    "Fontaine",
    "Garcia",
    "Haas",
    "Hoffmann",
    "Ito",
    "Jansen",
    "Kaya",
    "Keller",
    "Khan",
    "Larsen",
    "Leclerc",
    "Lindqvist",
    "Marino",
    "Meyer",
    "Moreau",
    "Nowak",
    "Okafor",
    "Olsen",
    "Petrov",
    "Quinn",
    "Rossi",
    "Santos",
    "Silva",
    "Tanaka",
    "Vogel",
    "Weber",
    "Young",
];
const FAMILY_ZH: [&str; 20] =
    ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗", "高"];
const GIVEN_ZH: [&str; 24] = [
    "晓雨", "志远", "雅婷", "建国", "思琪", "子涵", "俊杰", "雪梅", "文博", "欣怡", "海燕", "立新", "梦洁", "国强", "嘉怡", "浩然", "静",
    "磊", "敏", "伟", "芳", "超", "丽", "涛",
];
const CITIES: [(&str, &str); 12] = [
    ("Seattle", "US"),
    ("Boston", "US"),
    ("Austin", "US"),
    ("Chicago", "US"),
    ("Toronto", "CA"),
    ("London", "GB"),
    ("Berlin", "DE"),
    ("Lyon", "FR"),
    ("Porto", "PT"),
    ("Singapore", "SG"),
    ("上海", "CN"),
    ("杭州", "CN"),
];

/// One invented person.
pub struct Person {
    /// The given name.
    pub given: &'static str,
    /// The family name.
    pub family: &'static str,
    /// The whole name, in the order of its language.
    pub name: String,
    /// Where they live.
    pub city: &'static str,
    /// ISO 3166 code.
    pub country: &'static str,
}

/// Draws people one after the other; the same seed draws the same people.
pub struct People {
    random: StdRng,
}

impl People {
    /// Starts drawing.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    fn pick<T: Copy>(&mut self, list: &[T], fallback: T) -> T {
        let at = self.random.random_range(0..list.len().max(1));
        list.get(at).copied().unwrap_or(fallback)
    }

    /// The next person: about one in six has a Chinese name and lives in China.
    pub fn draw(&mut self) -> Person {
        if self.random.random_range(0..6) == 0 {
            let (family, given) = (self.pick(&FAMILY_ZH, "王"), self.pick(&GIVEN_ZH, "伟"));
            let (city, country) = if self.random.random_range(0..2) == 0 { ("上海", "CN") } else { ("杭州", "CN") };
            return Person { given, family, name: format!("{family}{given}"), city, country };
        }
        let (given, family) = (self.pick(&GIVEN, "Ada"), self.pick(&FAMILY, "Adler"));
        let western = CITIES.get(..10).unwrap_or(&CITIES);
        let (city, country) = self.pick(western, ("Seattle", "US"));
        Person { given, family, name: format!("{given} {family}"), city, country }
    }
}
