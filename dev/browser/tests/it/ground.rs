//! What scenarios stand on: installations with people, mails, visits and hand-overs of known shape.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use attune_browser::{Attune, Engine, Store};
use serde_json::Value;

/// Everybody's password.
pub const PASSWORD: &str = "a long pass phrase";

/// People as a file from another program, in English.
pub const PEOPLE_EN: &str = "\
Full name,E-mail,Company,Job title,City,Mobile,Plan
Lena Brandt,lena.brandt@nordwerk.example,Nordwerk GmbH,Head of purchasing,Hamburg,+49 40 5550101,Pro
Tom Ashby,tom.ashby@fernhill.example,Fernhill Foods,Owner,Leeds,+44 113 4960102,Basic
Marta Ruiz,marta.ruiz@solmar.example,Solmar Logistics,Operations manager,Valencia,+34 960 550103,Pro
Jonas Weber,jonas.weber@nordwerk.example,Nordwerk GmbH,Engineer,Hamburg,+49 40 5550104,Basic
Aiko Tanaka,aiko.tanaka@kitaware.example,Kitaware,Buyer,Osaka,+81 6 5550105,Basic
Peter Novak,peter.novak@vltava.example,Vltava Print,Managing director,Prague,+420 222 550106,Pro
Grace Okafor,grace.okafor@lagosmed.example,Lagos Medical,Procurement lead,Lagos,+234 1 5550107,Pro
Henrik Dahl,henrik.dahl@fjordlys.example,Fjordlys,Partner,Bergen,+47 55 550108,Basic
Sofia Conti,sofia.conti@conti.example,Conti & Figli,Owner,Turin,+39 011 5550109,Basic
Emil Krause,emil.krause@krause.example,Krause Handel,Clerk,Hamburg,+49 40 5550110,Basic
";

/// People as a file from another program, in Chinese.
pub const PEOPLE_ZH: &str = "\
姓名,邮箱,公司,职位,城市,手机,套餐
王芳,wang.fang@haichuan.example,海川物流,采购经理,上海,13800550101,专业版
李强,li.qiang@yunlu.example,云麓科技,创始人,杭州,13800550102,基础版
张敏,zhang.min@haichuan.example,海川物流,运营总监,上海,13800550103,专业版
刘洋,liu.yang@beichen.example,北辰印务,总经理,北京,13800550104,专业版
陈静,chen.jing@nanfeng.example,南风食品,采购专员,广州,13800550105,基础版
赵磊,zhao.lei@tianhe.example,天禾医疗,采购主管,成都,13800550106,专业版
孙悦,sun.yue@songhu.example,松湖家居,店主,苏州,13800550107,基础版
周杰,zhou.jie@haichuan.example,海川物流,工程师,上海,13800550108,基础版
吴婷,wu.ting@yunlu.example,云麓科技,市场经理,杭州,13800550109,专业版
郑凯,zheng.kai@beichen.example,北辰印务,文员,北京,13800550110,基础版
";

/// A site's access log: two people, one of whom comes from a search engine, and a robot.
const LOG: &str = r#"203.0.113.7 - - [18/Nov/2026:09:12:01 +0000] "GET / HTTP/1.1" 200 5120 "https://www.google.com/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
203.0.113.7 - - [18/Nov/2026:09:13:30 +0000] "GET /pricing HTTP/1.1" 200 7200 "https://nordwerk.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
203.0.113.9 - - [19/Nov/2026:14:02:11 +0000] "GET /catalogue HTTP/1.1" 200 9100 "-" "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
203.0.113.20 - - [19/Nov/2026:15:00:00 +0000] "GET /robots.txt HTTP/1.1" 200 120 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
203.0.113.20 - - [19/Nov/2026:15:00:04 +0000] "GET /pricing HTTP/1.1" 200 7200 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
this line is broken
"#;

/// An installation on an embedded store of its own.
pub fn lite() -> Attune {
    Attune::install(Store::create(Engine::Lite).unwrap().unwrap()).unwrap()
}

/// An installation on a PostgreSQL database of its own, unless PostgreSQL was left out.
pub fn pg() -> Option<Attune> {
    Store::create(Engine::Pg).unwrap().map(|store| Attune::install(store).unwrap())
}

/// A file beside the store, as an argument.
pub fn file(attune: &Attune, name: &str, text: &str) -> String {
    let path = attune.store().file(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Takes somebody on; `language` is what their pages speak.
pub async fn take_on(attune: &Attune, email: &str, name: &str, role: &str, language: &str) {
    let arguments = ["--lang", language, "user", "create", "--email", email, "--name", name, "--role", role, "--password", PASSWORD];
    attune.json(&arguments).await.unwrap();
}

/// Waits until the running server has heard every event.
pub async fn settle(attune: &Attune) {
    let started = Instant::now();
    let mut calm = 0;
    while calm < 5 {
        assert!(started.elapsed() < Duration::from_secs(60), "the server does not come to rest: {}", attune.process().unwrap().log());
        let health: Value = reqwest::get(attune.url("/healthz")).await.unwrap().json().await.unwrap();
        calm = if health["reactor_lag_events"] == 0 && health["inbox_waiting_requests"] == 0 { calm + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A furnished house: two administrators (one reads Chinese), two reps, twenty people, visits, and a push funnel that ran to its end.
pub async fn furnish(attune: &Attune) {
    take_on(attune, "ada@attune.example", "Ada Moreau", "admin", "en").await;
    take_on(attune, "fang@attune.example", "方敏", "admin", "zh-CN").await;
    take_on(attune, "mei@attune.example", "Mei Lin", "agent", "en").await;
    take_on(attune, "jonas@attune.example", "Jonas Weber", "agent", "en").await;
    attune.json(&["import", "contacts", &file(attune, "people.csv", &people()), "--key", "external_id"]).await.unwrap();
    attune.json(&["import", "events", &file(attune, "purchases.csv", &purchases())]).await.unwrap();
    attune.run(&["replay-log", &file(attune, "access.log", LOG)]).await.unwrap();
    let ran = attune.run(&["--json", "push-funnel", "run", &file(attune, "funnel.toml", FUNNEL)]).await.unwrap();
    assert_eq!(ran.code, Some(0), "{}{}", ran.output, ran.errors);
}

/// Where some of them are: street, postal code, latitude and longitude.
const PLACES: [(&str, &str); 6] = [
    ("Hamburg", "Hafenstr. 12,20359,53.5503,9.9920"),
    ("Leeds", "The Headrow 5,LS1 8TL,53.7974,-1.5438"),
    ("Bergen", "Bryggen 3,5003,60.3971,5.3244"),
    ("上海", "南京东路 100 号,200001,31.2304,121.4737"),
    ("杭州", "文三路 9 号,310012,30.2741,120.1551"),
    ("Lagos", ",,6.4541,3.3947"),
];

/// Both files as one, with the fields that decide who responds to the funnel's rounds.
fn people() -> String {
    let mut text =
        "external_id,Full name,E-mail,Company,Job title,City,Mobile,Plan,likes_one,likes_two,Street,Postcode,Latitude,Longitude\n"
            .to_owned();
    let lines = PEOPLE_EN.lines().skip(1).chain(PEOPLE_ZH.lines().skip(1));
    for (number, line) in lines.enumerate() {
        let place = PLACES.iter().find(|(city, _)| line.split(',').any(|value| value == *city)).map_or(",,,", |(_, place)| place);
        writeln!(text, "{},{line},{},{},{place}", number + 1, number % 3 != 2, number % 3 == 0).unwrap();
    }
    text
}

fn purchases() -> String {
    let mut text = "external_id,name,at,subject,amount\n".to_owned();
    for number in 1..=20 {
        writeln!(text, "{number},purchase.made,2026-11-{:02}T10:00:00Z,Order {number},{}", number % 18 + 1, 20 + number * 7).unwrap();
    }
    text
}

const FUNNEL: &str = r#"name = "Autumn offer"
audience = ""
from = "Corner Records <hello@corner-records.example>"
any_hour = true

[[rounds]]
name = "New arrivals"
offer = "A first listen"
subject = "New records this autumn"
respond = "clicked"
wait = "1d"
mjml = '''<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.name | default('there') }}, six new records arrived.</mj-text>
<mj-button href="https://shop.example/new">Listen in</mj-button>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>'''

[[rounds]]
name = "A livelier offer"
offer = "Record of the month"
subject = "A record of the month, chosen for you"
respond = "clicked"
wait = "1d"
mjml = '''<mjml><mj-body><mj-section><mj-column><mj-text>{{ contact.name | default('You') }}, one record a month?</mj-text>
<mj-button href="https://shop.example/month">See membership</mj-button>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>'''

[handover]
cap = 5
reps = ["mei@attune.example", "jonas@attune.example"]

[simulate]
respond = ["likes_one", "likes_two"]
"#;
